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
}
