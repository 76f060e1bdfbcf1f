// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import NIOCore
internal import NIOHTTP2
internal import NIOPosix
internal import ServiceLifecycle

/// The gRPC listener: unary calls on NIOHTTP2, without a gRPC library between the socket and the receiver.
///
/// It takes OTLP's Export and health checks, nothing else. Connections run on event loops; calls run as child tasks
/// of `run()`. A graceful shutdown stops accepting, sends GOAWAY, lets calls finish, and after the drain limit
/// closes what is left.
struct GRPCListener: Service {
    let address: ListenAddress
    let service: GRPCService
    let limits: ServerLimits
    let tls: ReloadedFiles<TLSContexts>?
    let connectionCounter: ConnectionCounter
    let eventLoopGroup: any EventLoopGroup
    let logger: Logger
    let onListening: @Sendable (SocketAddress?) -> Void

    func run() async throws {
        let calls = CallQueue<GRPCCall>()
        let connections = ConnectionSet { calls.finish() }
        let streams = UnaryStreamContext(
            receiver: service.receiver, metrics: service.metrics, limits: limits,
            buffers: service.buffers, access: service.access, submit: calls.add)
        let channel = try await listening(.otlpGRPC, on: address) {
            try await bootstrap(connections, streams).bind(host: address.host, port: address.port).get()
        }
        channel.closeFuture.whenComplete { _ in
            if !connections.isDraining { calls.finish() }
        }
        onListening(channel.localAddress)
        try await withDrainLimit(.milliseconds(limits.drainMilliseconds)) {
            await withTaskCancellationHandler {
                await withGracefulShutdownHandler {
                    await perform(calls)
                } onGracefulShutdown: {
                    connections.drain()
                    channel.close(promise: nil)
                }
            } onCancel: {
                calls.finish()
                connections.closeAll()
                channel.close(promise: nil)
            }
        }
        guard connections.isDraining else {
            throw ServerError(
                .listenerFailed, "The socket of --otlp-grpc \(address) was closed: start again.")
        }
    }

    private func perform(_ calls: CallQueue<GRPCCall>) async {
        await withDiscardingTaskGroup { group in
            for _ in 0..<limits.concurrentCallCount {
                group.addTask {
                    while let call = await calls.next() { await service.perform(call) }
                }
            }
        }
    }

    private func bootstrap(_ connections: ConnectionSet, _ streams: UnaryStreamContext) -> ServerBootstrap {
        ServerBootstrap(group: eventLoopGroup)
            .serverChannelOption(.backlog, value: Int32(limits.backlog))
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        AcceptGate(limit: limits.connectionCount) { logger.logAcceptError($0, .otlpGRPC) })
                }
            }
            .childChannelOption(.recvAllocator, value: receiveAllocator)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    connectionCounter.add(channel)
                    connections.add(channel)
                    try configure(channel, streams)
                }
            }
    }

    private func configure(_ channel: any Channel, _ streams: UnaryStreamContext) throws {
        let seconds = (
            keepalive: Int64(limits.keepaliveSeconds), answer: Int64(limits.keepaliveAnswerSeconds)
        )
        let management = NIOHTTP2ServerConnectionManagementHandler(
            eventLoop: channel.eventLoop,
            configuration: .init(
                maxIdleTime: nil, maxAge: nil, maxGraceTime: .milliseconds(Int64(limits.drainMilliseconds)),
                keepalive: .init(
                    pingInterval: .seconds(seconds.keepalive), ackTimeout: .seconds(seconds.answer))))
        let signs = SignsOfLife(next: management.http2StreamDelegate)
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addTLS(tls?.value.http2)
        // Whoever takes no answers is not read from: flow control does not bound the heads of answers.
        try pipeline.addHandler(BackPressureHandler())
        _ = try pipeline.configureHTTP2Pipeline(
            mode: .server, connectionConfiguration: connectionConfiguration,
            streamConfiguration: streamConfiguration, streamDelegate: signs
        ) { stream in
            stream.eventLoop.makeCompletedFuture {
                try stream.pipeline.syncOperations.addHandler(UnaryStreamHandler(streams))
            }
        }
        try pipeline.addHandler(management)
        // Twice: a ping is due so long after the last bytes, which may have said less than a frame.
        try pipeline.addHandler(SilenceLimit(signs, limit: .seconds(2 * seconds.keepalive + seconds.answer)))
        try pipeline.addHandler(ClosingOnError())
    }

    private var connectionConfiguration: NIOHTTP2Handler.ConnectionConfiguration {
        var configuration = NIOHTTP2Handler.ConnectionConfiguration()
        configuration.initialSettings = [
            HTTP2Setting(parameter: .maxConcurrentStreams, value: limits.concurrentStreamCount),
            HTTP2Setting(parameter: .maxHeaderListSize, value: limits.headerListByteCount),
            HTTP2Setting(parameter: .initialWindowSize, value: limits.windowByteCount),
            HTTP2Setting(parameter: .maxFrameSize, value: limits.frameByteCount),
        ]
        configuration.targetWindowSize = limits.windowByteCount
        configuration.controlFrameRateLimit.maximumCount = limits.controlFrameCount
        return configuration
    }

    private var streamConfiguration: NIOHTTP2Handler.StreamConfiguration {
        var configuration = NIOHTTP2Handler.StreamConfiguration()
        configuration.targetWindowSize = limits.windowByteCount
        configuration.streamResetFrameRateLimit.maximumCount = limits.controlFrameCount
        configuration.streamErrorRateLimit.maximumCount = limits.controlFrameCount
        return configuration
    }
}

/// Reads of up to 256 KiB, so that a request of average size takes one; small at first, since a connection that
/// breaks off in a head keeps what it was read into.
var receiveAllocator: any RecvByteBufferAllocator {
    AdaptiveRecvByteBufferAllocator(minimum: 1 << 10, initial: 4 << 10, maximum: 256 << 10)
}

/// Closes a connection on which an error was seen, such as bytes that are not HTTP/2.
final class ClosingOnError: ChannelInboundHandler {
    typealias InboundIn = Any

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
