// SPDX-License-Identifier: Apache-2.0

extension TestServer {
    /// The trace's spans as the query API answers them in protobuf; none if it answers 404.
    func spans(ofTrace hexID: String) async throws -> [TestSpan] {
        try await HTTPConnection.result(port: http) { try await $0.spans(ofTrace: hexID) }
    }

    /// Sends spans by OTLP over HTTP.
    ///
    /// - Throws: ``TestFailure`` unless all are acknowledged.
    func export(_ spans: [TestSpan]) async throws {
        let answer = try await HTTPRequest.export(TestSpan.request(spans)).answer(port: otlpHTTP)
        guard answer.status == 200, answer.body.isEmpty else {
            throw TestFailure("an export was answered with HTTP \(answer.status): \(answer.text)")
        }
    }

    /// A number on the status page, by its name there.
    func figure(_ name: String) async throws -> Int {
        let page = try await HTTPRequest.get("/status").answer(port: http).text
        let line = page.split(separator: "\n").first { $0.hasPrefix("  \(name): ") }
        guard let number = line.flatMap({ Int($0.split(separator: " ").last ?? "") }) else {
            throw TestFailure("the status page has no \(name):\n\(page)")
        }
        return number
    }
}

extension HTTPConnection {
    /// As ``TestServer/spans(ofTrace:)``, on a connection that is kept.
    mutating func spans(ofTrace hexID: String) async throws -> [TestSpan] {
        let request = HTTPRequest.get("/api/traces/\(hexID)", accept: "application/protobuf")
        var answer = try await answer(to: request)
        // Several long traces at once are too much for a small server, which says so; who asks again is answered.
        for _ in 0..<100 where answer.status == 503 {
            try await Task.sleep(for: .milliseconds(50))
            answer = try await self.answer(to: request)
        }
        switch answer.status {
        case 200: return try TestSpan.spans(ofTracesData: answer.body)
        case 404: return []
        default: throw TestFailure("trace \(hexID) was answered with HTTP \(answer.status): \(answer.text)")
        }
    }
}

/// The ExportTraceServiceResponse's partial_success.
struct PartialSuccess: Equatable {
    var rejectedSpanCount: UInt64 = 0
    var message = ""

    /// - Returns: nil if the response has none.
    init?(response: [UInt8]) throws {
        var success: ArraySlice<UInt8>?
        try ProtobufField.each(of: response[...]) { number, value in if number == 1 { success = value.content } }
        guard let success else { return nil }
        try ProtobufField.each(of: success) { number, value in
            if number == 1 { rejectedSpanCount = value.number ?? 0 }
            if number == 2 { message = value.text ?? "" }
        }
    }
}

/// A google.rpc.Status.
struct TestStatus {
    var code: UInt64 = 0
    var message = ""
    /// The last parts of its details' type URLs.
    var detailTypes: Set<String> = []

    init(_ body: [UInt8]) throws {
        try ProtobufField.each(of: body[...]) { number, value in
            switch number {
            case 1: code = value.number ?? 0
            case 2: message = value.text ?? ""
            case 3:
                try ProtobufField.each(of: value.content ?? []) { number, value in
                    if number == 1 { detailTypes.insert(value.text?.split(separator: "/").last.map(String.init) ?? "") }
                }
            default: throw TestFailure("a Status has the field \(number)")
            }
        }
    }
}
