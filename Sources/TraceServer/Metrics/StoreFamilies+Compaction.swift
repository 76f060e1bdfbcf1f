// SPDX-License-Identifier: Apache-2.0

internal import TraceStorage

extension PrometheusFamily {
    /// What is merged and dropped.
    static func compaction(_ figures: CompactionFigures) -> [PrometheusFamily] {
        merging(figures) + [
            .gauge(
                "vivace_level_blocks", "Live blocks by how often they were merged.", by: "level",
                figures.shownLevels.map { ("\($0.level)", $0.blockCount) }),
            .gauge(
                "vivace_level_bytes", "Bytes of live blocks by how often they were merged.", by: "level",
                figures.shownLevels.map { ("\($0.level)", $0.byteCount) }),
            .counter("vivace_retention_blocks_total", "Blocks that retention dropped.", figures.expiredBlockCount),
            .counter("vivace_retention_spans_total", "Spans in these blocks.", figures.expiredSpanCount),
            .counter("vivace_retention_bytes_total", "Bytes of these blocks.", figures.expiredByteCount),
            .gauge(
                "vivace_retention_refusing", "1 while retention drops nothing because it would be too much.",
                figures.retentionRefusal == nil ? 0 : 1),
        ]
    }

    private static func merging(_ figures: CompactionFigures) -> [PrometheusFamily] {
        [
            .gauge(
                "vivace_compaction_debt_bytes", "Bytes of blocks that are to be merged with others.",
                figures.debtByteCount),
            .gauge("vivace_compaction_waiting_jobs", "Merges that are to be done.", figures.waitingJobCount),
            .gauge("vivace_compaction_running", "1 while blocks are merged.", figures.isMerging ? 1 : 0),
            .counter("vivace_compaction_jobs_total", "Merges that were done.", figures.finishedJobCount),
            .counter(
                "vivace_compaction_failures_total", "Merges that failed, and are made again.", figures.failedJobCount),
            .counter("vivace_compaction_read_bytes_total", "Bytes that were read for them.", figures.readByteCount),
            .counter(
                "vivace_compaction_written_bytes_total", "Bytes of the blocks that they made.",
                figures.writtenByteCount),
            .counter("vivace_compaction_blocks_total", "Blocks that they made.", figures.writtenBlockCount),
            .counter("vivace_compaction_spans_total", "Spans that they read.", figures.mergedSpanCount),
            .counter(
                "vivace_compaction_duplicates_total", "Copies of spans among them that were dropped.",
                figures.duplicateSpanCount),
            .counter(
                "vivace_compaction_expired_spans_total", "Spans among them that were left out because of their age.",
                figures.leftOutSpanCount),
            .gauge(
                "vivace_compaction_removed_objects", "Objects of blocks that live no longer and are not deleted yet.",
                figures.removedObjectCount),
        ]
    }
}

extension CompactionFigures {
    /// Level 0 is always there, so that the families are.
    fileprivate var shownLevels: [Level] {
        levels.contains { $0.level == 0 } ? levels : [Level(level: 0)] + levels
    }
}
