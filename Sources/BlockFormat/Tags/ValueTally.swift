// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

/// Distinct values, and how many spans have each.
package struct ValueTally: Sendable {
    /// In the order in which they were met.
    package private(set) var values: [ListedValues.Value] = []
    /// By value.
    package private(set) var counts: [Int] = []
    /// By value: the span that was counted last, a number that none before it had.
    private var lastSpans: [Int] = []
    private var numbers: [ListedValues.Value: Int32] = [:]
    /// Spans that came by.
    private var spanCount = 0
    /// Bytes in memory, about.
    package private(set) var byteCount = 0

    package init() {}

    /// The place of a value in ``values``.
    mutating func number(of value: ListedValues.Value) -> Int32 {
        if let number = numbers[value] { return number }
        let number = Int32(truncatingIfNeeded: values.count)
        numbers[value] = number
        values.append(value)
        counts.append(0)
        lastSpans.append(-1)
        byteCount += 160
        if case .string(let bytes) = value { byteCount += bytes.count + 32 }
        return number
    }

    /// Counts one span that has some values, each of which may stand there several times.
    package mutating func add(_ values: some Sequence<ListedValues.Value>) {
        for value in values { count(number(of: value), span: spanCount) }
        spanCount += 1
    }

    /// Counts spans of a row group.
    ///
    /// - Parameters:
    ///   - pairs: The row above, the number of a value that it has below; those of a row one behind the other.
    ///   - rowCount: Of the group.
    mutating func add(_ pairs: borrowing FlatBuffer<UInt64>, rowCount: Int) {
        for index in 0..<pairs.count {
            count(
                Int32(truncatingIfNeeded: pairs[index]), span: spanCount &+ Int(truncatingIfNeeded: pairs[index] &>> 32))
        }
        spanCount += rowCount
    }

    /// Counts further spans that have a value.
    mutating func add(_ number: Int32, spanCount: Int) { counts[Int(number)] += spanCount }

    @inline(__always)
    private mutating func count(_ number: Int32, span: Int) {
        let number = Int(number)
        guard lastSpans[number] != span else { return }
        lastSpans[number] = span
        counts[number] &+= 1
    }
}

/// The numbers that codes of a column have in a tally, found out when a code is met.
struct CodeNumbers: Sendable {
    /// Stands for a code that has no value.
    static let none: Int32 = -1
    private static let unknown: Int32 = -2

    /// Of the lowest codes.
    private var low: [Int32]
    private var high: [UInt64: Int32] = [:]
    /// What a code has that has several, as arrays do: a number below ``unknown`` stands for the place of a list.
    private var lists: [[Int32]] = []

    /// - Parameter count: So many codes are the quickest.
    init(count: Int) { low = Array(repeating: Self.unknown, count: count) }

    /// Bytes in memory, about.
    var byteCount: Int { low.count * 4 + high.count * 32 + lists.reduce(0) { $0 + 32 + $1.count * 4 } }

    @inline(__always)
    mutating func number<Failure>(
        of code: UInt64, _ value: (UInt64) throws(Failure) -> ListedValues.Value?, in tally: inout ValueTally
    ) throws(Failure) -> Int32 {
        if code < UInt64(low.count) {
            let known = low[Int(code)]
            if known != Self.unknown { return known }
        } else if let known = high[code] {
            return known
        }
        let number = try value(code).map { tally.number(of: $0) } ?? Self.none
        keep(number, of: code)
        return number
    }

    /// As above, of codes that may have several values: only ``append(_:row:to:)`` knows what the number stands for.
    @inline(__always)
    mutating func number<Failure>(
        of code: UInt64, listing values: (UInt64) throws(Failure) -> [ListedValues.Value], in tally: inout ValueTally
    ) throws(Failure) -> Int32 {
        if code < UInt64(low.count) {
            let known = low[Int(code)]
            if known != Self.unknown { return known }
        } else if let known = high[code] {
            return known
        }
        let found = try values(code).map { tally.number(of: $0) }
        var number = found.first ?? Self.none
        if found.count > 1 {
            number = Self.unknown - 1 - Int32(truncatingIfNeeded: lists.count)
            lists.append(found)
        }
        keep(number, of: code)
        return number
    }

    private mutating func keep(_ number: Int32, of code: UInt64) {
        if code < UInt64(low.count) { low[Int(code)] = number } else { high[code] = number }
    }

    /// Adds a row and what a number stands for.
    @inline(__always)
    func append(_ number: Int32, row: Int, to pairs: inout FlatBuffer<UInt64>) {
        guard number < Self.unknown else { return pairs.append(number, row: row) }
        for number in lists[Int(Self.unknown - 1 - number)] { pairs.append(number, row: row) }
    }
}
