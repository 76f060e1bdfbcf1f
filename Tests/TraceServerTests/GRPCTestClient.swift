// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOHPACK
import NIOHTTP2
import NIOPosix
import NIOSSL
import Synchronization
import TraceServer

/// Everything that came back on one HTTP/2 stream.
struct GRPCTestAnswer: Sendable {
    var head: HPACKHeaders?
    var body: [UInt8] = []
    var trailers: HPACKHeaders?
    /// The error of the RST_STREAM that ended it, if one did.
    var resetCode: HTTP2ErrorCode?

    private func field(_ name: String) -> String? { trailers?.first(name: name) ?? head?.first(name: name) }
    var httpStatus: String? { head?.first(name: ":status") }
    var status: Int? { field("grpc-status").flatMap { Int($0) } }
    var message: String? { field("grpc-message") }
    var details: String? { field("grpc-status-details-bin") }
}

/// A client's HTTP/2 connection.
final class GRPCTestConnection: Sendable {
    private let multiplexer: NIOHTTP2Handler.StreamMultiplexer
    let channel: any Channel
    let control: ControlFrames

    static func with(
        port: Int, tls: NIOSSLContext? = nil, _ body: (GRPCTestConnection) async throws -> Void
    ) async throws {
        let connection = try await GRPCTestConnection(port: port, tls: tls)
        do {
            try await body(connection)
        } catch {
            try? await connection.channel.close()
            throw error
        }
        try? await connection.channel.close()
    }

    private init(port: Int, tls: NIOSSLContext?) async throws {
        let control = ControlFrames()
        self.control = control
        let (channel, multiplexer) = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls {
                        let handler = try NIOSSLClientHandler(context: tls, serverHostname: "localhost")
                        try channel.pipeline.syncOperations.addHandler(handler)
                    }
                    let multiplexer = try channel.pipeline.syncOperations.configureHTTP2Pipeline(
                        mode: .client, connectionConfiguration: .init(), streamConfiguration: .init()
                    ) { stream in stream.eventLoop.makeSucceededVoidFuture() }
                    try channel.pipeline.syncOperations.addHandler(ControlFrameHandler(control))
                    return (channel, multiplexer)
                }
            }
        self.channel = channel
        self.multiplexer = multiplexer
    }

    /// Opens a stream without sending anything.
    func open() async throws -> GRPCTestCall {
        let call = GRPCTestCall()
        let stream = multiplexer.createStreamChannel { stream in
            stream.eventLoop.makeCompletedFuture {
                try stream.pipeline.syncOperations.addHandler(GRPCTestHandler(call))
            }
        }
        let channel = try await stream.get()
        call.channel.withLock { $0 = channel }
        return call
    }

    /// One whole call.
    func call(
        _ path: String = exportPath, fields: [(String, String)] = [],
        contentType: String = "application/grpc",
        method: String = "POST", frames: [[UInt8]], endsStream: Bool = true
    ) async throws -> GRPCTestAnswer {
        let call = try await open()
        try await call.sendHead(
            path, fields: fields, contentType: contentType, method: method, ends: frames.isEmpty)
        for (index, frame) in frames.enumerated() {
            call.send(frame, ends: endsStream && index == frames.count - 1)
        }
        return await call.answer()
    }

    func ping() async throws {
        let frame = HTTP2Frame(
            streamID: .rootStream, payload: .ping(HTTP2PingData(withInteger: 7), ack: false))
        try await channel.writeAndFlush(frame)
    }
}

let exportPath = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
let healthPath = "/grpc.health.v1.Health/Check"

/// A message with its prefix.
func framed(_ message: [UInt8], flag: UInt8 = 0) -> [UInt8] {
    let count = UInt32(message.count)
    return [flag, UInt8(count >> 24), UInt8(count >> 16 & 255), UInt8(count >> 8 & 255), UInt8(count & 255)]
        + message
}

