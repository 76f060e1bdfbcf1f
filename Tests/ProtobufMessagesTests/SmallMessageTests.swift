// SPDX-License-Identifier: Apache-2.0
import OTLPGenerator
import ProtobufMessages
import Testing

@Suite("Small messages")
struct SmallMessageTests {
    @Test("full success is no bytes")
    func fullSuccess() throws {
        #expect(try ExportTraceServiceResponse().encoded().isEmpty)
        #expect(try ExportTraceServiceResponse(decoding: []).partialSuccess == nil)
    }

    @Test(
        "partial success comes back",
        arguments: [(0, "a warning"), (3, "3 spans have no ID"), (Int64.max, "a\u{0}b ✓")])
    func partialSuccess(rejectedSpans: Int64, message: String) throws {
        let response = ExportTraceServiceResponse(
            partialSuccess: .init(rejectedSpans: rejectedSpans, errorMessage: message))
        #expect(try ExportTraceServiceResponse(decoding: response.encoded()) == response)
    }

    @Test("a partial success has the numbers of the specification")
    func partialSuccessBytes() throws {
        let response = ExportTraceServiceResponse(
            partialSuccess: .init(rejectedSpans: 3, errorMessage: "no"))
        #expect(try response.encoded() == [0x0a, 6, 0x08, 3, 0x12, 2, 0x6e, 0x6f])
    }

    @Test("a status comes back with its details")
    func status() throws {
        let delays: [Swift.Duration?] = [
            nil, .zero, .seconds(30), .milliseconds(1500), .nanoseconds(1),
        ]
        for delay in delays {
            for badRequest in [nil, "", "the body is not OTLP"] as [String?] {
                let status = RPCStatus(
                    code: 8, message: "later", retryDelay: delay, badRequest: badRequest)
                #expect(try RPCStatus(decoding: status.encoded()) == status)
            }
        }
    }

    @Test("a status has the numbers of google.rpc")
    func statusBytes() throws {
        let status = RPCStatus(code: 3, message: "bad", retryDelay: .seconds(5))
        let url = Array("type.googleapis.com/google.rpc.RetryInfo".utf8)
        let any = field(1, url) + field(2, field(1, [0x08, 5]))
        #expect(try status.encoded() == [0x08, 3] + field(2, Array("bad".utf8)) + field(3, any))
    }

    @Test("a trace response wraps the encoded trace")
    func traceByID() throws {
        var random = RandomOTLP(seed: 1)
        let trace = try random.request(maximumSpans: 20).encoded()
        let response = TraceByIDResponse(
            trace: trace, inspectedByteCount: 300, isPartial: true, message: "slow")
        #expect(
            try response.encoded()
                == field(1, trace) + field(2, [0x08, 0xac, 0x02]) + [0x18, 1]
                + field(4, Array("slow".utf8)))
    }

    @Test("an empty trace is present in its response")
    func emptyTrace() throws {
        #expect(
            try TraceByIDResponse(trace: [], inspectedByteCount: 0).encoded() == [0x0a, 0, 0x12, 0])
    }

    @Test("health messages have the numbers of grpc.health.v1")
    func health() throws {
        #expect(try HealthCheck.service(decoding: field(1, Array("tempo".utf8))) == "tempo")
        #expect(try HealthCheck.service(decoding: []) == "")
        #expect(try HealthCheck.encodedResponse(.serving) == [0x08, 1])
        #expect(try HealthCheck.encodedResponse(.notServing) == [0x08, 2])
    }

    @Test("damaged small messages are errors or messages, never traps")
    func damage() throws {
        let status = try RPCStatus(code: 8, message: "m", retryDelay: .seconds(1), badRequest: "b")
            .encoded()
        for bit in 0..<(status.count * 8) {
            var flipped = status
            flipped[bit / 8] ^= 1 << (bit % 8)
            _ = try? RPCStatus(decoding: flipped)
            _ = try? ExportTraceServiceResponse(decoding: flipped)
            _ = try? HealthCheck.service(decoding: flipped)
            _ = try? RPCStatus(decoding: Array(status.prefix(bit / 8)))
        }
        #expect(code { try HealthCheck.service(decoding: [0x0a, 9, 1]) } == .malformed)
    }
}
