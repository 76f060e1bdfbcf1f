// SPDX-License-Identifier: Apache-2.0

import ByteCoding
import OTLP
import Testing
import TraceModel
import TrafficModel

@Suite struct ModelRequestTests {
    @Test func `requests hold every span of their traces once, with its service`() throws {
        var model = TrafficModel(seed: 12, start: 1_760_000_000_000_000_000)
        let traces = (0..<300).map { _ in model.nextTrace() }
        var expected: [String: Int] = [:]
        for trace in traces {
            for span in trace.spans {
                let parent = span.parent.map { "\($0)" } ?? ""
                expected["\(trace.id) \(span.id) \(parent) \(span.process.service.name) \(span.name)", default: 0] += 1
            }
        }
        var found: [String: Int] = [:]
        for request in TrafficModel.requests(for: traces) {
            var spanCount = 0
            for (service, span) in try spansWithServices(request.body) {
                spanCount += 1
                let ids = [1, 2, 4].map { span[field: $0].first.map { hexadecimal($0.bytes) } ?? "" }
                found["\(ids.joined(separator: " ")) \(service) \(span[field: 5][0].text)", default: 0] += 1
            }
            #expect(spanCount == request.spanCount)
        }
        #expect(found == expected)
    }

    @Test func `a span's fields are on the wire as they are in the model`() throws {
        var model = TrafficModel(seed: 13, start: 1_760_000_000_000_000_000)
        let traces = (0..<200).map { _ in model.nextTrace() }
        let byID = Dictionary(
            uniqueKeysWithValues: traces.flatMap(\.spans).map { ("\($0.id)", $0) })
        for request in TrafficModel.requests(for: traces) {
            for (_, wire) in try spansWithServices(request.body) {
                let span = try #require(byID[hexadecimal(wire[field: 2][0].bytes)])
                #expect(wire[field: 6][0].value == UInt64(span.kind) && wire[field: 16][0].value == UInt64(span.flags))
                #expect(wire[field: 7][0].value == span.start && wire[field: 8][0].value == span.end)
                #expect(try wire[field: 9].map { try wireFields($0.bytes)[field: 1][0].text } == span.attributes.map(\.key))
                #expect(try wire[field: 11].map { try wireFields($0.bytes)[field: 2][0].text } == span.events.map(\.name))
                #expect(
                    try wire[field: 13].map { hexadecimal(try wireFields($0.bytes)[field: 2][0].bytes) }
                        == span.links.map { "\($0.spanID)" })
                let status = try wireFields(wire[field: 15][0].bytes)
                #expect((status[field: 3].first?.value ?? 0) == UInt64(span.status))
                #expect((status[field: 2].first?.text ?? "") == span.statusMessage)
            }
        }
    }

    @Test func `the decoder of the server takes every span`() throws {
        var model = TrafficModel(seed: 15, start: 1_760_000_000_000_000_000)
        let traffic = model.nextRequests(traceCount: 500)
        var batch = SpanBatch(pool: SlabPool(retainedByteLimit: 0))
        var decoder = OTLPDecoder()
        for request in traffic.requests {
            let result = try decoder.decode(request.body.rawSpan, arrivalSeconds: 0, into: &batch)
            #expect(result.acceptedSpanCount == request.spanCount)
        }
        #expect(batch.rowCount == traffic.spanCount)
        let view = batch.view()
        var spanCounts: [TraceID: Int] = [:]
        for row in 0..<view.rowCount { spanCounts[view.traceID(row), default: 0] += 1 }
        #expect(traffic.truths.allSatisfy { spanCounts[$0.id] == $0.spanCount } && spanCounts.count == 500)
    }

    @Test(arguments: [1, 7, 64]) func `no request holds more spans than allowed`(maximum: Int) {
        var model = TrafficModel(seed: 14, start: 0)
        let traffic = model.nextRequests(traceCount: 60, maximumSpanCount: maximum)
        #expect(traffic.requests.allSatisfy { (1...maximum).contains($0.spanCount) })
        #expect(traffic.requests.reduce(0) { $0 + $1.spanCount } == traffic.spanCount)
    }

    private func spansWithServices(_ body: [UInt8]) throws -> [(String, [WireField])] {
        try wireFields(body)[field: 1].flatMap { resourceSpans in
            let parts = try wireFields(resourceSpans.bytes)
            let resource = try wireFields(parts[field: 1][0].bytes)[field: 1].map { try wireFields($0.bytes) }
            let name = try #require(resource.first { $0[field: 1][0].text == "service.name" })
            let service = try wireFields(name[field: 2][0].bytes)[field: 1][0].text
            return try parts[field: 2].flatMap { try wireFields($0.bytes)[field: 2] }.map { (service, try wireFields($0.bytes)) }
        }
    }
}

private func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { byte in
        let digits = String(byte, radix: 16)
        return digits.count == 1 ? "0" + digits : digits
    }.joined()
}
