// SPDX-License-Identifier: Apache-2.0

package import BlockFormat
internal import ByteCoding
internal import ObjectStorage
internal import TraceAnalysis
internal import TraceModel

extension StoreInspection {
    /// Proves what a block's checksums can't: that the manifest says the truth about it, that its rows are in order
    /// with no span twice, and that its derived column is what its spans give.
    ///
    /// - Throws: ``BlockError`` with what is wrong.
    package func proveContents(of block: BlockSummary, _ reader: BlockReader) async throws {
        var told = BlockSummary(
            id: block.id, tenant: block.tenant, byteCount: reader.byteCount, statistics: reader.footer.statistics)
        told.level = block.level
        guard told == block else {
            throw BlockError(.corrupted, "the manifest says of block \(block.id) what its footer does not")
        }
        var proof = ContentProof(block.id)
        for group in reader.footer.rowGroups.indices {
            var batch = SpanBatch(pool: SlabPool(retainedByteLimit: 0))
            try await reader.read(rowGroup: group, into: &batch)
            try proof.add(batch.view(), try await reader.derivedColumn(group), reader)
        }
        try proof.finish(reader)
    }

    /// Objects of blocks that no commit names, by their keys: left by a crash, until the next start.
    package func strayObjects() async throws -> [String] {
        let live = Set(blocks.map(\.id))
        var strays: [String] = []
        for try await entry in objects.entries(try ObjectPrefix("tenants/")) {
            if let id = BlockKey.block(of: entry.key), !live.contains(id) { strays.append(entry.key.text) }
        }
        return strays
    }
}

/// Goes over all rows of a block in their order.
private struct ContentProof {
    private let id: BlockID
    private var last: (trace: TraceID, start: UInt64, span: UInt64, kind: Int32)?
    private var rowCount = 0
    private var analyzer = CriticalPathAnalyzer()
    private var trace = TraceColumns()
    /// The derived column of the trace at hand, as it is stored.
    private var stored: [UInt64] = []
    private var durations: [UInt64] = []

    init(_ id: BlockID) { self.id = id }

    mutating func add(_ rows: SpanBatchView, _ derived: [UInt64]?, _ reader: BlockReader) throws(BlockError) {
        for row in 0..<rows.rowCount {
            let next = (rows.traceID(row), rows.start[row], rows.spanID[row], rows.kind[row])
            if let last {
                if last.trace != next.0 { try closeTrace(reader) }
                let isRising =
                    last.trace != next.0
                    ? last.trace < next.0
                    : (last.start, last.span, last.kind) < (next.1, next.2, next.3)
                guard isRising else {
                    throw BlockError(.corrupted, "row \(rowCount) of block \(id) is out of order, or a span twice")
                }
            }
            last = next
            rowCount += 1
            guard let derived else { continue }
            trace.append(
                spanID: rows.spanID[row], parentSpanID: rows.parent(row), start: rows.start[row], end: rows.end[row],
                kind: UInt8(clamping: rows.kind[row]))
            stored.append(derived[row])
            durations.append(rows.end[row] &- rows.start[row])
        }
    }

    private mutating func closeTrace(_ reader: BlockReader) throws(BlockError) {
        defer {
            trace.removeAll()
            stored = []
            durations = []
        }
        guard !stored.isEmpty, reader.footer.criticalPathVersion == CriticalPathAnalyzer.version else { return }
        var times: [UInt64] = []
        analyzer.criticalNanoseconds(trace, into: &times)
        for index in stored.indices {
            let time = stored[index] == 0 ? 0 : stored[index] == 1 ? durations[index] : stored[index] &- 1
            guard time == times[index] else {
                throw BlockError(
                    .corrupted,
                    "a critical path before row \(rowCount) of block \(id) is not what its spans give")
            }
        }
    }

    mutating func finish(_ reader: BlockReader) throws(BlockError) {
        try closeTrace(reader)
        guard rowCount == reader.footer.statistics.rowCount else {
            throw BlockError(.corrupted, "block \(id) has \(rowCount) rows, not \(reader.footer.statistics.rowCount)")
        }
    }
}
