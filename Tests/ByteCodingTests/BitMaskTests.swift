// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import Testing

@Suite struct BitMaskTests {
    private func mask(_ rows: [Bool]) -> BitMask { BitMask(count: rows.count) { rows[$0] } }
    private func array(_ mask: BitMask) -> [Bool] { (0..<mask.count).map { mask[$0] } }

    /// Rows of which about one in `rarity` is marked.
    private func someRows(_ count: Int, rarity: Int, _ choices: inout Choices) -> [Bool] {
        (0..<count).map { _ in choices.below(rarity) == 0 }
    }

    @Test func setOperationsAreThoseOfTheirRows() {
        var choices = Choices(seed: 1)
        for count in [0, 1, 7, 63, 64, 65, 127, 128, 129, 1000] {
            for rarity in [1, 2, 40] {
                let (a, b) = (someRows(count, rarity: rarity, &choices), someRows(count, rarity: 3, &choices))
                #expect(array(mask(a)) == a)
                #expect(mask(a).markedCount == a.count { $0 })
                #expect(mask(a).isEmpty == !a.contains(true))
                #expect(array(mask(a).inverted) == a.map { !$0 })
                #expect(mask(a).inverted.inverted == mask(a))
                var both = mask(a)
                both.formIntersection(mask(b))
                #expect(both == mask(zip(a, b).map { $0 && $1 }))
                var either = mask(a)
                either.formUnion(mask(b))
                #expect(either == mask(zip(a, b).map { $0 || $1 }))
            }
            #expect(BitMask(repeating: true, count: count) == mask([Bool](repeating: true, count: count)))
            #expect(BitMask(count: count) == mask([Bool](repeating: false, count: count)))
        }
    }

    @Test func everyRangeOfAFewWordsIsMarkedAskedAndGoneThrough() {
        var choices = Choices(seed: 2)
        let count = 150
        let rows = someRows(count, rarity: 9, &choices)
        for first in 0...count {
            for end in first...count {
                let range = first..<end
                var marked = BitMask(count: count)
                marked.mark(range)
                #expect(marked.markedCount == range.count && marked.marks(anyOf: range) == !range.isEmpty)
                #expect(!marked.marks(anyOf: 0..<first) && !marked.marks(anyOf: end..<count))
                #expect(mask(rows).marks(anyOf: range) == rows[range].contains(true))
                var found: [Int] = []
                mask(rows).forEachMarked(in: range) { found.append($0) }
                #expect(found == range.filter { rows[$0] })
            }
        }
    }

    @Test func rowsAreMarkedFromAnyWordOn() {
        var choices = Choices(seed: 3)
        for first in [0, 64, 192] {
            for count in [0, 1, 63, 64, 130] {
                let (rows, others) = (someRows(count, rarity: 3, &choices), someRows(400, rarity: 9, &choices))
                var marked = mask(others)
                marked.mark(mask(rows), from: first)
                let expected = others.indices.map { row in
                    others[row] || rows.indices.contains(row - first) && rows[row - first]
                }
                #expect(array(marked) == expected)
            }
        }
    }

    @Test func singleRowsAreSetAndCleared() {
        var mask = BitMask(count: 130)
        for row in 0..<130 {
            mask[row] = true
            #expect(mask.markedCount == 1 && mask[row])
            mask[row] = false
            #expect(mask.isEmpty)
        }
    }

    @Test func markedOwnersAreDealtOneRowEachInOrder() {
        var choices = Choices(seed: 3)
        for count in [0, 1, 63, 64, 65, 200, 1000] {
            for (ownerRarity, rarity) in [(1, 2), (1, 30), (2, 2), (5, 9), (1000, 1)] {
                let owners = someRows(count, rarity: ownerRarity, &choices)
                let values = someRows(owners.count { $0 } + choices.below(3), rarity: rarity, &choices)
                var next = 0
                let expected = owners.map { isOwner in
                    guard isOwner else { return false }
                    next += 1
                    return values[next - 1]
                }
                #expect(mask(values).dealt(to: mask(owners)) == mask(expected))
            }
        }
        #expect(mask([true]).dealt(to: mask([true, true])) == nil)
    }

