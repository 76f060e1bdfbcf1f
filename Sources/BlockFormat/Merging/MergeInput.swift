// SPDX-License-Identifier: Apache-2.0

package import ByteCoding
package import TraceModel

/// One block that is merged, and how far the merge has come in it.
package struct MergeInput: Sendable {
    let id: BlockID
    let schema: BlockSchema
    let criticalPathVersion: UInt8
    /// Rows of the block that take part.
    let rows: Range<Int>
    /// Row groups that have some of them and are not read yet.
    var groups: Range<Int>
    let entries: [RowGroupEntry]
    /// Traces that are left out unless another input has younger spans of them; nil for none.
    let expired: ExpiredTraces?

    // The row that comes next, once its group is there:
    /// Where the group is kept; −1: it has to be read, or there is none.
    var slot = -1
    /// In the group.
    var trace = 0
    var row = 0
    /// Rows of the group that take part end here.
    var endRow = 0

    /// - Parameters:
    ///   - range: Only traces in it take part.
    ///   - expired: Of the block: traces that are left out if they are expired in every input that has them.
    package init(_ reader: BlockReader, in range: TraceIDRange, leavingOut expired: ExpiredTraces? = nil) async throws {
        id = reader.id
        self.expired = expired
        schema = reader.schema
        criticalPathVersion = reader.footer.criticalPathVersion
        entries = reader.footer.rowGroups
        rows = try await reader.traces(in: range).rows
        groups = reader.groups(of: rows)
    }

    package var rowCount: Int { rows.count }

    var needsGroup: Bool { slot < 0 && !groups.isEmpty }
}

/// A row group on its way into a merge.
package struct MergePart: Sendable {
    let group: Int
    let bytes: [UInt8]
    /// All that have rows in the group.
    let traces: [TraceAnchor]
}

extension BlockReader {
    /// Reads a row group for a merge.
    package func mergePart(_ group: Int) async throws -> MergePart {
        let entry = footer.rowGroups[group]
        let bytes = try await Self.fetch(source, entry.offset..<(entry.offset + entry.byteCount))
        let traces = try await anchors(positions(of: entry, group))
        // Pages of the trace index are not used again.
        if retainedByteCount > Self.mergeRetainedByteLimit { dropKept() }
        return MergePart(group: group, bytes: bytes, traces: traces)
    }

    static let mergeRetainedByteLimit = 1 << 20

    /// All rows of a row group, for a merge that has to compare copies of spans.
    package func mergeRows(_ group: Int, pool: SlabPool) async throws -> SpanBatchView {
        var batch = SpanBatch(pool: pool, seed: id.low)
        try await read(rowGroup: group, into: &batch)
        return batch.view()
    }

    /// How many spans the largest trace has here.
    package func greatestSpanCount() async throws -> Int {
        var greatest = 0
        for number in footer.indexPages.indices {
            let page = try await indexPage(number)
            for index in 0..<page.value.traceCount { greatest = max(greatest, page.value.rows(index).count) }
            if retainedByteCount > Self.mergeRetainedByteLimit { dropKept() }
        }
        return greatest
    }
}
