// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import Testing

@Suite struct SegmentedColumnTests {
    static let slabElementCount = SlabPool.slabByteCount / 8

    @Test func `elements stay where they are while the column grows, also over new directories`() {
        let pool = SlabPool(retainedByteLimit: 0)
        let arena = SlabArena(pool: pool)
        var column = SegmentedColumn<UInt64>(arena: arena)
        // 16 slabs fill the first directory, 64 the second.
        let count = Self.slabElementCount * 65 + 3
        var views: [ColumnView<UInt64>] = [column.view()]
        for index in 0..<count {
            column.append(UInt64(index))
            if index % (Self.slabElementCount - 1) == 0 { views.append(column.view()) }
        }
        #expect(column.count == count)
        var wrong = 0
        for index in 0..<count where column[index] != UInt64(index) { wrong += 1 }
        for view in views {
            for index in 0..<view.count where view[index] != UInt64(index) { wrong += 1 }
        }
        #expect(wrong == 0)
    }

    @Test(arguments: [0, 1, slabElementCount - 1, slabElementCount, slabElementCount + 1, 3 * slabElementCount])
    func `what is cut off can be appended anew, from every slab boundary`(kept: Int) {
        let arena = SlabArena(pool: SlabPool(retainedByteLimit: 0))
        var column = SegmentedColumn<UInt64>(arena: arena)
        for index in 0..<(4 * Self.slabElementCount) { column.append(UInt64(index)) }
        let before = arena.byteCount
        column.truncate(to: kept)
        #expect(column.count == kept)
        for index in 0..<(4 * Self.slabElementCount - kept) { column.append(UInt64(1_000_000 + index)) }
        #expect(arena.byteCount == before)
        var wrong = 0
        for index in 0..<column.count {
            let expected = index < kept ? index : 1_000_000 + index - kept
            if column[index] != UInt64(expected) { wrong += 1 }
        }
        #expect(wrong == 0)
    }

    @Test(arguments: 0..<10 as Range<UInt64>)
    func `appending, cutting and viewing agree with an array`(seed: UInt64) {
        var choices = Choices(seed: seed)
        let arena = SlabArena(pool: SlabPool(retainedByteLimit: 0))
        var column = SegmentedColumn<UInt8>(arena: arena)
        var array: [UInt8] = []
        // No view may cover what is cut off.
        var floor = 0
        for _ in 0..<200 {
            if choices.below(4) == 0 {
                let count = floor + choices.below(array.count - floor + 1)
                column.truncate(to: count)
                array = Array(array.prefix(count))
            } else {
                for byte in choices.bytes(choices.below(5000)) {
                    column.append(byte)
                    array.append(byte)
                }
            }
            if choices.below(20) == 0 {
                let view = column.view()
                floor = view.count
                #expect((0..<view.count).allSatisfy { view[$0] == array[$0] })
            }
        }
        #expect(column.count == array.count)
        let view = column.view()
        #expect((0..<view.count).allSatisfy { view[$0] == array[$0] })
    }

    @Test func `another task reads a view while the column grows`() async {
        let arena = SlabArena(pool: SlabPool(retainedByteLimit: 0))
        var column = SegmentedColumn<UInt64>(arena: arena)
        await withTaskGroup(of: Int.self) { group in
            for round in 1...20 {
                for index in column.count..<(round * Self.slabElementCount + round) { column.append(UInt64(index)) }
                let view = column.view()
                group.addTask { (0..<view.count).count { view[$0] != UInt64($0) } }
            }
            for await wrong in group { #expect(wrong == 0) }
        }
        withExtendedLifetime(arena) {}
    }

    @Test func `elements of every width keep to themselves`() {
        let arena = SlabArena(pool: SlabPool(retainedByteLimit: 0))
        var bytes = SegmentedColumn<UInt8>(arena: arena)
        var words = SegmentedColumn<UInt32>(arena: arena)
        var pairs = SegmentedColumn<SIMD2<UInt64>>(arena: arena)
        for index in 0..<40_000 {
            bytes.append(UInt8(truncatingIfNeeded: index))
            words.append(UInt32(index))
            pairs.append(SIMD2(UInt64(index), ~UInt64(index)))
        }
        var wrong = 0
        for index in 0..<40_000 {
            let isRight =
                bytes[index] == UInt8(truncatingIfNeeded: index) && words[index] == UInt32(index)
                && pairs[index] == SIMD2(UInt64(index), ~UInt64(index))
            wrong += isRight ? 0 : 1
        }
        #expect(wrong == 0)
        words[39_999] = 5
        #expect(words[39_999] == 5)
    }

    @Test func `an index outside traps`() async {
        await #expect(processExitsWith: .failure) {
            let column = SegmentedColumn<UInt8>(arena: SlabArena(pool: SlabPool(retainedByteLimit: 0)))
            _ = column[0]
        }
        await #expect(processExitsWith: .failure) {
            var column = SegmentedColumn<UInt8>(arena: SlabArena(pool: SlabPool(retainedByteLimit: 0)))
            column.append(1)
            let view = column.view()
            column.append(2)
            _ = view[1]
        }
        await #expect(processExitsWith: .failure) {
            var column = SegmentedColumn<UInt8>(arena: SlabArena(pool: SlabPool(retainedByteLimit: 0)))
            column.truncate(to: 1)
        }
    }

    @Test func `what an arena gives back stays in the pool, up to its limit`() {
        let pool = SlabPool(retainedByteLimit: 3 * SlabPool.slabByteCount + 5)
        fill(pool)
        #expect(pool.retainedByteCount == 3 * SlabPool.slabByteCount)
        let arena = SlabArena(pool: pool)
        var column = SegmentedColumn<UInt64>(arena: arena)
        for index in 0...Self.slabElementCount { column.append(UInt64(index)) }
        #expect(pool.retainedByteCount == SlabPool.slabByteCount)
        fill(pool)
        #expect(pool.retainedByteCount == 3 * SlabPool.slabByteCount)
    }

    @inline(never) private func fill(_ pool: SlabPool) {
        var column = SegmentedColumn<UInt64>(arena: SlabArena(pool: pool))
        for index in 0..<(5 * Self.slabElementCount) { column.append(UInt64(index)) }
    }
}
