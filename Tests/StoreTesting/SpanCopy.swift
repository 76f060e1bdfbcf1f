// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
package import ByteCoding
package import TraceModel
package import TraceStorage

/// What makes two stored spans copies of one.
package struct SpanKey: Hashable, Sendable {
    package var traceID: TraceID
    package var spanID: UInt64
    package var start: UInt64
    package var kind: Int32
}

/// A stored copy of a span: when it arrived, and everything that it carries as a digest.
package struct SpanCopy: Hashable, Sendable {
    package var key: SpanKey
    package var end: UInt64
    package var status: Int32
    package var digest: SpanDigest
    package var arrivalSeconds: UInt32

    package init(_ spans: SpanBatchView, row: Int) {
        key = SpanKey(
            traceID: spans.traceID(row), spanID: spans.spanID[row], start: spans.start[row], kind: spans.kind[row])
        end = spans.end[row]
        status = spans.status[row]
        var scratch = ByteWriter()
        digest = SpanDigest(spans, row: row, scratch: &scratch)
        arrivalSeconds = spans.arrivalSeconds[row]
    }

    /// The rule for duplicates, once more: whether this copy hides the other.
    package func isBetter(than other: SpanCopy) -> Bool {
        if end != other.end { return end > other.end }
        if (status != 0) != (other.status != 0) { return status != 0 }
        if digest.byteCount != other.digest.byteCount { return digest.byteCount > other.digest.byteCount }
        return digest.hash > other.digest.hash
    }
}

extension SpanBatchView {
    package var copies: [SpanCopy] { (0..<rowCount).map { SpanCopy(self, row: $0) } }
}

extension TraceStore {
    /// Everything that is stored, source by source: heads, then blocks.
    package func copiesBySource(of tenant: TenantID) async throws -> [[SpanCopy]] {
        let snapshot = snapshot(of: tenant)
        var sources = snapshot.heads.map(\.spans.copies)
        for block in snapshot.blocks {
            let reader = try await reader(for: block)
            var batch = SpanBatch(pool: testSlabs)
            for group in reader.footer.rowGroups.indices { try await reader.read(rowGroup: group, into: &batch) }
            sources.append(batch.view().copies)
        }
        return sources
    }

    /// The copies of a trace's spans from all sources, looked up by its ID.
    package func copies(of id: TraceID, _ tenant: TenantID) async throws -> [SpanCopy] {
        let snapshot = snapshot(of: tenant)
        var batch = SpanBatch(pool: testSlabs)
        for head in snapshot.heads { batch.append(rowsOf: id, from: head.spans) }
        for block in snapshot.blocks {
            let reader = try await reader(for: block)
            guard try await reader.mayContain(id), let anchor = try await reader.locate(id) else { continue }
            _ = try await reader.read(anchor, into: &batch)
        }
        return batch.view().copies
    }
}

/// Memory that all tests use again and again.
package let testSlabs = SlabPool(retainedByteLimit: 64 << 20)
