// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import OTLPGenerator
internal import ProtobufMessages
internal import QueryEngine
internal import StoreTesting
internal import Testing
internal import TraceModel
internal import TraceQL
internal import TraceQLReference

/// Random traces in a store, and as plain values.
struct ReferenceStore {
    var filled: FilledStore
    var traces: [ReferenceTrace] = []

    /// Fills a store with traces whose spans lie in blocks, sealed and live heads, some of them twice.
    init(traceCount: Int, spanCount: Int, _ random: inout RandomSearches, seed: UInt64) async throws {
        let traces = (0..<traceCount).map { _ in random.trace(spanCount: spanCount) }
        self = try await ReferenceStore(traces, isScattered: true, &random, seed: seed)
    }

    /// Fills a store with traces, some of whose spans stand there twice.
    ///
    /// - Parameter isScattered: Whether they lie in blocks, sealed and live heads; else they lie in live heads.
    init(_ traces: [ReferenceTrace], isScattered: Bool, _ random: inout RandomSearches, seed: UInt64) async throws {
        self.traces = traces
        filled = try await FilledStore(seed: seed)
        var pieces = traces.flatMap { trace in trace.spans.map { (trace.id, $0) } }
        for index in pieces.indices where random.random.once(in: 8) { pieces.append(pieces[index]) }
        var requests: [OTLPMessage.ExportTraceServiceRequest] = []
        while !pieces.isEmpty {
            var request = OTLPMessage.ExportTraceServiceRequest()
            for _ in 0..<min(pieces.count, 1 + random.random.below(12)) {
                let (trace, span) = pieces.remove(at: random.random.below(pieces.count))
                request.resourceSpans.append(OTLPMessage.ResourceSpans(span, trace: trace))
            }
            requests.append(request)
        }
        if isScattered {
            try await filled.scatter(requests, seed: seed)
        } else {
            for request in requests { try await filled.append(request) }
        }
    }

    /// Where the spans lie.
    enum State: CaseIterable {
        case filled
        /// In blocks.
        case flushed
        /// In blocks of a store that was opened again.
        case reopened
    }

    /// Does something with the store as it was filled, and then with all in blocks, before and after a crash.
    mutating func inEveryState(_ body: (ReferenceStore, State) async throws -> Void) async throws {
        for state in State.allCases {
            switch state {
            case .filled: break
            case .flushed: try await filled.opened.flushAll()
            case .reopened: try await filled.reopen()
            }
            try await body(self, state)
        }
    }

    /// Trace IDs with each span that is found and the attributes that are shown of it, those of several events in any
    /// order.
    func shown(_ query: CheckedQuery) async throws -> [String] {
        var search = TraceSearchQuery()
        (search.traceQL, search.limit, search.spansPerSpanset) = (query, 10_000, 10_000)
        let result = try await filled.engine.searchTraces(search, tenant: .single)
        return result.traces.map { trace in
            let spans = trace.spansets.flatMap(\.spans).map { span -> String in
                let attributes = span.attributes.map { attribute in
                    guard case .array(let values) = attribute.value else { return "\(attribute.name)=\(attribute.value)" }
                    return "\(attribute.name)=\(values.map(\.description).sorted())"
                }
                return "\(SpanID(span.span.spanID)) \(attributes)"
            }
            return "\(trace.id) \(spans.sorted())"
        }.sorted()
    }

    /// Trace IDs with the IDs of each spanset's spans, as text that can be compared.
    func expected(_ query: CheckedQuery) throws -> [String] {
        let evaluator = try #require(ReferenceEvaluator(query))
        return traces.compactMap { trace in
            let spansets = evaluator.spansets(of: trace)
            guard !spansets.isEmpty else { return nil }
            let sets = spansets.map { set in
                Self.text(
                    set.spans.map { trace.spans[$0].id }, set.attributes.map { ($0.key, $0.value) })
            }
            return trace.id + " " + sets.sorted().joined(separator: " ")
        }.sorted()
    }

