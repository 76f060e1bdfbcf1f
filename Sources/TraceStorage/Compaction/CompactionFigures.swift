// SPDX-License-Identifier: Apache-2.0

/// What compaction and retention have to do and have done, for status pages and metrics.
package struct CompactionFigures: Sendable, Equatable {
    /// Jobs that the plan holds now, and the bytes of the blocks that they would read: the debt.
    package var waitingJobCount = 0
    package var debtByteCount = 0
    /// Whether a job is being done now.
    package var isMerging = false
    /// Live blocks and their bytes by level; level 0 is as they were cut.
    package var levels: [Level] = []

    // Since the start:
    package var finishedJobCount = 0
    package var failedJobCount = 0
    package var readByteCount = 0
    package var writtenByteCount = 0
    package var writtenBlockCount = 0
    package var mergedSpanCount = 0
    /// Copies of spans that merging found and dropped.
    package var duplicateSpanCount = 0
    /// Spans that merging left out because they were older than they are kept.
    package var leftOutSpanCount = 0
    /// Dropped by retention.
    package var expiredBlockCount = 0
    package var expiredByteCount = 0
    package var expiredSpanCount = 0

    /// Objects of blocks that live no longer and are not deleted yet.
    package var removedObjectCount = 0
    /// Why retention drops nothing although it should; nil if it does.
    package var retentionRefusal: String?
    /// What failed last; nil once a job succeeded again.
    package var lastError: String?

    package struct Level: Sendable, Equatable {
        package var level: UInt8
        package var blockCount = 0
        package var byteCount = 0

        package init(level: UInt8) { self.level = level }
    }

    package init() {}
}

extension ManifestState {
    /// Live blocks by level, lowest first; levels without any are left out.
    package var levels: [CompactionFigures.Level] {
        var levels: [UInt8: CompactionFigures.Level] = [:]
        for blocks in blocksByTenant.values {
            for block in blocks.values {
                var level = levels[block.level] ?? CompactionFigures.Level(level: block.level)
                level.blockCount += 1
                level.byteCount += block.byteCount
                levels[block.level] = level
            }
        }
        return levels.values.sorted { $0.level < $1.level }
    }
}
