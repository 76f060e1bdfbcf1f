// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import Testing

@Suite struct SlabPoolTests {
    static let slabElementCount = SlabPool.slabByteCount / 8
    static let slabsInPage = (2 << 20) / SlabPool.slabByteCount

    /// A column over `slabCount` slabs of the pool that counts up from `first`.
    static func column(_ slabCount: Int, from first: Int, _ pool: SlabPool) -> SegmentedColumn<Int> {
        var column = SegmentedColumn<Int>(arena: SlabArena(pool: pool))
        for value in first..<first + slabCount * slabElementCount { column.append(value) }
        return column
    }

    static func holds(_ column: borrowing SegmentedColumn<Int>, from first: Int) -> Bool {
        var isRight = true
        for row in 0..<column.count where column[row] != first + row { isRight = false }
        return isRight
    }

    @Test(arguments: [(0, false), (0, true), (1 << 20, true), (8 << 20, true)])
    func `slabs that are out at once share no byte, new or used, kept or given back to the system`(
        retainedByteLimit: Int, isInHugePages: Bool
    ) {
        let pool = SlabPool(retainedByteLimit: retainedByteLimit, isInHugePages: isInHugePages)
        let counts = [1, Self.slabsInPage - 1, 3, Self.slabsInPage + 5]
        for round in 0..<4 {
            let first = Self.column(counts[round], from: 1_000_000, pool)
            let second = Self.column(counts[3 - round], from: 2_000_000_000, pool)
            let third = Self.column(2, from: -7, pool)
            let areRight = [
                Self.holds(first, from: 1_000_000), Self.holds(second, from: 2_000_000_000), Self.holds(third, from: -7),
            ]
            #expect(areRight == [true, true, true])
        }
        #expect(pool.retainedByteCount <= retainedByteLimit)
    }

    @Test func `what a pool keeps is used before the system is asked for more`() {
        let pool = SlabPool(retainedByteLimit: 4 << 20, isInHugePages: true)
        Self.fill(40, pool)
        #expect(pool.retainedByteCount == 2 << 20)
        let column = Self.column(30, from: 0, pool)
        #expect(pool.retainedByteCount == (2 << 20) - 30 * SlabPool.slabByteCount)
        let isRight = Self.holds(column, from: 0)
        #expect(isRight)
    }

    @Test func `whole pages go back to the system, down to the limit, and serve again`() {
        let pool = SlabPool(retainedByteLimit: 4 << 20, isInHugePages: true)
        let lasting = Self.column(1, from: 5, pool)
        for _ in 0..<3 {
            Self.fill(Self.slabsInPage * 6, pool)
            #expect(pool.retainedByteCount == (4 << 20) - SlabPool.slabByteCount)
        }
        let isRight = Self.holds(lasting, from: 5)
        #expect(isRight)
    }

    /// Takes slabs, and gives them back.
    private static func fill(_ slabCount: Int, _ pool: SlabPool) {
        let column = column(slabCount, from: 0, pool)
        let isRight = holds(column, from: 0)
        #expect(isRight)
    }
}
