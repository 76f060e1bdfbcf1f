// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import Testing

@Suite struct RowMaskTests {
    /// Rows, and their mask.
    private static func random(_ count: Int, _ state: inout UInt64) -> ([Bool], RowMask) {
        func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state >> 33
        }
        let share = next() % 4
        let rows = (0..<count).map { _ in share != 0 && next() % share == 0 }
        return (rows, RowMask(rows))
    }

    @Test(arguments: [0, 1, 2, 63, 64, 65, 127, 128, 200, 1000])
    func `masks say of rows what lists of them say`(count: Int) {
        var state = UInt64(count)
        for _ in 0..<20 {
            let (a, maskA) = Self.random(count, &state)
            let (b, maskB) = Self.random(count, &state)
            Self.expect(maskA, a)
            Self.expect(maskA.and(maskB), zip(a, b).map { $0 && $1 })
            Self.expect(maskA.or(maskB), zip(a, b).map { $0 || $1 })
            Self.expect(maskA.inverted, a.map { !$0 })
            Self.expect(maskA.and(.all).or(.none), a)
        }
    }

    private static func expect(_ mask: RowMask, _ rows: [Bool]) {
        #expect(rows.indices.map { mask[$0] } == rows)
        guard rows.contains(true) else { return #expect(rows.isEmpty || mask.isNone) }
        for first in [0, 1, 62, 63, 64, 65, 100] where first <= rows.count {
            for end in [first, first + 1, 63, 64, 65, 128, rows.count] where end >= first && end <= rows.count {
                let found = (first..<end).filter { rows[$0] }
                #expect(mask.holds(in: first..<end) == !found.isEmpty)
                #expect(mask.count(in: first..<end) == found.count)
                #expect(mask.rows(in: first..<end).map { Int($0) } == found)
                #expect(mask.rows(in: first..<end, atMost: 3).map { Int($0) } == Array(found.prefix(3)))
            }
            if case .some = mask { #expect(mask.first(from: first) == (first..<rows.count).first { rows[$0] }) }
        }
    }
}