    @Test func whatIsTakenIsWhatWasDealt() {
        var choices = Choices(seed: 8)
        for count in [0, 1, 63, 64, 65, 200, 1000] {
            for (rarity, placeRarity) in [(1, 1), (2, 1), (1, 30), (3, 2), (2, 40), (50, 2)] {
                let (rows, places) = (
                    someRows(count, rarity: rarity, &choices), someRows(count, rarity: placeRarity, &choices)
                )
                let wanted = places.indices.filter { places[$0] }
                #expect(mask(places).markedRows == wanted)
                let taken = mask(rows).taken(at: mask(places))
                #expect(taken == mask(wanted.map { rows[$0] }))
                #expect(taken.dealt(to: mask(places)) == mask(zip(rows, places).map { $0 && $1 }))
            }
        }
    }

    @Test func bitsBehindTheLastRowAreCleared() {
        for count in 0...130 {
            let words = [UInt64](repeating: .max, count: (count + 63) / 64)
            #expect(BitMask(words: words, count: count) == BitMask(repeating: true, count: count))
            #expect(BitMask(words: words, count: count).markedCount == count)
        }
    }
}

/// Counts around those of whole vectors and words, and some long ones.
private let counts = Array(0...20) + [31, 32, 33, 63, 64, 65, 79, 80, 127, 128, 129, 191, 192, 1000, 8192]

@Suite struct BitMaskScanningTests {
    @Test func bytesInEveryRangeAreFound() {
        var choices = Choices(seed: 5)
        let bytes = choices.bytes(333)
        for first in 0..<256 {
            for extent in [0, 1, 100, 127, 128, 200, 254, 255] {
                let mask = BitMask(bytes: bytes.rawSpan, from: UInt8(first), extent: UInt8(extent))
                let expected = BitMask(count: bytes.count) { (Int(bytes[$0]) - first) & 255 <= extent }
                #expect(mask == expected, "\(first) \(extent)")
            }
        }
    }

    @Test(arguments: counts) func numbersOfEveryCountAreFound(count: Int) {
        var choices = Choices(seed: UInt64(count))
        let bytes = choices.bytes(count)
        let halves = (0..<count).map { _ in UInt16(truncatingIfNeeded: choices.next()) }
        let values = (0..<count).map { _ in choices.below(2) == 0 ? choices.next() : choices.next() & 15 }
        let halfBytes = halves.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
        for extent in [0, 7, UInt64(1) << 15, .max / 2, .max - 1, .max] {
            let first = choices.below(2) == 0 ? choices.next() : choices.next() & 15
            let (byte, half) = (UInt8(truncatingIfNeeded: first), UInt16(truncatingIfNeeded: first))
            let (byteExtent, halfExtent) = (UInt8(truncatingIfNeeded: extent), UInt16(truncatingIfNeeded: extent))
            #expect(
                BitMask(bytes: bytes.rawSpan, from: byte, extent: byteExtent)
                    == BitMask(count: count) { bytes[$0] &- byte <= byteExtent })
            #expect(
                BitMask(words: halfBytes.rawSpan, from: half, extent: halfExtent)
                    == BitMask(count: count) { halves[$0] &- half <= halfExtent })
            #expect(
                BitMask(values: values.span, from: first, extent: extent)
                    == BitMask(count: count) { values[$0] &- first <= extent })
        }
        let table = (0..<256).map { _ in UInt8(choices.below(2)) }
        #expect(BitMask(bytes: bytes.rawSpan, in: table.span) == BitMask(count: count) { table[Int(bytes[$0])] == 1 })
        #expect(bytes.rawSpan.greatestByte == bytes.max() ?? 0)
        #expect(halfBytes.rawSpan.greatestHalf == halves.max() ?? 0)
    }

    /// Where a column lies in memory is not ours to choose.
    @Test func columnsMayBeginAnywhere() {
        var choices = Choices(seed: 6)
        let bytes = choices.bytes(400)
        for start in 0..<33 {
            let part = bytes.rawSpan.extracting(start..<(start + 300))
            let expected = BitMask(count: 300) { bytes[start + $0] &- 3 <= 90 }
            #expect(BitMask(bytes: part, from: 3, extent: 90) == expected)
            let halves = BitMask(count: 150) { part.littleEndianHalf(at: $0 * 2) &- 3 <= 9000 }
            #expect(BitMask(words: part, from: 3, extent: 9000) == halves)
        }
    }
}
