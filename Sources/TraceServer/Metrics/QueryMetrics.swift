// SPDX-License-Identifier: Apache-2.0

internal import CoreMetrics
internal import QueryEngine
internal import Synchronization

/// The kinds of queries that are told apart in metrics.
enum QueryKind: String, Sendable, CaseIterable {
    case traceV1 = "trace_v1"
    case traceV2 = "trace_v2"
    case criticalPath = "critical_path"
    case slow
    case search
    case tagNames = "tag_names"
    case tagValues = "tag_values"
}

/// What is counted of queries at the edge.
final class QueryMetrics: Sendable {
    private let requests: CounterTable
    private let timers: [CoreMetrics.Timer]
    private let inFlight = Atomic<Int>(0)

    static let descriptions: [String: PrometheusRegistry.Description] = [
        "vivace_query_requests_total": .init(help: "Queries by kind and by the HTTP status of their answer."),
        "vivace_query_seconds": .init(help: "Time until a query's answer is known; sending it is not in it."),
    ]

    init(registry: PrometheusRegistry) {
        let kinds = QueryKind.allCases.map(\.rawValue)
        requests = CounterTable(
            "vivace_query_requests_total", rows: ("kind", kinds), columns: ("code", CountedStatuses.names),
            registry: registry)
        timers = kinds.map {
            CoreMetrics.Timer(label: "vivace_query_seconds", dimensions: [("kind", $0)], factory: registry)
        }
        for kind in kinds.indices { requests.add(0, row: kind, column: CountedStatuses.index(of: 200)) }
        registry.addCollector { [self] in
            [
                .gauge(
                    "vivace_query_in_flight", "Queries whose answer is not known yet.",
                    inFlight.load(ordering: .relaxed))
            ]
        }
    }

    private static func index(of kind: QueryKind) -> Int { QueryKind.allCases.firstIndex(of: kind) ?? 0 }

    /// Counts a query that was answered without looking for it.
    func count(_ kind: QueryKind, httpStatus: Int) {
        requests.add(row: Self.index(of: kind), column: CountedStatuses.index(of: httpStatus))
    }

    /// Counts a query, and measures how long it takes until its answer is known.
    func measuring<Answer>(
        _ kind: QueryKind, httpStatus: (Answer) -> Int, _ body: () async -> Answer
    ) async -> Answer {
        inFlight.add(1, ordering: .relaxed)
        defer { inFlight.subtract(1, ordering: .relaxed) }
        let start = ContinuousClock.now
        let answer = await body()
        timers[Self.index(of: kind)].recordNanoseconds((ContinuousClock.now - start).wholeNanoseconds)
        count(kind, httpStatus: httpStatus(answer))
        return answer
    }
}

extension PrometheusFamily {
    /// What queries read of blocks, as the engine counts it.
    static func families(_ reads: [QueryOperation: QueryReads]) -> [PrometheusFamily] {
        let operations = QueryOperation.allCases.map { ($0.rawValue, reads[$0] ?? QueryReads()) }
        return [
            .counter(
                "vivace_query_partial_answers_total", "Answers that lack something, and say so.",
                by: "operation", operations.map { ($0, $1.partialAnswerCount) }),
            Self(
                name: "vivace_query_blocks_total", type: .counter,
                help: "Blocks that queries read, passed over, or could not read.",
                samples: operations.flatMap { operation, reads in
                    [
                        ([("operation", operation), ("result", "read")], Double(reads.readBlockCount)),
                        ([("operation", operation), ("result", "pruned")], Double(reads.prunedBlockCount)),
                        ([("operation", operation), ("result", "failed")], Double(reads.failedBlockCount)),
                    ]
                }),
            .counter(
                "vivace_query_row_groups_total", "Row groups of blocks that searches read or passed over.",
                by: "result",
                [
                    ("read", operations.reduce(0) { $0 + $1.1.readRowGroupCount }),
                    ("pruned", operations.reduce(0) { $0 + $1.1.prunedRowGroupCount }),
                ]),
            .counter(
                "vivace_query_read_bytes_total", "Bytes of blocks that queries read.", by: "operation",
                operations.map { ($0, $1.byteCount) }),
        ]
    }
}
