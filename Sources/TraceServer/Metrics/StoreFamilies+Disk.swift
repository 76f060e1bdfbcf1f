// SPDX-License-Identifier: Apache-2.0

internal import ObjectStorage
internal import TraceStorage

extension PrometheusFamily {
    static func journal(_ store: StoreFigures) -> [PrometheusFamily] {
        let (journal, recovery) = (store.journal, store.recovery)
        return [
            .counter("vivace_journal_records_total", "Requests that were made durable.", journal.recordCount),
            .counter(
                "vivace_journal_groups_total", "Groups of such requests, each with one fsync.", journal.groupCount),
            .counter("vivace_journal_written_bytes_total", "Bytes of these requests as stored.", journal.byteCount),
            .histogram(
                "vivace_journal_fsync_seconds", "Duration of the journal's fsync calls.",
                journal.synchronizeLatency),
            .counter(
                "vivace_journal_failures_total", "Groups that could not be made durable: their requests were refused.",
                journal.failureCount),
            .counter("vivace_journal_segments_begun_total", "Files that were begun.", journal.segmentCount),
            .gauge("vivace_journal_queued_bytes", "Bytes that wait for the disk.", journal.queuedByteCount),
            .gauge(
                "vivace_journal_uncovered_generations", "Closed generations whose spans are in no block yet.",
                store.sealedGenerationCount),
            .gauge(
                "vivace_journal_unreleased_generations",
                "Generations whose spans are in blocks and that could not be deleted yet.",
                store.unreleasedGenerationCount),
            .counter(
                "vivace_journal_replayed_requests_total", "Requests of earlier runs, read at the start.",
                recovery.requestCount),
            .counter(
                "vivace_journal_replay_failures_total", "Requests of earlier runs that could not be used again.",
                recovery.failedRequestCount),
            .counter(
                "vivace_journal_damaged_generations_total", "Generations of earlier runs that were damaged.",
                recovery.damagedGenerationCount),
            .counter(
                "vivace_journal_lost_requests_total",
                "Requests of earlier runs that were acknowledged and are not in the journal any more.",
                recovery.lostRequestCount),
            .counter(
                "vivace_journal_suspect_requests_total",
                "Requests at the end of the journal that fail although all of them is there.",
                recovery.suspectRequestCount),
        ]
    }

    /// Every kind of request is shown from the start.
    static func objects(_ requests: [ObjectRequest.Kind: RequestMeter.Figures]) -> [PrometheusFamily] {
        let kinds = ObjectRequest.Kind.allCases.map { ($0.label, requests[$0] ?? RequestMeter.Figures()) }
        return [
            Self(
                name: "vivace_object_requests_total", type: .counter,
                help: "Requests to the object store by what they were for and how they ended.",
                samples: kinds.flatMap { kind, figures in
                    let others = figures.notFoundCount + figures.alreadyExistsCount
                    return [
                        ("ok", figures.requestCount - figures.failureCount), ("not_found", figures.notFoundCount),
                        ("already_exists", figures.alreadyExistsCount), ("error", figures.failureCount - others),
                    ].map { (labels: [("kind", kind), ("result", $0)], value: Double($1)) }
                }),
            .histogram(
                "vivace_object_request_seconds", "Duration of these requests.", by: "kind",
                kinds.map { ($0, $1.latency) }),
            .counter(
                "vivace_object_sent_bytes_total", "Bytes that were stored by them.", by: "kind",
                kinds.map { ($0, $1.sentByteCount) }),
            .counter(
                "vivace_object_received_bytes_total", "Bytes that were read by them.", by: "kind",
                kinds.map { ($0, $1.receivedByteCount) }),
        ]
    }
}

extension ObjectRequest.Kind {
    /// The name in metrics.
    fileprivate var label: String {
        switch self {
        case .put: "put"
        case .create: "create"
        case .get: "get"
        case .byteCount: "size"
        case .list: "list"
        case .delete: "delete"
        case .beginWriting: "begin_writing"
        case .writePart: "write_part"
        case .completeWriting: "complete_writing"
        case .abortWriting: "abort_writing"
        }
    }
}
