// SPDX-License-Identifier: Apache-2.0

import BlockFormat
import FileIO
import QueryEngine
import Synchronization
import Testing
import TraceModel
import TraceQL
import TraceServer
import TraceStorage

/// Answers of any length, of whatever found traces say, go to the client in pieces of a bounded size.
@Suite("A search's answer in JSON", .timeLimit(.minutes(5))) struct SearchAnswerPiecesTests {
    @Test(
        "is the same whatever the size of its pieces, with every kind of text and value",
        arguments: [1, 1_200, 5_000, 128 << 10], 0..<4 as Range<UInt64>)
    func pieces(byteCount: Int, seed: UInt64) async throws {
        var limits = RunningServer.smallLimits
        limits.answerChunkByteCount = byteCount
        try await RunningServer.with(limits: limits) { [limits] server in
            var random = SeededGenerator(seed: seed)
            let traces = (0..<40).map { _ in randomTrace(&random, textByteCount: 2_000) }
            // With memory to keep attributes' JSON, without it, and uncounted.
            let found = TraceSearchResult(traces: traces).found.byteCount
            for queryByteCount in [nil, found + 2 * limits.answerChunkByteCount, 64 << 20] {
                let memory = queryByteCount.map { QueryMemory(budget: MemoryBudget(limits: [.query: $0])) }
                try memory?.hold(found)
                server.queries.state.withLock { $0.search = TraceSearchResult(traces: traces, memory: memory) }
                let (answer, longest) = try await search(server)
                #expect(answer.status == 200)
                #expect(answer.text == "{\"traces\":[\(traces.map(json).joined(separator: ","))],\"metrics\":{}}")
                #expect(longest <= max(1_024, limits.answerChunkByteCount))
            }
        }
    }

    @Test("of traces with huge attributes of control characters takes no more memory than two pieces")
    func huge() async throws {
        let pieceByteCount = RunningServer.smallLimits.answerChunkByteCount
        try await RunningServer.with { server in
            let text = String(repeating: "\u{1}\u{1f}", count: 1 << 15)
            let (value, name) = (StaticValue.string(text), Array((text + "\"").utf8))
            let attributes = [
                SearchedAttribute(name: text, value: value), SearchedAttribute(name: "a", value: .int(1)),
                SearchedAttribute(name: "b", value: .array(Array(repeating: .string("\u{2}x"), count: 40_000))),
            ]
            let spans = (1...20).map {
                SearchedSpan(MatchedSpan(spanID: $0, start: 1, duration: 2, name: name), attributes: attributes)
            }
            let set = SearchedSpanset(matchedCount: 20, spans: Array(spans.prefix(3)))
            let few = SearchedSpanset(matchedCount: 7, spans: [], attributes: [SearchedAttribute(name: "n", value: .int(7))])
            let trace = SearchedTrace(
                id: TraceID(high: 0, low: 1), root: .init(service: name, nameBytes: name), startNanoseconds: 1,
                durationNanoseconds: 1, spansets: [set] + Array(repeating: few, count: 20_000),
                services: [ServiceCounts(service: name + [0xff], spanCount: 1, errorCount: 0)])
            let found = TraceSearchResult(traces: [trace, trace]).found.byteCount
            let budget = MemoryBudget(limits: [.query: found + 2 * pieceByteCount])
            let memory = QueryMemory(budget: budget)
            try memory.hold(found)
            server.queries.state.withLock { $0.search = TraceSearchResult(traces: [trace, trace], memory: memory) }
            let (answer, longest) = try await search(server)
            #expect(answer.status == 200 && longest <= pieceByteCount)
            // Too long to be printed where it differs.
            let isEqual = answer.text == "{\"traces\":[\(json(trace)),\(json(trace))],\"metrics\":{}}"
            #expect(isEqual)
        }
    }

    /// The answer, and the bytes of its longest chunk.
    private func search(_ server: RunningServer) async throws -> (TestAnswer, longest: Int) {
        var (answer, longest) = (TestAnswer(), 0)
        try await HTTPTestConnection.with(port: server.port(.http)) { connection in
            try await connection.send("GET /api/search HTTP/1.1\r\nHost: a\r\n\r\n")
            answer = try await connection.answer()
            longest = connection.longestChunkByteCount
        }
        return (answer, longest)
    }

    private func randomTrace(_ random: inout SeededGenerator, textByteCount: Int) -> SearchedTrace {
        func text() -> [UInt8] {
            let parts: [[UInt8]] = [
                Array("GET /".utf8), [1, 2, 0x1f], Array("\"\\\n\t\r".utf8), Array("ä🐝".utf8), [0xff], [0xf0, 0x9f], [0x80, 0x80],
            ]
            let isLong = random.next(below: 12) == 0
            var text: [UInt8] = []
            let kinds = random.next(below: 3) == 0 ? parts.count : random.next(below: 2) == 0 ? 4 : 1
            let byteCount = random.next(below: isLong ? textByteCount : 12)
            while text.count < byteCount { text += parts[random.next(below: kinds)] }
            return text
        }
        func value(_ depth: Int) -> StaticValue {
            switch random.next(below: depth < 2 ? 9 : 8) {
            case 0: .string(String(decoding: text(), as: UTF8.self))
            case 1: .int([0, -1, .min, .max][random.next(below: 4)])
            case 2: .float([0.5, 2, -.infinity, .nan, 1e300][random.next(below: 5)])
            case 3: .boolean(random.next(below: 2) == 0)
            case 4: .duration([0, 1, .min, .max, 90_000_000_000][random.next(below: 5)])
            case 5: .status(.error)
            case 6: .kind(.consumer)
            case 7: .absent
            default: .array((0..<random.next(below: 6)).map { _ in value(depth + 1) })
            }
        }
        func attributes() -> [SearchedAttribute] {
            (0..<random.next(below: 4)).map { _ in
                SearchedAttribute(name: String(decoding: text(), as: UTF8.self), value: value(0))
            }
        }
        func spanset() -> SearchedSpanset {
            let spans = (0..<random.next(below: 4)).map { _ in
                SearchedSpan(
                    MatchedSpan(
                        spanID: random.next(), start: random.next() >> 60, duration: random.next() >> 61, name: text()),
                    attributes: attributes())
            }
            return SearchedSpanset(matchedCount: random.next(below: 3), spans: spans, attributes: attributes())
        }
        return SearchedTrace(
            id: TraceID(high: random.next(), low: random.next()),
            root: random.next(below: 3) == 0 ? nil : .init(service: text(), nameBytes: text()),
            startNanoseconds: random.next() >> 61, durationNanoseconds: random.next() >> 20,
            spansets: (0..<random.next(below: 4)).map { _ in spanset() },
            services: (0..<random.next(below: 5)).map { _ in
                ServiceCounts(service: text(), spanCount: random.next(below: 3), errorCount: random.next(below: 2))
            })
    }
}

