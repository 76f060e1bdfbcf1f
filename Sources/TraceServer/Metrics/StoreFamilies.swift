// SPDX-License-Identifier: Apache-2.0

internal import OTLP
internal import ObjectStorage
internal import TraceStorage

extension PrometheusFamily {
    /// What the store holds and has done.
    static func families(_ store: StoreFigures) -> [PrometheusFamily] {
        spans(store) + heads(store) + blocks(store) + journal(store) + cache(store.cache)
            + objects(store.objectRequests) + compaction(store.compaction) + state(store)
    }

    private static func spans(_ store: StoreFigures) -> [PrometheusFamily] {
        [
            .counter(
                "vivace_ingest_spans_accepted_total", "Spans that are durable.", store.acceptedSpanCount),
            .counter(
                "vivace_ingest_spans_rejected_total",
                "Spans that were left out of requests that were taken, told to the sender as partial success.",
                by: "reason",
                OTLPVerdict.Reason.allCases.map { ($0.label, store.rejectedSpanCounts[$0] ?? 0) }),
        ]
    }

    private static func heads(_ store: StoreFigures) -> [PrometheusFamily] {
        [
            .gauge(
                "vivace_head_spans", "Spans in memory that are in no block yet.", by: "state",
                [("live", store.headSpanCount - store.sealedSpanCount), ("sealed", store.sealedSpanCount)]),
            .gauge(
                "vivace_head_oldest_span_age_seconds", "How long the oldest of them has been there; 0 without any.",
                store.oldestHeadSpanSeconds),
            .gauge(
                "vivace_head_waiting_requests", "Requests that wait until a flush makes room in the heads.",
                store.waitingRequestCount),
            .counter(
                "vivace_cuts_total", "How often live heads were sealed, by what made it time.", by: "cause",
                CutCause.allCases.map { ($0.rawValue, store.flush.cutCounts[$0] ?? 0) }),
            .histogram(
                "vivace_flush_seconds", "Time to turn a sealed generation into committed blocks.",
                store.flush.latency),
            .counter(
                "vivace_flush_failures_total", "Attempts to do so that failed, and are made again.",
                store.flush.failureCount),
            .counter("vivace_flush_blocks_total", "Blocks that were written so.", store.flush.blockCount),
            .counter("vivace_flush_spans_total", "Spans in these blocks.", store.flush.spanCount),
            .counter("vivace_flush_bytes_total", "Bytes of these blocks.", store.flush.byteCount),
        ]
    }

    private static func blocks(_ store: StoreFigures) -> [PrometheusFamily] {
        [
            .gauge("vivace_blocks", "Live blocks.", store.blockCount),
            .gauge("vivace_block_bytes", "Bytes of all live blocks.", store.blockByteCount),
            .gauge("vivace_block_spans", "Spans in live blocks.", store.blockSpanCount),
            .gauge(
                "vivace_block_traces", "Traces in live blocks; one counts in every block that has part of it.",
                store.blockTraceCount),
            .gauge("vivace_tenants", "Tenants with live blocks.", store.tenantCount),
            .gauge("vivace_tenants_active", "Tenants with spans in memory or in live blocks.", store.activeTenantCount),
            .gauge("vivace_manifest_commits", "Commits in the manifest.", store.commitCount),
        ]
    }

    private static func cache(_ cache: BlockCacheFigures) -> [PrometheusFamily] {
        [
            .gauge("vivace_cache_open_blocks", "Blocks that are kept open.", cache.blocks),
            .gauge("vivace_cache_bytes", "What is kept of them in memory.", cache.byteCount),
            .counter("vivace_cache_hits_total", "How often a block was wanted and open.", cache.hits),
            .counter("vivace_cache_misses_total", "How often it had to be opened.", cache.misses),
            .counter(
                "vivace_cache_evictions_total", "How often one was given up for lack of memory.", cache.evictions),
            .gauge("vivace_cache_chunks", "Column chunks that scans read and that are kept.", cache.chunks),
            .gauge("vivace_cache_chunk_bytes", "What they take in memory.", cache.chunkByteCount),
            .counter("vivace_cache_chunk_hits_total", "How often a chunk was wanted and kept.", cache.chunkHits),
            .counter("vivace_cache_chunk_misses_total", "How often it had to be read.", cache.chunkMisses),
        ]
    }

    private static func state(_ store: StoreFigures) -> [PrometheusFamily] {
        let refusing = PrometheusFamily.gauge(
            "vivace_store_refusing", "1 while every request is refused for that reason.", by: "reason",
            [
                ("disk_full", store.refusals.contains(.diskFull) ? 1 : 0),
                ("intrusion", store.refusals.contains(.intrusion) ? 1 : 0),
                ("shutdown", store.refusals.contains(.shutdown) ? 1 : 0),
            ])
        guard let space = store.space else { return [refusing] }
        return [
            refusing,
            .gauge(
                "vivace_disk_free_bytes", "What may still be written to the disk of the data directory.",
                space.availableByteCount),
            .gauge("vivace_disk_size_bytes", "The size of that disk.", space.totalByteCount),
            .gauge(
                "vivace_disk_minimum_free_bytes", "With less free, spans are refused.", space.minimumByteCount),
            .gauge("vivace_journal_segments", "Files of the journal.", space.journalSegmentCount),
            .gauge("vivace_journal_disk_bytes", "What they take on the disk.", space.journalByteCount),
        ]
    }
}

extension OTLPVerdict.Reason {
    /// The name in metrics.
    var label: String {
        switch self {
        case .traceIDLength: "trace_id_length"
        case .zeroTraceID: "trace_id_zero"
        case .spanIDLength: "span_id_length"
        case .zeroSpanID: "span_id_zero"
        case .tooDeep: "nested_too_deep"
        }
    }
}
