// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

/// Which values of a column are wanted.
package enum ValueSet: Sendable {
    case none
    case all
    /// Those at most `extent` above `first`, counted on past the greatest number to 0: so the values outside of a
    /// range are a range too.
    case range(first: UInt64, extent: UInt64)
    /// By value; beyond the last none is wanted.
    case table([Bool])
    /// Those of which it says so.
    case judged(@Sendable (UInt64) -> Bool)

    package init(_ range: ClosedRange<UInt64>) {
        self = .range(first: range.lowerBound, extent: range.upperBound - range.lowerBound)
    }

    /// The values outside of a range.
    package init(outside range: ClosedRange<UInt64>) {
        let count = range.upperBound - range.lowerBound
        self = count == .max ? .none : .range(first: range.upperBound &+ 1, extent: .max - count - 1)
    }

    /// The values, and no others, that have true in a list of all that occur.
    ///
    /// Where those follow each other, as in a sorted dictionary those with a prefix do, it is a range.
    ///
    /// - Parameter verdicts: What is said of values beyond the last is not defined: they must not occur.
    package init(verdicts: [Bool]) {
        guard let first = verdicts.firstIndex(of: true), let last = verdicts.lastIndex(of: true) else {
            self = .none
            return
        }
        guard let firstOther = verdicts.firstIndex(of: false), let lastOther = verdicts.lastIndex(of: false) else {
            self = .all
            return
        }
        if !verdicts[first...last].contains(false) {
            self.init(UInt64(first)...UInt64(last))
        } else if !verdicts[firstOther...lastOther].contains(true) {
            self.init(outside: UInt64(firstOther)...UInt64(lastOther))
        } else {
            self = .table(verdicts)
        }
    }

    package func contains(_ value: UInt64) -> Bool {
        switch self {
        case .none: false
        case .all: true
        case .range(let first, let extent): value &- first <= extent
        case .table(let verdicts): value < UInt64(verdicts.count) && verdicts[Int(value)]
        case .judged(let holds): holds(value)
        }
    }

    /// The rows whose value is wanted.
    func rows(of values: Span<UInt64>) -> BitMask {
        switch self {
        case .none: BitMask(count: values.count)
        case .all: BitMask(repeating: true, count: values.count)
        case .range(let first, let extent): BitMask(values: values, from: first, extent: extent)
        case .table, .judged: BitMask(count: values.count) { contains(values[$0]) }
        }
    }

    /// Of the numbers from `base` on, `count` of them, those that are wanted, as they lie from 0 on: from `first` to
    /// `last`, or if that is less, to the end and from 0 to `last`. Nil if there is none.
    ///
    /// - Parameters:
    ///   - first: Of a range.
    ///   - extent: Of a range.
    ///   - count: A power of two, at least 2.
    static func fields(
        from first: UInt64, extent: UInt64, above base: UInt64, count: UInt64
    ) -> (first: UInt64, last: UInt64)? {
        let start = first &- base
        let (end, goesRound) = start.addingReportingOverflow(extent)
        if start < count { return (start, min(end, count - 1)) }
        return goesRound ? (0, min(end, count - 1)) : nil
    }
}
