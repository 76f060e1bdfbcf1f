// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ProtobufMessages
internal import QueryEngine
internal import StoreTesting
internal import Testing
internal import TraceModel

/// Traces, found by looking at every span.
struct NaiveSearch {
    private struct Trace {
        var id: TraceID
        var spans: [PlacedSpan]
        /// Each span as OTLP, with its resource.
        var messages: [OTLPMessage.ResourceSpans]
    }

    private let traces: [Trace]

    init(_ filled: FilledStore) throws {
        traces = try filled.winners().map { id, spans in
            let messages = try spans.map { span in
                try #require(try OTLPMessage.ExportTraceServiceRequest(decoding: span.encoded).resourceSpans.first)
            }
            return Trace(id: id, spans: spans, messages: messages)
        }
    }

    func answer(_ query: TraceSearchQuery) -> [SearchedTrace] {
        let found = traces.compactMap { trace -> SearchedTrace? in
            let matches = zip(trace.spans, trace.messages).filter { holds(query.filter, $0, $1) }.map(\.0)
            let start = trace.spans[0].copy.key.start
            let end = trace.spans.map(\.copy.end).max() ?? 0
            let duration = end > start ? end - start : 0
            let root = trace.spans.first { $0.spans.parent($0.row) == 0 }
            guard !matches.isEmpty, trace.spans.contains(where: { $0.isIn(query.range) }),
                query.duration.contains(duration), test(query.rootName, root?.name),
                test(query.rootServiceName, root?.serviceName)
            else { return nil }
            return SearchedTrace(
                id: trace.id,
                root: root.map { .init(service: $0.serviceName, nameBytes: $0.name) }, startNanoseconds: start, durationNanoseconds: duration,
                spansets: [
                    SearchedSpanset(
                        matchedCount: matches.count,
                        spans: matches.prefix(query.spansPerSpanset).map {
                            SearchedSpan(
                                MatchedSpan(
                                    spanID: $0.copy.key.spanID, start: $0.copy.key.start, duration: $0.duration,
                                    name: $0.name))
                        })
                ],
                services: Dictionary(grouping: trace.spans, by: \.serviceName).map { service, spans in
                    ServiceCounts(
                        service: service, spanCount: spans.count, errorCount: spans.count { $0.copy.status == 2 })
                }.sorted { $0.service.lexicographicallyPrecedes($1.service) })
        }
        return Array(found.sorted(by: SearchedTrace.precedes).prefix(query.limit))
    }

    private func test(_ test: ValueTest?, _ text: [UInt8]?) -> Bool {
        guard let test else { return true }
        guard let text else { return false }
        return holds(test, .string(text))
    }

    private func holds(_ filter: SpanFilter, _ span: PlacedSpan, _ message: OTLPMessage.ResourceSpans) -> Bool {
        switch filter {
        case .all(let parts): return parts.allSatisfy { holds($0, span, message) }
        case .any(let parts): return parts.contains { holds($0, span, message) }
        case .not(let part): return !holds(part, span, message)
        case .holds(let subject, let test):
            return values(of: subject, span, message).contains { holds(test, $0) }
        }
    }