// MARK: - The same, naively

private func json(_ trace: SearchedTrace) -> String {
    var fields = ["\"traceID\":\"\(trace.id)\""]
    if let root = trace.root {
        if !root.service.isEmpty { fields.append("\"rootServiceName\":\(quoted(root.serviceName))") }
        if !root.nameBytes.isEmpty { fields.append("\"rootTraceName\":\(quoted(root.name))") }
    } else {
        fields.append("\"rootServiceName\":\"<root span not yet received>\"")
    }
    if trace.startNanoseconds > 0 { fields.append("\"startTimeUnixNano\":\"\(trace.startNanoseconds)\"") }
    let milliseconds = UInt32(clamping: trace.durationNanoseconds / 1_000_000)
    if milliseconds > 0 { fields.append("\"durationMs\":\(milliseconds)") }
    let sets = trace.spansets.map(json)
    fields.append("\"spanSet\":\(sets.first ?? "{}"),\"spanSets\":[\(sets.joined(separator: ","))]")
    var services: [(name: [UInt8], spans: Int, errors: Int)] = []
    for service in trace.services {
        let name = Array(String(decoding: service.service, as: UTF8.self).utf8)
        if let place = services.firstIndex(where: { $0.name == name }) {
            services[place].spans += service.spanCount
            services[place].errors += service.errorCount
        } else {
            services.append((name, service.spanCount, service.errorCount))
        }
    }
    if !services.isEmpty {
        let stats = services.map { service in
            let counts = [("spanCount", service.spans), ("errorCount", service.errors)].filter { $0.1 > 0 }
            let text = counts.map { "\"\($0)\":\($1)" }.joined(separator: ",")
            return "\(quoted(String(decoding: service.name, as: UTF8.self))):{\(text)}"
        }
        fields.append("\"serviceStats\":{\(stats.joined(separator: ","))}")
    }
    return "{\(fields.joined(separator: ","))}"
}

