// SPDX-License-Identifier: Apache-2.0

package import TraceModel

/// An attribute's value.
package enum ModelValue: Sendable, Hashable {
    case string(String)
    case int(Int64)
    case double(Double)
    case bool(Bool)
    case strings([String])
}

/// An attribute of a span, event, link or resource.
package struct ModelAttribute: Sendable, Hashable {
    package var key: String
    package var value: ModelValue

    init(_ key: String, _ value: ModelValue) {
        self.key = key
        self.value = value
    }

    init(_ key: String, _ text: String) { self.init(key, .string(text)) }
    init(_ key: String, _ number: Int) { self.init(key, .int(Int64(number))) }
}

/// Something that happened within a span.
package struct ModelEvent: Sendable, Hashable {
    /// Unix nanoseconds.
    package var time: UInt64
    package var name: String
    package var attributes: [ModelAttribute]
}

/// A reference to a span of another trace.
package struct ModelLink: Sendable, Hashable {
    package var traceID: TraceID
    package var spanID: SpanID
    package var attributes: [ModelAttribute]
}

/// One running copy of a service; every process exports its own requests.
package struct ModelProcess: Sendable, Hashable {
    package var service: ModelService
    /// 0 ..< `service.instanceCount`.
    package var instance: Int
}

/// A span with everything that OTLP carries of it; kinds and status codes are OTLP's numbers.
package struct ModelSpan: Sendable, Hashable {
    package var id: SpanID
    /// Nil for the root.
    package var parent: SpanID?
    package var process: ModelProcess
    /// The library that recorded it.
    package var scopeName: String
    package var name: String
    /// OTLP SpanKind: 1 internal, 2 server, 3 client, 4 producer, 5 consumer.
    package var kind: Int32
    /// Unix nanoseconds.
    package var start: UInt64
    /// Unix nanoseconds; after `start`.
    package var end: UInt64
    /// OTLP StatusCode: 0 unset, 1 ok, 2 error.
    package var status: Int32 = 0
    package var statusMessage = ""
    /// W3C trace flags and OTLP's "is remote" bits.
    package var flags: UInt32
    package var attributes: [ModelAttribute] = []
    package var events: [ModelEvent] = []
    package var links: [ModelLink] = []

    package var durationNanoseconds: UInt64 { end - start }
}

/// One made-up trace.
package struct ModelTrace: Sendable, Hashable {
    package var id: TraceID
    /// The root first, every parent before its children.
    package var spans: [ModelSpan]
    package var truth: TraceTruth
}

/// What an answer about a trace must say.
package struct TraceTruth: Sendable, Hashable {
    /// A span and how long it took.
    package struct TimedSpan: Sendable, Hashable {
        package var id: SpanID
        package var durationNanoseconds: UInt64
    }

    package var id: TraceID
    package var spanCount: Int
    package var rootSpanID: SpanID
    package var rootServiceName: String
    package var rootName: String
    /// The root's start in Unix nanoseconds: nothing in the trace starts earlier.
    package var startNanoseconds: UInt64
    /// The root's; asynchronous consumers may end later.
    package var durationNanoseconds: UInt64
    /// Spans with status error.
    package var errorCount: Int
    /// Names, sorted, each once.
    package var serviceNames: [String]
    /// Up to five, longest first; ties by span ID.
    package var slowestSpans: [TimedSpan]
    /// The span that was made slow on purpose and holds up the root; nil in most traces.
    package var slowCause: SpanID?

    init(_ id: TraceID, _ spans: [ModelSpan], slowCause: SpanID?) {
        let root = spans[0]
        self.id = id
        spanCount = spans.count
        rootSpanID = root.id
        rootServiceName = root.process.service.name
        rootName = root.name
        startNanoseconds = root.start
        durationNanoseconds = root.durationNanoseconds
        errorCount = spans.count { $0.status == 2 }
        serviceNames = Set(spans.map(\.process.service.name)).sorted()
        let byDuration = spans.sorted { a, b in
            a.durationNanoseconds != b.durationNanoseconds
                ? a.durationNanoseconds > b.durationNanoseconds : a.id < b.id
        }
        slowestSpans = byDuration.prefix(5).map {
            TimedSpan(id: $0.id, durationNanoseconds: $0.durationNanoseconds)
        }
        self.slowCause = slowCause
    }
}
