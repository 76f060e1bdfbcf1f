// SPDX-License-Identifier: Apache-2.0

package import TraceModel

/// A whole trace, merged from every place that holds part of it; each span once.
package struct FoundTrace: Sendable {
    package let id: TraceID
    /// Holds the trace's spans, and only those.
    package let spans: SpanBatchView
    /// Rows of `spans`, ordered by start, then span ID.
    package let rows: [Int]
    /// Why the answer may lack spans; nil if it is complete.
    package let partialReason: String?
    /// Bytes read from blocks for it.
    package let inspectedByteCount: Int
    /// Held as long as the spans are.
    package let memory: QueryMemory?

    package init(
        id: TraceID, spans: SpanBatchView, rows: [Int], partialReason: String?, inspectedByteCount: Int,
        memory: QueryMemory? = nil
    ) {
        self.memory = memory
        self.id = id
        self.spans = spans
        self.rows = rows
        self.partialReason = partialReason
        self.inspectedByteCount = inspectedByteCount
    }
}

/// Which slow spans are asked for. Conditions that are nil hold for every span.
package struct SlowSpanQuery: Sendable {
    package var serviceName: String?
    package var spanName: String?
    package var minimumDurationNanoseconds: UInt64 = 0
    /// OTLP StatusCode: 0 unset, 1 ok, 2 error.
    package var status: Int32?
    /// Spans that overlap this range.
    package var range: TimeRange = .all
    package var limit: Int = 20

    package init() {}
}

/// One slow span.
package struct SlowSpan: Sendable {
    package var traceID: TraceID
    package var spanID: SpanID
    package var serviceName: String
    package var name: String
    package var startNanoseconds: UInt64
    package var durationNanoseconds: UInt64
    /// Its time on the critical path of its trace.
    package var criticalNanoseconds: UInt64
    /// `criticalNanoseconds` by the duration of the trace's root, 0…1.
    package var share: Double
    package var status: Int32

    package init(
        traceID: TraceID, spanID: SpanID, serviceName: String, name: String, startNanoseconds: UInt64,
        durationNanoseconds: UInt64, criticalNanoseconds: UInt64, share: Double, status: Int32
    ) {
        self.traceID = traceID
        self.spanID = spanID
        self.serviceName = serviceName
        self.name = name
        self.startNanoseconds = startNanoseconds
        self.durationNanoseconds = durationNanoseconds
        self.criticalNanoseconds = criticalNanoseconds
        self.share = share
        self.status = status
    }

    /// Bytes in memory, about.
    var byteCount: Int { MemoryLayout<Self>.stride + serviceName.utf8.count + name.utf8.count }
}

/// Slow spans, slowest first; ties by start (newest first), then trace ID and span ID.
package struct SlowSpanResult: Sendable {
    package var spans: [SlowSpan]
    /// Why spans may be missing; nil if the answer is complete.
    package var partialReason: String?
    /// Held as long as the spans are.
    package let memory: QueryMemory?

    package init(spans: [SlowSpan], partialReason: String?, memory: QueryMemory? = nil) {
        self.memory = memory
        self.spans = spans
        self.partialReason = partialReason
    }
}

/// Why a query has no answer.
package struct QueryError: Error, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable, CaseIterable {
        /// The question makes no sense. HTTP 400.
        case invalid
        /// It would take more memory than a query may. HTTP 422.
        case tooLarge
        /// It took too long. HTTP 504.
        case timedOut
        /// Storage could not be read now. HTTP 503.
        case unavailable
        /// Stored bytes are damaged. HTTP 500.
        case corrupted
    }

    package var code: Code
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}

/// Answers questions about stored spans: those of one tenant, or of several as if they were one's. Then a trace has the
/// spans of all of them, and copies of a span are one by the rule for copies.
package protocol TraceQuerying: TraceSearching {
    /// The trace with that ID; nil if no span of it is stored.
    func trace(_ id: TraceID, tenant: TenantSet) async throws -> FoundTrace?

    /// The slowest spans for which the conditions hold.
    func slowSpans(_ query: SlowSpanQuery, tenant: TenantSet) async throws -> SlowSpanResult
}
