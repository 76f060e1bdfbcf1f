// SPDX-License-Identifier: Apache-2.0

/// Some of `count` rows, a bit for each: row r is bit r % 64 of word r / 64, bits behind the last row are 0.
public struct BitMask: Hashable, Sendable {
    public let count: Int
    @usableFromInline var words: [UInt64]

    /// None of the rows, or all of them.
    public init(repeating isMarked: Bool = false, count: Int) {
        precondition(count >= 0)
        self.init(words: [UInt64](repeating: isMarked ? .max : 0, count: Self.wordCount(count)), count: count)
    }

    /// - Parameter words: One for each 64 rows; bits behind the last row are cleared.
    public init(words: [UInt64], count: Int) {
        precondition(words.count == Self.wordCount(count))
        self.count = count
        self.words = words
        if count & 63 != 0 { self.words[words.count - 1] &= Self.lowest(count & 63) }
    }

    /// The rows for which `holds` says so, asked from the first to the last.
    @inlinable @inline(__always)
    public init<Failure>(count: Int, where holds: (Int) throws(Failure) -> Bool) throws(Failure) {
        precondition(count >= 0)
        var words = [UInt64](repeating: 0, count: Self.wordCount(count))
        for index in words.indices {
            var word: UInt64 = 0
            let first = index &* 64
            for bit in 0..<Swift.min(64, count &- first) {
                word |= (try holds(first &+ bit) ? 1 : 0) &<< UInt64(truncatingIfNeeded: bit)
            }
            words[index] = word
        }
        self.init(words: words, count: count)
    }

    @usableFromInline static func wordCount(_ count: Int) -> Int { (count &+ 63) &>> 6 }

    /// The lowest `number` (0…64) bits set.
    @inlinable @inline(__always) static func lowest(_ number: Int) -> UInt64 {
        number == 0 ? 0 : .max &>> UInt64(truncatingIfNeeded: 64 &- number)
    }

    /// Whether a row is marked. Traps outside of 0..<count.
    @inlinable @inline(__always) public subscript(row: Int) -> Bool {
        get {
            precondition(row >= 0 && row < count)
            return words[row &>> 6] &>> UInt64(row & 63) & 1 == 1
        }
        set {
            precondition(row >= 0 && row < count)
            let bit: UInt64 = 1 &<< UInt64(row & 63)
            if newValue { words[row &>> 6] |= bit } else { words[row &>> 6] &= ~bit }
        }
    }

    public var markedCount: Int { words.reduce(0) { $0 &+ $1.nonzeroBitCount } }

    /// Whether no row is marked.
    public var isEmpty: Bool { words.allSatisfy { $0 == 0 } }

    /// The rows that are not marked.
    public var inverted: BitMask { BitMask(words: words.map { ~$0 }, count: count) }

    /// Marks the rows of a range. Traps if it leaves 0..<count.
    public mutating func mark(_ rows: Range<Int>) {
        Self.forEachWord(of: rows, count: count) { index, bits in
            words[index] |= bits
            return true
        }
    }

    /// Marks the rows that are marked in `other`, each `first` rows further on. Traps if `first` is no multiple of 64, or
    /// if it has fewer rows.
    public mutating func mark(_ other: BitMask, from first: Int) {
        precondition(first >= 0 && first & 63 == 0 && first &+ other.count <= count)
        for index in other.words.indices { words[first &>> 6 &+ index] |= other.words[index] }
    }

    /// Leaves the rows that are marked in `other` too. Traps unless it has as many rows.
    public mutating func formIntersection(_ other: BitMask) {
        precondition(other.count == count)
        for index in words.indices { words[index] &= other.words[index] }
    }

    /// Marks what is marked in `other` too. Traps unless it has as many rows.
    public mutating func formUnion(_ other: BitMask) {
        precondition(other.count == count)
        for index in words.indices { words[index] |= other.words[index] }
    }

    /// Whether one of the rows of a range is marked. Traps if it leaves 0..<count.
    public func marks(anyOf rows: Range<Int>) -> Bool {
        var isMarked = false
        Self.forEachWord(of: rows, count: count) { index, bits in
            isMarked = words[index] & bits != 0
            return !isMarked
        }
        return isMarked
    }

