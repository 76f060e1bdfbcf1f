// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOPosix

/// What a server answered.
struct HTTPAnswer: Sendable {
    var status = 0
    /// By lower-case names.
    var fields: [String: String] = [:]
    var body: [UInt8] = []

    var text: String { String(decoding: body, as: UTF8.self) }
}

struct ConnectionClosed: Error {}

/// A connection to loopback on which tests write bytes as they like and read HTTP/1.1 answers.
struct HTTPConnection {
    private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    private var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private var received = ByteBuffer()

    static func with(port: Int, _ body: (inout HTTPConnection) async throws -> Void) async throws {
        try await result(port: port, body)
    }

    /// As ``with(port:_:)``, for what `body` finds out.
    static func result<Result>(
        port: Int, _ body: (inout HTTPConnection) async throws -> Result
    ) async throws -> Result {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            var connection = HTTPConnection(outbound: outbound, inbound: inbound.makeAsyncIterator())
            return try await body(&connection)
        }
    }

    func send(_ text: String) async throws { try await outbound.write(ByteBuffer(string: text)) }
    func send(_ bytes: [UInt8]) async throws { try await outbound.write(ByteBuffer(bytes: bytes)) }

    /// Sends a request without waiting for its answer.
    func send(_ request: HTTPRequest) async throws {
        var buffer = ByteBuffer(string: request.head)
        buffer.writeBytes(request.body ?? [])
        try await outbound.write(buffer)
    }

    mutating func answer(to request: HTTPRequest) async throws -> HTTPAnswer {
        try await send(request)
        return try await answer(hasBody: request.method != "HEAD")
    }

    /// The next answer, informational ones too.
    mutating func answer(hasBody: Bool = true) async throws -> HTTPAnswer {
        var answer = HTTPAnswer()
        let statusLine = try await line()
        answer.status = Int(statusLine.split(separator: " ").dropFirst().first ?? "") ?? 0
        while case let field = try await line(), !field.isEmpty {
            let sides = field.split(separator: ":", maxSplits: 1)
            answer.fields[sides[0].lowercased()] = sides.count > 1 ? String(sides[1].drop { $0 == " " }) : ""
        }
        guard hasBody, answer.status >= 200 else { return answer }
        if answer.fields["transfer-encoding"] == "chunked" {
            while let count = Int(try await line(), radix: 16), count > 0 {
                answer.body += try await bytes(count)
                _ = try await line()
            }
            _ = try await line()
        } else {
            answer.body = try await bytes(Int(answer.fields["content-length"] ?? "0") ?? 0)
        }
        return answer
    }

    /// Whether the server closes without another byte.
    mutating func isClosedByServer() async -> Bool {
        guard received.readableBytes == 0 else { return false }
        do {
            return try await inbound.next() == nil
        } catch {
            return true
        }
    }

    private mutating func line() async throws -> String {
        while true {
            let view = received.readableBytesView
            if let end = view.firstIndex(of: UInt8(ascii: "\n")) {
                let text = received.readString(length: end - view.startIndex) ?? ""
                received.moveReaderIndex(forwardBy: 1)
                return text.hasSuffix("\r") ? String(text.dropLast()) : text
            }
            try await receive()
        }
    }

    private mutating func bytes(_ count: Int) async throws -> [UInt8] {
        while received.readableBytes < count { try await receive() }
        return received.readBytes(length: count) ?? []
    }

    private mutating func receive() async throws {
        guard var more = try await inbound.next() else { throw ConnectionClosed() }
        received.writeBuffer(&more)
    }
}

/// A request whose length is announced as it is.
struct HTTPRequest: Sendable {
    var method = "GET"
    var target: String
    /// `Name: value`
    var fields: [String] = []
    var body: [UInt8]?

    static func get(_ target: String, accept: String = "application/json") -> Self {
        Self(target: target, fields: ["Accept: \(accept)"])
    }

    /// An OTLP export of protobuf.
    static func export(_ body: [UInt8], _ fields: String...) -> Self {
        Self(
            method: "POST", target: "/v1/traces", fields: ["Content-Type: application/x-protobuf"] + fields, body: body)
    }

    var head: String {
        let length = body.map { ["Content-Length: \($0.count)"] } ?? []
        return (["\(method) \(target) HTTP/1.1", "Host: test"] + fields + length).joined(separator: "\r\n")
            + "\r\n\r\n"
    }

    /// The answer that it gets on a connection of its own.
    func answer(port: Int) async throws -> HTTPAnswer {
        try await HTTPConnection.result(port: port) { try await $0.answer(to: self) }
    }
}
