// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// What a query engine can be asked.
package enum QueryOperation: String, Sendable, CaseIterable {
    case trace
    case slowSpans = "slow"
    case search
    case tagNames = "tag_names"
    case tagValues = "tag_values"
}

/// What queries of one kind have read since the start.
package struct QueryReads: Sendable, Hashable {
    /// Answers that lack something, and say so.
    package var partialAnswerCount = 0
    /// Blocks that were looked into.
    package var readBlockCount = 0
    /// Blocks that were passed over for what the manifest says of them.
    package var prunedBlockCount = 0
    /// Blocks that could not be read, or are damaged.
    package var failedBlockCount = 0
    /// Row groups of searched blocks that were read, and that were passed over; only of searches.
    package var readRowGroupCount = 0
    package var prunedRowGroupCount = 0
    /// Of blocks.
    package var byteCount = 0

    package init() {}

    mutating func add(_ other: QueryReads) {
        partialAnswerCount += other.partialAnswerCount
        readBlockCount += other.readBlockCount
        prunedBlockCount += other.prunedBlockCount
        failedBlockCount += other.failedBlockCount
        readRowGroupCount += other.readRowGroupCount
        prunedRowGroupCount += other.prunedRowGroupCount
        byteCount += other.byteCount
    }
}

/// Sums up what queries read, once a query.
final class QueryCounters: Sendable {
    private let reads = Mutex<[QueryOperation: QueryReads]>([:])

    func add(_ more: QueryReads, to operation: QueryOperation) {
        reads.withLock { $0[operation, default: QueryReads()].add(more) }
    }

    var snapshot: [QueryOperation: QueryReads] { reads.withLock { $0 } }
}

extension QueryEngine {
    /// What was read so far; operations that were never asked for are missing.
    package var figures: [QueryOperation: QueryReads] { counters.snapshot }
}