    /// The first marked row from `row` on; nil if there is none.
    public func first(from row: Int) -> Int? {
        precondition(row >= 0)
        guard row < count else { return nil }
        var index = row &>> 6
        var word = words[index] & (.max &<< UInt64(row & 63))
        while word == 0 {
            index &+= 1
            guard index < words.count else { return nil }
            word = words[index]
        }
        return index &* 64 &+ word.trailingZeroBitCount
    }

    /// How many rows of a range are marked. Traps if the range leaves 0..<count.
    public func markedCount(in rows: Range<Int>) -> Int {
        var sum = 0
        Self.forEachWord(of: rows, count: count) { index, bits in
            sum &+= (words[index] & bits).nonzeroBitCount
            return true
        }
        return sum
    }

    /// Gives the marked rows of a range to `body`, rising. Traps if the range leaves 0..<count.
    @inlinable @inline(__always)
    public func forEachMarked(in rows: Range<Int>, _ body: (Int) -> Void) {
        Self.forEachWord(of: rows, count: count) { index, bits in
            var word = words[index] & bits
            while word != 0 {
                body(index &* 64 &+ word.trailingZeroBitCount)
                word &= word &- 1
            }
            return true
        }
    }

    /// The marked rows, rising.
    public var markedRows: [Int] {
        var rows: [Int] = []
        rows.reserveCapacity(markedCount)
        forEachMarked(in: 0..<count) { rows.append($0) }
        return rows
    }

    /// Gives the words that hold rows of a range to `body`, until it says false: the index of each, and its bits of the
    /// range. Traps if the range leaves 0..<count.
    @inlinable @inline(__always)
    static func forEachWord(of rows: Range<Int>, count: Int, _ body: (Int, UInt64) -> Bool) {
        precondition(rows.lowerBound >= 0 && rows.upperBound <= count)
        var row = rows.lowerBound
        while row < rows.upperBound {
            let number = Swift.min(64 &- (row & 63), rows.upperBound &- row)
            guard body(row &>> 6, lowest(number) &<< UInt64(row & 63)) else { return }
            row &+= number
        }
    }
}

extension BitMask {
    /// Gives each marked row of `owners` one row of this mask, in order: what it says of that is said of its owner.
    ///
    /// Nil if there are fewer rows than owners.
    public func dealt(to owners: BitMask) -> BitMask? {
        guard owners.markedCount <= count else { return nil }
        var dealt = BitMask(count: owners.count)
        var next = 0
        for index in owners.words.indices {
            let holders = owners.words[index]
            let number = holders.nonzeroBitCount
            let bits = bits(from: next, number)
            next &+= number
            guard bits != 0 else { continue }
            dealt.words[index] = number == 64 ? bits : Self.deposited(bits, in: holders)
        }
        return dealt
    }

    /// What this mask says of the marked rows of `places`, in order: the inverse of ``dealt(to:)``. Traps unless both have
    /// as many rows.
    public func taken(at places: BitMask) -> BitMask {
        precondition(places.count == count)
        var taken = BitMask(count: places.markedCount)
        var next = 0
        for index in words.indices {
            let place = places.words[index]
            var bits = words[index] & place
            while bits != 0 {
                let bit = bits & (0 &- bits)
                let row = next &+ (place & (bit &- 1)).nonzeroBitCount
                taken.words[row &>> 6] |= 1 &<< UInt64(row & 63)
                bits &= bits &- 1
            }
            next &+= place.nonzeroBitCount
        }
        return taken
    }

    /// The `number` (0…64) bits from row `first`.
    private func bits(from first: Int, _ number: Int) -> UInt64 {
        guard number > 0 else { return 0 }
        let shift = first & 63
        var bits = words[first &>> 6] &>> UInt64(shift)
        if shift &+ number > 64 { bits |= words[first &>> 6 &+ 1] &<< UInt64(64 &- shift) }
        return bits & Self.lowest(number)
    }

    /// The lowest bits of `bits` at the places that are set in `places`.
    private static func deposited(_ bits: UInt64, in places: UInt64) -> UInt64 {
        var (bits, places, result) = (bits, places, UInt64(0))
        while bits != 0 {
            if bits & 1 == 1 { result |= places & (0 &- places) }
            places &= places &- 1
            bits &>>= 1
        }
        return result
    }
}
