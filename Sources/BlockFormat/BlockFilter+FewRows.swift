// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

// Where the conditions judged so far leave few rows, only their values of the further columns are read.

extension BlockFilter {
    /// Those of a few rows for which a condition holds; nil if it is judged for all rows at once only.
    static func rows(
        _ node: Node, among rows: [Int], _ decoder: borrowing RowGroupDecoder
    ) throws(BlockError) -> [Int]? {
        switch node {
        case .table(let column, let verdicts):
            // As where all rows are judged, a code that means nothing is an error also in a row that would not pass.
            var isUnfit = false
            let kept = try picked(column, rows, decoder) { code in
                isUnfit = isUnfit || code >= UInt64(verdicts.byCode.count)
                return verdicts.holds(code)
            }
            guard !isUnfit else { throw unfit(decoder) }
            return kept
        case .integers(let column, let test):
            return try picked(column, rows, decoder) { test.holds(integer: Int64(Int32(truncatingIfNeeded: $0))) }
        case .duration(let test):
            guard !hasAmbiguousDurations(decoder.entry) else { return nil }
            return try picked(.duration, rows, decoder) { test.holds(integer: max(0, Int64(bitPattern: $0))) }
        case .spanID(let test): return try picked(.spanID, rows, decoder) { test.holds(string: bytes(of: $0).rawSpan) }
        case .strings(let condition):
            guard let wanted = condition.codes?.byCode, decoder.chunk(condition.column) != nil else { return nil }
            var codes = FlatBuffer<UInt32>(capacity: rows.count)
            try decoder.codes(condition.column, count: decoder.entry.rowCount, at: rows.span, into: &codes)
            var kept: [Int] = []
            for index in rows.indices {
                guard codes[index] < UInt32(wanted.count) else { throw unfit(decoder) }
                if wanted[Int(codes[index])] { kept.append(rows[index]) }
            }
            return kept
        case .never, .always, .all, .any, .not, .isRoot, .attribute, .rest, .part: return nil
        }
    }

    private static func picked(
        _ column: FixedColumn, _ rows: [Int], _ decoder: borrowing RowGroupDecoder, _ holds: (UInt64) -> Bool
    ) throws(BlockError) -> [Int] {
        var values = FlatBuffer<UInt64>(capacity: rows.count)
        try decoder.integers(column.rawValue, count: decoder.entry.rowCount, at: rows.span, into: &values)
        return rows.indices.filter { holds(values[$0]) }.map { rows[$0] }
    }

    /// In the years that occur a difference with its first bit set is that of a span which ends before it starts.
    /// Where the group has times beyond 2262, it may be either way, which the start tells.
    static func hasAmbiguousDurations(_ entry: RowGroupEntry) -> Bool {
        max(entry.maximumStart, entry.maximumDuration) > UInt64(Int64.max)
    }
}

extension BlockFilter.Node {
    /// Of conditions that must all hold those are judged first that cost little and leave few rows.
    var rank: Int {
        switch self {
        case .never, .always, .table: 0
        case .integers: 1
        case .strings(let condition): condition.codes == nil ? 5 : 2
        case .attribute(let condition): condition.strings.codes == nil ? 6 : 3
        case .isRoot, .spanID, .duration: 4
        case .all, .any, .not: 5
        case .rest, .part: 7
        }
    }
}
