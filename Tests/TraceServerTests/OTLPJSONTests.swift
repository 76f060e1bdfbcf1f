// SPDX-License-Identifier: Apache-2.0

import Ingest
import Testing
import TraceServer

@Suite(.timeLimit(.minutes(5))) struct OTLPJSONTests {
    @Test(arguments: ["application/json", "Application/JSON; charset=utf-8", "application/json;charset=UTF-8"])
    func `a JSON body arrives as it was sent and is answered with an empty object`(type: String) async throws {
        try await RunningServer.with { server in
            let answer = try await server.request(
                "POST", "/v1/traces", to: .otlpHTTP, fields: ["Content-Type: \(type)"], body: Array("{}".utf8))
            #expect(answer.status == 200)
            #expect(answer.fields["content-type"] == "application/json")
            #expect(answer.text == "{}")
            let request = try #require(server.receiver.requests.first)
            #expect(request.format == .json && request.encoding == .identity && request.body == Array("{}".utf8))
        }
    }

    @Test func `protobuf stays protobuf, and JSON may be compressed`() async throws {
        try await RunningServer.with { server in
            for (type, format) in [("json", MessageFormat.json), ("x-protobuf", .protobuf)] {
                let answer = try await server.request(
                    "POST", "/v1/traces", to: .otlpHTTP,
                    fields: ["Content-Type: application/\(type)", "Content-Encoding: gzip"], body: [31, 139])
                #expect(answer.status == 200)
                #expect(server.receiver.requests.last?.format == format)
                #expect(server.receiver.requests.last?.encoding == .gzip)
            }
        }
    }

    @Test func `rejected spans are reported in JSON`() async throws {
        try await RunningServer.with { server in
            server.receiver.answer(
                .success(ExportOutcome(acceptedSpanCount: 5, rejectedSpanCount: 2, rejectionMessage: "zero \"IDs\"")))
            let answer = try await server.request(
                "POST", "/v1/traces", to: .otlpHTTP, fields: ["Content-Type: application/json"], body: [1])
            #expect(answer.status == 200)
            #expect(answer.text == #"{"partialSuccess":{"rejectedSpans":"2","errorMessage":"zero \"IDs\""}}"#)
        }
    }

    @Test(
        arguments: [
            (
                IngestError(.malformed, "bad"), 400,
                #"{"code":3,"message":"bad","details":[{"@type":"type.googleapis.com/google.rpc.BadRequest","#
                    + #""fieldViolations":[{"description":"bad"}]}]}"#
            ),
            (IngestError(.tooLarge, "big"), 413, #"{"code":8,"message":"big"}"#),
            (
                IngestError(.overloaded, "busy", retryAfterSeconds: 7), 429,
                #"{"code":8,"message":"busy","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","#
                    + #""retryDelay":"7s"}]}"#
            ),
        ] as [(IngestError, Int, String)])
    func `an error is a google rpc Status in JSON`(error: IngestError, status: Int, json: String) async throws {
        try await RunningServer.with { server in
            server.receiver.answer(.failure(error))
            let answer = try await server.request(
                "POST", "/v1/traces", to: .otlpHTTP, fields: ["Content-Type: application/json"], body: [1])
            #expect(answer.status == status)
            #expect(answer.fields["content-type"] == "application/json")
            #expect(answer.text == json)
        }
    }
}