    func found(_ query: CheckedQuery) async throws -> [String] {
        var search = TraceSearchQuery()
        (search.traceQL, search.limit, search.spansPerSpanset) = (query, 10_000, 10_000)
        let result = try await filled.engine.searchTraces(search, tenant: .single)
        #expect(result.partialReason == nil)
        return result.traces.map { trace in
            let sets = trace.spansets.map { set in
                #expect(set.matchedCount == set.spans.count)
                return Self.text(
                    set.spans.map { SpanID($0.span.spanID).description }, set.attributes.map { ($0.name, $0.value) })
            }
            return trace.id.description + " " + sets.sorted().joined(separator: " ")
        }.sorted()
    }

    private static func text(_ spans: [String], _ attributes: [(String, StaticValue)]) -> String {
        let values = attributes.map { name, value in
            // Sums depend on the order by their last digits, and of equal numbers by their type.
            value.number.map { "\(name)=\(($0 * 1e6).rounded())" } ?? "\(name)=\(value)"
        }
        return "[\(spans.sorted().joined(separator: ",")) \(values.joined(separator: ","))]"
    }
}

extension OTLPMessage.ResourceSpans {
    /// One span as it is sent.
    init(_ span: ReferenceSpan, trace: String) {
        self.init()
        resource = OTLPMessage.Resource()
        resource?.attributes = span.resource.map(OTLPMessage.KeyValue.init)
        var scopes = OTLPMessage.ScopeSpans()
        var scope = OTLPMessage.InstrumentationScope()
        scope.name = Array(span.instrumentationName.utf8)
        scope.version = Array(span.instrumentationVersion.utf8)
        scope.attributes = span.instrumentation.map(OTLPMessage.KeyValue.init)
        scopes.scope = scope
        scopes.spans = [OTLPMessage.Span(span, trace: trace)]
        scopeSpans = [scopes]
    }
}

extension OTLPMessage.Span {
    fileprivate init(_ span: ReferenceSpan, trace: String) {
        self.init()
        traceID = bytes(trace)
        spanID = bytes(span.id)
        parentSpanID = span.isRoot ? [] : bytes(span.parentID)
        name = Array(span.name.utf8)
        kind = Int32(span.kind.rawValue)
        startTimeUnixNano = UInt64(span.startNanoseconds)
        endTimeUnixNano = UInt64(span.endNanoseconds)
        attributes = span.attributes.map(OTLPMessage.KeyValue.init)
        var status = OTLPMessage.Status()
        status.code = Int32(span.status.rawValue)
        status.message = Array(span.statusMessage.utf8)
        self.status = status
        events = span.events.map { event in
            var message = OTLPMessage.Event()
            message.name = Array(event.name.utf8)
            message.timeUnixNano = UInt64(event.timeNanoseconds)
            message.attributes = event.attributes.map(OTLPMessage.KeyValue.init)
            return message
        }
        links = span.links.map { link in
            var message = OTLPMessage.Link()
            message.traceID = bytes(link.traceID)
            message.spanID = bytes(link.spanID)
            message.attributes = link.attributes.map(OTLPMessage.KeyValue.init)
            return message
        }
    }
}

extension OTLPMessage.KeyValue {
    fileprivate init(_ attribute: ReferenceAttribute) {
        self.init(key: Array(attribute.key.utf8), value: OTLPMessage.AnyValue(attribute.value))
    }
}

extension OTLPMessage.AnyValue {
    fileprivate init(_ value: StaticValue) {
        switch value {
        case .int(let value), .duration(let value): self = .int(value)
        case .float(let value): self = .double(value)
        case .boolean(let value): self = .bool(value)
        case .string(let value): self = .string(Array(value.utf8))
        case .array(let values): self = .array(values.map { OTLPMessage.AnyValue($0) })
        case .opaque: self = .keyValueList([OTLPMessage.KeyValue(key: Array("a".utf8), value: .int(1))])
        case .absent, .status, .kind: self = .empty
        }
    }
}

private func bytes(_ hexadecimal: String) -> [UInt8] {
    var digits = Substring(hexadecimal)
    var bytes: [UInt8] = []
    while digits.count >= 2 {
        bytes.append(UInt8(digits.prefix(2), radix: 16) ?? 0)
        digits = digits.dropFirst(2)
    }
    return bytes
}
