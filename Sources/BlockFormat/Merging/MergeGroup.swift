// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import TraceModel

/// One row group of an input, decoded into columns by the output's numbers and codes.
///
/// All columns lie in `values`, one behind the other, as they will be stored, but for those of structure: parents are
/// IDs here and starts are absolute.
final class MergeGroup {
    let input: Int
    /// In the input.
    let number: Int
    let rowCount: Int
    let traces: FlatBuffer<MergeTrace>
    let values: FlatBuffer<UInt64>
    /// By column number of the output: where its values begin in `values`; −1 if the group has none.
    let starts: FlatBuffer<Int>
    /// Unix nanoseconds, a row each.
    let rowStarts: FlatBuffer<UInt64>
    /// A row each: the ID, 0 for none; or the string where `isUnusual` says so.
    let parents: FlatBuffer<UInt64>
    /// A row each; empty if no parent is unusual.
    let isUnusual: FlatBuffer<Bool>
    /// Where the events of each row begin among all, and behind the last how many there are; empty without events.
    let eventStarts: FlatBuffer<UInt32>
    let linkStarts: FlatBuffer<UInt32>
    /// A row each: values of its attributes, its events and links, and the values of theirs.
    let weights: FlatBuffer<UInt32>
    /// Bytes of long strings without a dictionary; a row each, or empty where they are few.
    let longByteCounts: FlatBuffer<UInt32>
    /// By column number of the output: of columns without a dictionary there.
    let strings: [UInt32: ChunkStrings]
    /// Whether the derived column can be believed.
    let hasCritical: Bool

    init(_ parts: consuming MergeGroupParts, input: Int, number: Int, hasCritical: Bool) {
        self.input = input
        self.number = number
        rowCount = parts.rowCount
        traces = parts.traces
        values = parts.values
        starts = parts.starts
        rowStarts = parts.rowStarts
        parents = parts.parents
        isUnusual = parts.isUnusual
        eventStarts = parts.eventStarts
        linkStarts = parts.linkStarts
        weights = parts.weights
        longByteCounts = parts.longByteCounts
        strings = parts.strings
        self.hasCritical = hasCritical
    }

    /// A value of a fixed column that is a number; 0 if the group has none.
    @inline(__always) func value(_ column: FixedColumn, _ row: Int) -> UInt64 {
        let start = starts[Int(column.rawValue)]
        return start < 0 ? 0 : values[start &+ row]
    }

    /// The owners of attributes that some rows have, by their place in the group.
    func owners(_ owner: AttributeOwner, of rows: Range<Int>) -> Range<Int> {
        switch owner {
        case .span: rows
        case .event: Self.children(eventStarts, rows)
        case .link: Self.children(linkStarts, rows)
        }
    }

    private static func children(_ starts: borrowing FlatBuffer<UInt32>, _ rows: Range<Int>) -> Range<Int> {
        starts.count == 0 ? 0..<0 : Int(starts[rows.lowerBound])..<Int(starts[rows.upperBound])
    }
}

/// The rows that a trace has in a row group.
struct MergeTrace: BitwiseCopyable {
    var high: UInt64
    var low: UInt64
    var first: UInt32
    var end: UInt32
    /// Whether all that the input has of it is older than it is kept.
    var isExpired: Bool

    @inline(__always) var rows: Range<Int> { Int(first)..<Int(end) }
    @inline(__always) var id: TraceID { TraceID(high: high, low: low) }
}

/// What a ``MergeGroup`` is made of.
struct MergeGroupParts: ~Copyable {
    var rowCount = 0
    var traces = FlatBuffer<MergeTrace>()
    var values = FlatBuffer<UInt64>(capacity: BlockLayout.rowGroupRowLimit * 32)
    var starts: FlatBuffer<Int>
    var rowStarts = FlatBuffer<UInt64>(capacity: BlockLayout.rowGroupRowLimit)
    var parents = FlatBuffer<UInt64>(capacity: BlockLayout.rowGroupRowLimit)
    var isUnusual = FlatBuffer<Bool>()
    var eventStarts = FlatBuffer<UInt32>()
    var linkStarts = FlatBuffer<UInt32>()
    var weights = FlatBuffer<UInt32>(capacity: BlockLayout.rowGroupRowLimit)
    var longByteCounts = FlatBuffer<UInt32>()
    var strings: [UInt32: ChunkStrings] = [:]

    init(columnCount: Int) { starts = FlatBuffer(repeating: -1, count: columnCount) }
}
