// SPDX-License-Identifier: Apache-2.0

internal import CProtobufMessages

/// Tempo's answer to a search, `tempopb.SearchResponse`. Texts are valid UTF-8, as protobuf wants them.
package struct SearchResponse: Hashable, Sendable {
    package struct Trace: Hashable, Sendable {
        /// Hexadecimal.
        package var traceID = ""
        package var rootServiceName = ""
        package var rootTraceName = ""
        package var startNanoseconds: UInt64 = 0
        package var durationMilliseconds: UInt32 = 0
        package var spanSets: [SpanSet] = []
        /// Each service once.
        package var services: [Service] = []

        package init() {}
    }

    /// Spans of a trace that were selected together.
    package struct SpanSet: Hashable, Sendable {
        package var matchedCount: UInt32 = 0
        /// The first of the spans that matched.
        package var spans: [MatchingSpan] = []
        package var attributes: [OTLPMessage.KeyValue] = []

        package init() {}
    }

    package struct MatchingSpan: Hashable, Sendable {
        /// Hexadecimal.
        package var spanID: String
        package var name: String
        package var startNanoseconds: UInt64
        package var durationNanoseconds: UInt64
        package var attributes: [OTLPMessage.KeyValue]

        package init(
            spanID: String, name: String, startNanoseconds: UInt64, durationNanoseconds: UInt64,
            attributes: [OTLPMessage.KeyValue] = []
        ) {
            self.attributes = attributes
            self.spanID = spanID
            self.name = name
            self.startNanoseconds = startNanoseconds
            self.durationNanoseconds = durationNanoseconds
        }
    }

    package struct Service: Hashable, Sendable {
        package var name: String
        package var spanCount: UInt32
        package var errorCount: UInt32

        package init(name: String, spanCount: UInt32, errorCount: UInt32) {
            self.name = name
            self.spanCount = spanCount
            self.errorCount = errorCount
        }
    }

    /// What was looked at.
    package struct Metrics: Hashable, Sendable {
        package var inspectedTraceCount: UInt32 = 0
        package var inspectedByteCount: UInt64 = 0
        package var blockCount: UInt32 = 0
        package var completedJobCount: UInt32 = 0
        package var jobCount: UInt32 = 0
        package var blockByteCount: UInt64 = 0
        package var inspectedSpanCount: UInt64 = 0

        package init() {}
    }

    package var traces: [Trace] = []
    package var metrics = Metrics()

    package init() {}
}

extension SearchResponse {
    /// The encoded message; the metrics are always present in it.
    ///
    /// - Throws: `.outOfMemory`.
    package func encoded() throws(ProtobufError) -> [UInt8] {
        let arena = try MessageArena(byteLimit: .max)
        // Safe: all structs live in the arena until they are packed.
        let response = unsafe try arena.make(tempo__search_response__init)
        unsafe response.pointee.n_traces = traces.count
        unsafe response.pointee.traces = try arena.list(traces) { trace throws(ProtobufError) in
            unsafe Optional(try Self.message(trace, in: arena))
        }
        let figures = unsafe try arena.make(tempo__search_metrics__init)
        unsafe figures.pointee.inspectedtraces = metrics.inspectedTraceCount
        unsafe figures.pointee.inspectedbytes = metrics.inspectedByteCount
        unsafe figures.pointee.totalblocks = metrics.blockCount
        unsafe figures.pointee.completedjobs = metrics.completedJobCount
        unsafe figures.pointee.totaljobs = metrics.jobCount
        unsafe figures.pointee.totalblockbytes = metrics.blockByteCount
        unsafe figures.pointee.inspectedspans = metrics.inspectedSpanCount
        unsafe response.pointee.metrics = figures
        return unsafe arena.packed(response)
    }

    private static func message(
        _ trace: Trace, in arena: borrowing MessageArena
    ) throws(ProtobufError) -> UnsafeMutablePointer<Tempo__TraceSearchMetadata> {
        // Safe: as in `encoded`.
        let message = unsafe try arena.make(tempo__trace_search_metadata__init)
        unsafe message.pointee.traceid = try arena.bytes(Array(trace.traceID.utf8))
        unsafe message.pointee.rootservicename = try arena.bytes(Array(trace.rootServiceName.utf8))
        unsafe message.pointee.roottracename = try arena.bytes(Array(trace.rootTraceName.utf8))
        unsafe message.pointee.starttimeunixnano = trace.startNanoseconds
        unsafe message.pointee.durationms = trace.durationMilliseconds
        unsafe message.pointee.spanset = try spanSet(trace.spanSets.first ?? SpanSet(), in: arena)
        unsafe message.pointee.n_spansets = trace.spanSets.count
        unsafe message.pointee.spansets = try arena.list(trace.spanSets) { set throws(ProtobufError) in
            unsafe Optional(try spanSet(set, in: arena))
        }
        unsafe message.pointee.n_servicestats = trace.services.count
        unsafe message.pointee.servicestats = try arena.list(trace.services) { service throws(ProtobufError) in
            let entry = unsafe try arena.make(tempo__trace_search_metadata__service_stats_entry__init)
            let stats = unsafe try arena.make(tempo__service_stats__init)
            unsafe stats.pointee.spancount = service.spanCount
            unsafe stats.pointee.errorcount = service.errorCount
            unsafe entry.pointee.key = try arena.bytes(Array(service.name.utf8))
            unsafe entry.pointee.value = stats
            return unsafe Optional(entry)
        }
        return unsafe message
    }

    private static func spanSet(
        _ spanSet: SpanSet, in arena: borrowing MessageArena
    ) throws(ProtobufError) -> UnsafeMutablePointer<Tempo__SpanSet> {
        // Safe: as in `encoded`.
        let set = unsafe try arena.make(tempo__span_set__init)
        unsafe set.pointee.matched = spanSet.matchedCount
        unsafe set.pointee.n_attributes = spanSet.attributes.count
        unsafe set.pointee.attributes = try arena.keyValues(spanSet.attributes)
        unsafe set.pointee.n_spans = spanSet.spans.count
        unsafe set.pointee.spans = try arena.list(spanSet.spans) { span throws(ProtobufError) in
            let message = unsafe try arena.make(tempo__span__init)
            unsafe message.pointee.spanid = try arena.bytes(Array(span.spanID.utf8))
            unsafe message.pointee.name = try arena.bytes(Array(span.name.utf8))
            unsafe message.pointee.starttimeunixnano = span.startNanoseconds
            unsafe message.pointee.durationnanos = span.durationNanoseconds
            unsafe message.pointee.n_attributes = span.attributes.count
            unsafe message.pointee.attributes = try arena.keyValues(span.attributes)
            return unsafe Optional(message)
        }
        return unsafe set
    }
}