private func json(_ set: SearchedSpanset) -> String {
    let spans = set.spans.map { found in
        var fields = ["\"spanID\":\"\(SpanID(found.span.spanID))\""]
        if !found.span.name.isEmpty {
            fields.append("\"name\":\(quoted(String(decoding: found.span.name, as: UTF8.self)))")
        }
        if found.span.start > 0 { fields.append("\"startTimeUnixNano\":\"\(found.span.start)\"") }
        if found.span.duration > 0 { fields.append("\"durationNanos\":\"\(found.span.duration)\"") }
        return "{\((fields + json(found.attributes)).joined(separator: ","))}"
    }
    let matched = set.matchedCount > 0 ? ["\"matched\":\(set.matchedCount)"] : []
    return "{\((["\"spans\":[\(spans.joined(separator: ","))]"] + matched + json(set.attributes)).joined(separator: ","))}"
}

private func json(_ attributes: [SearchedAttribute]) -> [String] {
    guard !attributes.isEmpty else { return [] }
    let parts = attributes.map { "{\"key\":\(quoted($0.name)),\"value\":\(json($0.value))}" }
    return ["\"attributes\":[\(parts.joined(separator: ","))]"]
}

private func json(_ value: StaticValue) -> String {
    switch value {
    case .absent, .opaque: return "{\"stringValue\":\"nil\"}"
    case .string(let text): return "{\"stringValue\":\(quoted(text))}"
    case .duration(let value): return "{\"stringValue\":\"\(durationText(nanoseconds: value))\"}"
    case .status(let value): return "{\"stringValue\":\"\(value.name)\"}"
    case .kind(let value): return "{\"stringValue\":\"\(value.name)\"}"
    case .boolean(let value): return "{\"boolValue\":\(value)}"
    case .int(let value): return "{\"intValue\":\"\(value)\"}"
    case .float(let value):
        let text = value.isNaN ? "\"NaN\"" : value.isInfinite ? "\"\(value < 0 ? "-" : "")Infinity\"" : "\(value)"
        return "{\"doubleValue\":\(text.hasSuffix(".0") ? String(text.dropLast(2)) : text)}"
    case .array(let values):
        return "{\"arrayValue\":{\"values\":[\(values.map(json).joined(separator: ","))]}}"
    }
}

private func quoted(_ text: String) -> String {
    var quoted: [UInt8] = [UInt8(ascii: "\"")]
    for byte in text.utf8 {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): quoted += [UInt8(ascii: "\\"), byte]
        case 9: quoted += Array("\\t".utf8)
        case 10: quoted += Array("\\n".utf8)
        case 13: quoted += Array("\\r".utf8)
        case 0..<0x20: quoted += Array("\\u00".utf8) + [byte < 16 ? 0x30 : 0x31, Array("0123456789abcdef".utf8)[Int(byte % 16)]]
        default: quoted.append(byte)
        }
    }
    return String(decoding: quoted + [UInt8(ascii: "\"")], as: UTF8.self)
}
