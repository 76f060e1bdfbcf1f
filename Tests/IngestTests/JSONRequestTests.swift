// SPDX-License-Identifier: Apache-2.0

internal import FileIO
internal import Inflate
internal import Ingest
internal import StoreTesting
internal import Testing
internal import TraceModel
internal import TraceStorage

@Suite("Requests in JSON", .timeLimit(.minutes(5))) struct JSONRequestTests {
    /// A request with as many good spans, and a bad one if need be.
    private func text(_ spanCount: Int, hasBadSpan: Bool = false) -> [UInt8] {
        var spans = (1...max(1, spanCount)).prefix(spanCount).map { number in
            let id = String(number, radix: 16)
            return """
                {"traceId":"\(String(repeating: "0", count: 32 - id.count))\(id)","spanId":"eee19b7ec3c1b174",\
                "name":"GET /\(number)","kind":2,"startTimeUnixNano":"1000","endTimeUnixNano":2000}
                """
        }
        if hasBadSpan { spans.append(#"{"traceId":"","spanId":"","name":"x"}"#) }
        return Array(#"{"resourceSpans":[{"scopeSpans":[{"spans":[\#(spans.joined(separator: ","))]}]}]}"#.utf8)
    }

    private func export(
        _ receiver: IngestService, _ body: [UInt8], _ encoding: BodyEncoding
    ) async throws(IngestError) -> ExportOutcome {
        let reservation = try receiver.reserve(body.count)
        defer { withExtendedLifetime(reservation) {} }
        return try await receiver.export(
            ExportRequest(tenant: .single, body: body, encoding: encoding, format: .json))
    }

    private func open(ingestByteLimit: Int = 64 << 20) async throws -> (opened: OpenStore, receiver: IngestService) {
        let budget = MemoryBudget(limits: [.ingest: ingestByteLimit, .heads: 1 << 30, .cache: 1 << 20])
        let opened = try await OpenStore.open(on: SimulatedFileSystem(seed: 1), budget: budget)
        return (opened, try IngestService(store: opened.store, budget: budget, now: { 1_700_000_000_000_000_000 }))
    }

    @Test("good spans are stored, bad ones counted", arguments: [BodyEncoding.identity, .gzip], [3, 3_000])
    func stored(encoding: BodyEncoding, spanCount: Int) async throws {
        let (opened, receiver) = try await open()
        let text = text(spanCount, hasBadSpan: true)
        let outcome = try await export(receiver, encoding == .gzip ? try gzip(text) : text, encoding)
        #expect(outcome.acceptedSpanCount == spanCount)
        #expect(outcome.rejectedSpanCount == 1)
        #expect(outcome.rejectionMessage != nil)
        #expect(try await opened.store.copiesBySource(of: .single).flatMap { $0 }.count == spanCount)
        #expect(opened.budget.usedByteCount(by: .ingest) == 0)
    }

    @Test("a request without spans is a success", arguments: ["{}", #" {"resourceSpans":[]} "#])
    func empty(json: String) async throws {
        let (_, receiver) = try await open()
        #expect(try await export(receiver, Array(json.utf8), .identity).acceptedSpanCount == 0)
    }

    @Test("what is no JSON is malformed, with the byte", arguments: [BodyEncoding.identity, .gzip])
    func malformed(encoding: BodyEncoding) async throws {
        let (opened, receiver) = try await open()
        for (json, place) in [("", "byte 0"), (#"{"resourceSpans":[}"#, "byte 18"), ("{}x", "byte 2")] {
            let text = Array(json.utf8)
            let error = await #expect(throws: IngestError.self) {
                try await export(receiver, encoding == .gzip ? try gzip(text) : text, encoding)
            }
            #expect(error?.code == .malformed)
            #expect(error?.message.contains("at \(place) of the JSON request") == true, "\(error?.message ?? "")")
        }
        #expect(opened.budget.usedByteCount(by: .ingest) == 0)
        #expect(try await opened.store.copiesBySource(of: .single).isEmpty)
    }

    @Test("the protobuf form counts as memory beside the text") func memory() async throws {
        let text = text(100)
        let (_, receiver) = try await open(ingestByteLimit: text.count * 2)
        #expect(try await export(receiver, text, .identity).acceptedSpanCount == 100)
        let (opened, small) = try await open(ingestByteLimit: text.count * 2 - 1)
        let error = await #expect(throws: IngestError.self) { try await export(small, text, .identity) }
        #expect(error?.code == .tooLarge)
        #expect(opened.budget.usedByteCount(by: .ingest) == 0)
    }

    @Test("protobuf that says it is JSON is malformed, and the other way round") func confused() async throws {
        let (_, receiver) = try await open()
        let error = await #expect(throws: IngestError.self) { try await export(receiver, [10, 0], .identity) }
        #expect(error?.code == .malformed)
        let request = ExportRequest(tenant: .single, body: text(1), encoding: .identity)
        let other = await #expect(throws: IngestError.self) { try await receiver.export(request) }
        #expect(other?.code == .malformed)
    }
}
