// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import TraceModel
internal import TraceStorage

/// The blocks of a search, newest first, opened when they are needed.
struct SearchedBlocks {
    let summaries: [BlockSummary]
    private var readers: [BlockReader?]
    private let store: TraceStore

    init(_ blocks: [BlockSummary], _ store: TraceStore) {
        summaries = blocks.sorted {
            ($1.eventNanoseconds.upperBound, $0.id) < ($0.eventNanoseconds.upperBound, $1.id)
        }
        readers = Array(repeating: nil, count: blocks.count)
        self.store = store
    }

    mutating func reader(_ block: Int) async throws -> BlockReader {
        if let reader = readers[block] { return reader }
        let reader = try await store.reader(for: summaries[block])
        readers[block] = reader
        return reader
    }

    /// Whether another block has the trace too, and why that is not known for all of them.
    mutating func contain(_ id: TraceID, otherThan block: Int) async throws -> (Bool, failure: String?) {
        var failure: String?
        for other in summaries.indices where other != block && summaries[other].traceIDs.contains(id) {
            do {
                let reader = try await reader(other)
                if try await reader.mayContain(id), try await reader.locate(id) != nil { return (true, nil) }
            } catch let error as BlockError {
                failure = error.description
            }
        }
        return (false, failure)
    }
}