    private func values(
        of subject: SpanSubject, _ span: PlacedSpan, _ message: OTLPMessage.ResourceSpans
    ) -> [OTLPMessage.AnyValue] {
        let stored = message.scopeSpans[0].spans[0]
        switch subject {
        case .spanAttribute(let key): return first(key, stored.attributes)
        case .resourceAttribute(let key): return first(key, message.resource?.attributes ?? [])
        case .name: return [.string(stored.name)]
        case .statusMessage: return [.string(stored.status?.message ?? [])]
        case .status: return [.int(Int64(stored.status?.code ?? 0))]
        case .kind: return [.int(Int64(stored.kind))]
        case .duration: return [.int(Int64(clamping: span.duration))]
        case .isRoot: return [.bool(span.spans.parent(span.row) == 0)]
        case .spanID: return [.string(stored.spanID)]
        case .eventName: return stored.events.map { .string($0.name) }
        case .eventTime:
            return stored.events.map { .int(Int64(bitPattern: $0.timeUnixNano &- stored.startTimeUnixNano)) }
        case .eventAttribute(let key): return stored.events.flatMap { first(key, $0.attributes) }
        case .linkAttribute(let key): return stored.links.flatMap { first(key, $0.attributes) }
        case .linkTraceID: return stored.links.map { .string($0.traceID) }
        case .linkSpanID: return stored.links.map { .string($0.spanID) }
        case .scopeName: return [.string(message.scopeSpans[0].scope?.name ?? [])]
        case .scopeVersion: return [.string(message.scopeSpans[0].scope?.version ?? [])]
        case .scopeAttribute(let key): return first(key, message.scopeSpans[0].scope?.attributes ?? [])
        }
    }

    /// Of several attributes with a key the first counts, also if it has no value.
    private func first(_ key: [UInt8], _ attributes: [OTLPMessage.KeyValue]) -> [OTLPMessage.AnyValue] {
        attributes.first { $0.key == key }?.value.map { [$0] } ?? []
    }

    private func holds(_ test: ValueTest, _ value: OTLPMessage.AnyValue) -> Bool {
        switch (test, value) {
        case (_, .empty): return false
        case (.exists, _): return true
        case (.tag(let tag), .string(let bytes)):
            let text = String(decoding: bytes, as: UTF8.self).lowercased()
            return contains(Array(text.utf8), Array(tag.text.lowercased().utf8))
        case (.tag(let tag), .int(let number)):
            if let wanted = Int64(tag.text) { return wanted == number }
            return Double(tag.text) == Double(number) || tag.text.isEmpty
        case (.tag(let tag), .double(let bits)):
            return Double(tag.text) == Double(bitPattern: bits) || tag.text.isEmpty
        case (.tag(let tag), .bool(let value)): return tag.text == "\(value)" || tag.text.isEmpty
        case (.tag, .array(let elements)):
            return elements.contains { if case .array = $0 { false } else { holds(test, $0) } }
        case (.string(let text), .string(let bytes)): return text == bytes
        case (.integer(let range), .int(let number)): return range.contains(number)
        case (.number(let range), .int(let number)): return range.contains(Double(number))
        case (.number(let range), .double(let bits)): return range.contains(Double(bitPattern: bits))
        case (.boolean(let wanted), .bool(let value)): return wanted == value
        case (.compares(let comparison, let operand), .array(let elements)):
            let scalars = elements.filter { if case .array = $0 { false } else { true } }
            guard comparison == .notEqual else { return scalars.contains { holds(test, $0) } }
            return !scalars.contains { holds(.compares(.equal, operand), $0) }
                && (elements.isEmpty || scalars.contains { holds(test, $0) })
        case (.compares(let comparison, .string(let operand)), .string(let bytes)):
            if bytes == operand { return compares(comparison, 0) }
            return compares(comparison, bytes.lexicographicallyPrecedes(operand) ? -1 : 1)
        case (.compares(let comparison, .integer(let operand)), .int(let number)):
            return compares(comparison, number < operand ? -1 : number > operand ? 1 : 0)
        case (.compares(let comparison, .boolean(let operand)), .bool(let value)):
            return comparison == .equal ? value == operand : comparison == .notEqual && value != operand
        default: return false
        }
    }

    private func compares(_ comparison: Comparison, _ order: Int) -> Bool {
        switch comparison {
        case .equal: order == 0
        case .notEqual: order != 0
        case .less: order < 0
        case .lessOrEqual: order <= 0
        case .greater: order > 0
        case .greaterOrEqual: order >= 0
        }
    }

    private func contains(_ text: [UInt8], _ part: [UInt8]) -> Bool {
        part.isEmpty || text.indices.contains { text[$0...].starts(with: part) }
    }
}