/// One stream.
final class GRPCTestCall: Sendable {
    private struct State {
        var answer = GRPCTestAnswer()
        var isFinished = false
        var waiting: CheckedContinuation<GRPCTestAnswer, Never>?
    }

    let channel = Mutex<(any Channel)?>(nil)
    private let state = Mutex(State())

    func sendHead(
        _ path: String = exportPath, fields: [(String, String)] = [],
        contentType: String = "application/grpc",
        method: String = "POST", ends: Bool = false
    ) async throws {
        var head = HPACKHeaders([
            (":method", method), (":scheme", "http"), (":path", path), (":authority", "test"),
            ("content-type", contentType), ("te", "trailers"),
        ])
        for (name, value) in fields { head.add(name: name, value: value) }
        let payload = HTTP2Frame.FramePayload.headers(.init(headers: head, endStream: ends))
        try await channel.withLock { $0 }?.writeAndFlush(payload)
    }

    func send(_ bytes: [UInt8], ends: Bool = false) {
        let payload = HTTP2Frame.FramePayload.data(
            .init(data: .byteBuffer(ByteBuffer(bytes: bytes)), endStream: ends))
        channel.withLock { $0 }?.writeAndFlush(payload, promise: nil)
    }

    func cancel() async throws {
        try await channel.withLock { $0 }?.writeAndFlush(HTTP2Frame.FramePayload.rstStream(.cancel))
    }

    /// What came back, once the stream has ended.
    func answer() async -> GRPCTestAnswer {
        await withCheckedContinuation { continuation in
            let answer = state.withLock { state in
                if !state.isFinished { state.waiting = continuation }
                return state.isFinished ? state.answer : nil
            }
            if let answer { continuation.resume(returning: answer) }
        }
    }

    func update(_ change: (inout GRPCTestAnswer) -> Void) { state.withLock { change(&$0.answer) } }

    func finish() {
        let (waiting, answer) = state.withLock { state in
            state.isFinished = true
            defer { state.waiting = nil }
            return (state.waiting, state.answer)
        }
        waiting?.resume(returning: answer)
    }
}

private final class GRPCTestHandler: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame.FramePayload
    private let call: GRPCTestCall

    init(_ call: GRPCTestCall) { self.call = call }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .headers(let headers):
            call.update {
                if $0.head == nil { $0.head = headers.headers } else { $0.trailers = headers.headers }
            }
        case .data(let frame):
            if case .byteBuffer(let bytes) = frame.data {
                call.update { $0.body += Array(bytes.readableBytesView) }
            }
        case .rstStream(let code): call.update { $0.resetCode = code }
        default: break
        }
    }

    func channelInactive(context: ChannelHandlerContext) { call.finish() }
    func errorCaught(context: ChannelHandlerContext, error: any Error) {}
}

/// What a server said about the connection.
final class ControlFrames: Sendable {
    struct State {
        var goAwayCount = 0
        var pingAnswerCount = 0
        var frames: AsyncStream<Void>.Continuation?
    }

    let state = Mutex(State())
    let changes: AsyncStream<Void>

    init() {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        changes = stream
        state.withLock { $0.frames = continuation }
    }

    /// Waits until a condition holds, or the connection has closed.
    func wait(_ condition: @Sendable (State) -> Bool) async -> Bool {
        if state.withLock({ condition($0) }) { return true }
        for await _ in changes where state.withLock({ condition($0) }) { return true }
        return state.withLock { condition($0) }
    }
}

private final class ControlFrameHandler: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame
    private let control: ControlFrames

    init(_ control: ControlFrames) { self.control = control }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        control.state.withLock { state in
            switch unwrapInboundIn(data).payload {
            case .goAway: state.goAwayCount += 1
            case .ping(_, ack: true): state.pingAnswerCount += 1
            default: break
            }
            state.frames?.yield()
        }
    }

    func channelInactive(context: ChannelHandlerContext) { control.state.withLock { $0.frames?.finish() } }
    func errorCaught(context: ChannelHandlerContext, error: any Error) {}
}
