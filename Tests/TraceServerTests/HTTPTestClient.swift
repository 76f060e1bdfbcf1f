// SPDX-License-Identifier: Apache-2.0

import Glibc
import NIOCore
import NIOPosix
import NIOSSL
import TraceServer

/// What a server answered.
struct TestAnswer: Equatable {
    var status = 0
    /// By lower-case names.
    var fields: [String: String] = [:]
    var body: [UInt8] = []

    var text: String { String(decoding: body, as: UTF8.self) }
}

struct ConnectionClosed: Error {}

/// A connection on which tests write bytes as they like and read HTTP/1.1 answers.
struct HTTPTestConnection {
    private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    private var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private var received = ByteBuffer()
    /// Of all answers that came in chunks.
    private(set) var longestChunkByteCount = 0

    /// - Parameter isReset: Ends it with a reset, as when the client's process has died.
    static func with(
        port: Int, tls: NIOSSLContext? = nil, isReset: Bool = false,
        _ body: (inout HTTPTestConnection) async throws -> Void
    ) async throws {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls {
                        let handler = try NIOSSLClientHandler(context: tls, serverHostname: "localhost")
                        try channel.pipeline.syncOperations.addHandler(handler)
                    }
                    return try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        if isReset {
            try await (channel.channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
        }
        try await channel.executeThenClose { inbound, outbound in
            var connection = HTTPTestConnection(outbound: outbound, inbound: inbound.makeAsyncIterator())
            try await body(&connection)
        }
    }

    func send(_ text: String) async throws { try await outbound.write(ByteBuffer(string: text)) }
    func send(_ bytes: [UInt8]) async throws { try await outbound.write(ByteBuffer(bytes: bytes)) }

    /// The next answer, informational ones too.
    mutating func answer(hasBody: Bool = true) async throws -> TestAnswer {
        var answer = TestAnswer()
        let statusLine = try await line()
        answer.status = Int(statusLine.split(separator: " ").dropFirst().first ?? "") ?? 0
        while case let field = try await line(), !field.isEmpty {
            let sides = field.split(separator: ":", maxSplits: 1)
            answer.fields[sides[0].lowercased()] = sides.count > 1 ? String(sides[1].drop { $0 == " " }) : ""
        }
        guard hasBody, answer.status >= 200 else { return answer }
        if answer.fields["transfer-encoding"] == "chunked" {
            while let count = Int(try await line(), radix: 16), count > 0 {
                longestChunkByteCount = max(longestChunkByteCount, count)
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

    /// Everything that comes until the server closes.
    mutating func textUntilClosed() async throws -> String {
        while let more = try await inbound.next() { received.writeImmutableBuffer(more) }
        return String(buffer: received)
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

extension RunningServer {
    /// One request on a connection of its own.
    func request(
        _ method: String, _ target: String, to listener: ListenerName, fields: [String] = [],
        body: [UInt8]? = nil, tls: NIOSSLContext? = nil
    ) async throws -> TestAnswer {
        var answer = TestAnswer()
        try await HTTPTestConnection.with(port: port(listener), tls: tls) { connection in
            let length = body.map { ["Content-Length: \($0.count)"] } ?? []
            let head = (["\(method) \(target) HTTP/1.1", "Host: test"] + fields + length).joined(
                separator: "\r\n")
            try await connection.send(head + "\r\n\r\n")
            if let body { try await connection.send(body) }
            answer = try await connection.answer(hasBody: method != "HEAD")
        }
        return answer
    }

    func get(_ target: String, fields: [String] = []) async throws -> TestAnswer {
        try await request("GET", target, to: .http, fields: fields)
    }
}
