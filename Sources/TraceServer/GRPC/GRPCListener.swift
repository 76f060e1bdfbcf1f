// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import NIOCore
internal import NIOHTTP2
internal import NIOPosix
internal import ServiceLifecycle

/// The gRPC listener: unary calls on NIOHTTP2, without a gRPC library between the socket and the receiver.
///
/// It takes OTLP's Export and health checks, nothing else. A graceful shutdown sends GOAWAY.
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
        try await CallListener<GRPCCall>(
            name: .otlpGRPC, address: address, limits: limits, connectionCounter: connectionCounter,
            eventLoopGroup: eventLoopGroup, logger: logger, onListening: onListening,
            configure: { channel, submit in
                try configure(
                    channel,
                    UnaryStreamContext(
                        receiver: service.receiver, metrics: service.metrics, limits: limits,
                        buffers: service.buffers, access: service.access, tenancy: service.tenancy,
                        submit: submit))
            },
            isShort: { $0.isShort(limits) },
            perform: { (call: consuming GRPCCall) in await service.perform(call) }
        ).run()
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

/// Closes a connection on which an error was seen, such as bytes that are not HTTP/2.
final class ClosingOnError: ChannelInboundHandler {
    typealias InboundIn = Any

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
