// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ByteCoding
internal import TraceModel
internal import TraceStorage

/// The blocks of a search, newest first, opened when they are needed.
struct SearchedBlocks {
    let summaries: [BlockSummary]
    private var readers: [BlockReader?]
    /// Why some could not be opened. They are not tried again: what was said without them would be said twice.
    private var failures: [Int: BlockError] = [:]
    private let store: TraceStore

    init(_ blocks: [BlockSummary], _ store: TraceStore) {
        summaries = blocks.sorted {
            ($1.eventNanoseconds.upperBound, $0.id) < ($0.eventNanoseconds.upperBound, $1.id)
        }
        readers = Array(repeating: nil, count: blocks.count)
        self.store = store
    }

    /// Stands for the heads where blocks have numbers.
    var placeOfHeads: Int { summaries.count }

    mutating func reader(_ block: Int) async throws -> BlockReader {
        if let reader = readers[block] { return reader }
        if let failure = failures[block] { throw failure }
        do {
            let reader = try await store.reader(for: summaries[block])
            readers[block] = reader
            return reader
        } catch let error as BlockError {
            failures[block] = error
            throw error
        }
    }
}

/// A part of a trace: what one block has of it.
struct TracePart {
    var block: Int
    /// In the block's trace index.
    var position: Int
    var anchor: TraceAnchor
}

// MARK: - Traces in several places

extension SearchedBlocks {
    typealias Failures = [(block: Int, error: BlockError)]

    /// What the blocks have of some traces, and which of them could not be asked.
    ///
    /// - Parameter owners: The blocks that have some of them, where they are known.
    /// - Returns: By place in `ids`.
    mutating func parts(
        of ids: [TraceID], in owners: [TraceID: [Int]] = [:]
    ) async throws -> (parts: [[TracePart]], failures: Failures) {
        var parts = [[TracePart]](repeating: [], count: ids.count)
        var failures: Failures = []
        // By block: places in `ids`.
        var asked = [[Int]](repeating: [], count: summaries.count)
        for (index, id) in ids.enumerated() {
            for block in owners[id] ?? Array(summaries.indices) where summaries[block].traceIDs.contains(id) {
                asked[block].append(index)
            }
        }
        for (block, asked) in asked.enumerated() where !asked.isEmpty {
            do {
                let places = try await reader(block).places(of: asked.map { ids[$0] })
                for place in places.found {
                    parts[asked[place.index]].append(
                        TracePart(block: block, position: place.position, anchor: place.anchor))
                }
                if let failure = places.failure { failures.append((block, failure)) }
            } catch let error as BlockError {
                failures.append((block, error))
            }
        }
        return (parts, failures)
    }

    /// The whole rows of some traces in blocks.
    struct Rows {
        var byTrace: [TraceID: [AssembledTrace.Row]] = [:]
        /// Of these traces.
        var rowCount = 0
        /// Bytes in memory, about.
        var heldByteCount = 0
        /// Bytes read from storage.
        var byteCount = 0
        var failures: Failures = []
    }

    /// Reads all rows of some parts.
    ///
    /// - Parameters:
    ///   - filters: By which the rows are marked.
    ///   - check: Is told what they take in memory meanwhile, and may stop it by throwing.
    mutating func rows(
        of parts: [TracePart], filters: [SpanFilter], _ pool: SlabPool, check: (Int) throws -> Void
    ) async throws -> Rows {
        var rows = Rows()
        guard !parts.isEmpty else { return rows }
        var batch = SpanBatch(pool: pool, seed: .random(in: .min ... .max))
        for (block, parts) in Dictionary(grouping: parts, by: \.block).sorted(by: { $0.key < $1.key }) {
            do {
                rows.byteCount += try await reader(block).read(
                    parts.map(\.anchor).sorted { $0.rows.lowerBound < $1.rows.lowerBound }, into: &batch, check: check)
            } catch let error as BlockError {
                rows.failures.append((block, error))
            }
        }
        // The traces' lists of rows, and their marks.
        rows.heldByteCount = batch.byteCount + batch.rowCount * (32 + filters.count / 8)
        try check(rows.heldByteCount)
        let view = batch.view()
        let marks = filters.map { view.mask($0) }
        // Of a block that turned out to be damaged on the way others may be there too.
        let wanted = Set(parts.map(\.anchor.id))
        for row in 0..<view.rowCount {
            let id = view.traceID(row)
            guard wanted.contains(id) else { continue }
            rows.byTrace[id, default: []].append(.init(view: view, row: row, marks: marks))
            rows.rowCount += 1
        }
        return rows
    }
}
