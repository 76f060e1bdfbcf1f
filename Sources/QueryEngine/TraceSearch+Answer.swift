// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import TraceModel
internal import TraceQL

// What is shown of the traces that were found.

extension TraceSearch {
    /// The traces with the spans and services that are shown, looked up block by block.
    mutating func described(_ entries: consuming [NewestTraces.Entry]) async throws -> [SearchedTrace] {
        let pending = entries.map(\.pending)
        var traces = entries.map(\.trace)
        entries = []
        var byteCount = heldByteCount
        let inBlocks = pending.indices.filter { pending[$0] != nil }
        for (block, parts) in Dictionary(grouping: inBlocks, by: { pending[$0]?.block ?? 0 }) {
            let found = parts.compactMap { entry in pending[entry].map { (entry: entry, place: $0) } }
            do {
                let reader = try await blocks.reader(block)
                byteCount += try await describeSpans(of: found, held: byteCount, reader, &traces)
            } catch let error as BlockError {
                fail(block, error)
            } catch let error as QueryError where error.code == .timedOut {
                note(error.message)
                break
            }
            do {
                try await describeServices(of: found, try await blocks.reader(block), &traces)
            } catch let error as BlockError {
                fail(block, error)
            }
        }
        return traces
    }

    /// A trace of the answer, and where its spans lie.
    private typealias Found = (entry: Int, place: NewestTraces.Pending)

    /// - Returns: Bytes that the spans take in memory, beside those that are held.
    private func describeSpans(
        of found: [Found], held: Int, _ reader: BlockReader, _ traces: inout [SearchedTrace]
    ) async throws -> Int {
        let rows = found.flatMap { $0.place.rows.joined() }
        let order = rows.indices.sorted { rows[$0] < rows[$1] }
        var byteCount = 0
        let spans = try await shown.spans(at: order.map { rows[$0] }, reader, width: width) { part in
            byteCount += part.reduce(0) { $0 + $1.byteCount }
            try memory.hold(held + byteCount)
            if let excess = deadline.excess { throw QueryError(.timedOut, excess) }
        }
        // Where each row's span stands among those.
        var ranks = [Int](repeating: 0, count: rows.count)
        for (rank, row) in order.enumerated() { ranks[row] = rank }
        var next = 0
        for (entry, place) in found {
            for (index, rows) in place.rows.enumerated() {
                traces[entry].spansets[index].spans = rows.indices.map { spans[ranks[next + $0]] }
                next += rows.count
            }
        }
        return byteCount
    }

    private func describeServices(
        of found: [Found], _ reader: BlockReader, _ traces: inout [SearchedTrace]
    ) async throws {
        let order = found.sorted { $0.place.position < $1.place.position }
        let counts = try await reader.serviceCounts(ofTraces: order.map(\.place.position))
        for (found, counts) in zip(order, counts) { traces[found.entry].services = counts }
    }
}

extension SearchedSpanset {
    init(_ spanset: Spanset, spans: [SearchedSpan]) {
        self.init(
            matchedCount: spanset.rows.count, spans: spans,
            attributes: spanset.attributes.map { SearchedAttribute(name: $0.name, value: $0.value) })
    }
}

extension SearchedTrace.Root {
    init(_ root: (service: [UInt8], name: [UInt8])) { self.init(service: root.service, nameBytes: root.name) }
}
