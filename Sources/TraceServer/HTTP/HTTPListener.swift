// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import HummingbirdCore
internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import ServiceLifecycle

/// Answers the requests of an HTTP listener.
protocol HTTPResponding: Sendable {
    /// The answer to a request. A body that was not read is thrown away afterwards.
    ///
    /// - Throws: What reading the body threw: the connection is of no more use.
    func respond(to exchange: inout HTTPExchange) async throws -> Response
}

/// An HTTP/1.1 listener on hummingbird's server, without its router.
///
/// A graceful shutdown stops accepting, closes idle connections, lets requests finish, and after the drain limit
/// closes what is left.
struct HTTPListener<Responder: HTTPResponding>: Service {
    let name: ListenerName
    let address: ListenAddress
    let responder: Responder
    let limits: ServerLimits
    let tls: ReloadedFiles<TLSContexts>?
    let connections: ConnectionCounter
    let eventLoopGroup: any EventLoopGroup
    let logger: Logger
    let onListening: @Sendable (SocketAddress?) -> Void

    func run() async throws {
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .notice)
        // hummingbird logs being cancelled as an error; what really is one is thrown below.
        var silent = logger
        silent.logLevel = .critical
        let deadlines = Deadlines()
        let server = Server(
            childChannelSetup: connection(deadlines),
            configuration: HummingbirdCore.ServerConfiguration(
                address: .hostname(address.host, port: address.port), backlog: limits.backlog,
                availableConnectionsDelegate: MaximumAvailableConnections(
                    limits.connectionCount, logger: quiet)),
            onServerRunning: { channel in
                await guardAccepting(channel)
                onListening(channel.localAddress)
            },
            eventLoopGroup: eventLoopGroup, logger: silent)
        try await withDrainLimit(.milliseconds(limits.drainMilliseconds)) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await deadlines.run() }
                defer { group.cancelAll() }
                try await listening(name, on: address) { try await server.run() }
            }
            guard Task.isShuttingDownGracefully || Task.isCancelled else {
                throw ServerError(
                    .listenerFailed, "The socket of \(name.rawValue) \(address) was closed: start again.")
            }
        }
    }

    /// hummingbird counts connections, but an error of accepting would end its listener.
    private func guardAccepting(_ channel: any Channel) async {
        let (name, logger) = (name, logger)
        try? await channel.eventLoop.submit {
            let gate = AcceptGate(limit: .max) { logger.logAcceptError($0, name) }
            try channel.pipeline.syncOperations.addHandler(gate, position: .first)
        }.get()
    }

    private func connection(_ deadlines: Deadlines) -> HTTPConnection {
        let clients = ClientPresences()
        return HTTPConnection(
            tls: tls, connections: connections, clients: clients, limits: limits,
            http1: HTTP1Channel(
                responder: { request, writer, channel in
                    try await serve(
                        HTTPExchange(
                            request: request, writer: writer, channel: channel,
                            client: clients[channel] ?? ClientPresence(), limits: limits, deadlines: deadlines))
                },
                configuration: .init(
                    idleTimeout: .seconds(Int64(limits.idleSeconds)),
                    httpDecoderConfiguration: .init(
                        maxHeaderFieldSize: limits.headerByteCount, maxHeaderListSize: limits.headerByteCount,
                        maxHeaderFieldCount: 200))))
    }

    /// RFC 9112, section 6.1: what a body means under a coding that is not known, nobody here can tell.
    private static var unknownCoding: Response {
        var answer = plainText(.notImplemented, "of transfer codings only chunked is known\n")
        answer.headers[.connection] = "close"
        return answer
    }

    private func serve(_ exchange: consuming HTTPExchange) async throws {
        let response: Response
        do {
            response =
                if exchange.hasUnknownCoding { Self.unknownCoding } else { try await responder.respond(to: &exchange) }
        } catch let error as HTTPParserError {
            throw error  // hummingbird answers 400 and closes
        } catch {
            logger.debug("a request's connection failed", metadata: ["error": "\(error)"])
            response = Response(status: .serviceUnavailable)
        }
        try await exchange.answer(response)
    }
}

/// hummingbird's HTTP/1.1 connection with larger reads, with TLS, and with a thought for older clients.
private struct HTTPConnection: ServerChildChannel {
    let tls: ReloadedFiles<TLSContexts>?
    let connections: ConnectionCounter
    let clients: ClientPresences
    let limits: ServerLimits
    let http1: HTTP1Channel

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<HTTP1Channel.Value> {
        connections.add(channel)
        do {
            try channel.syncOptions?.setOption(.recvAllocator, value: receiveAllocator)
            try channel.pipeline.syncOperations.addTLS(tls?.value.http1)
        } catch {
            return channel.eventLoop.makeFailedFuture(error)
        }
        return http1.setup(channel: channel, logger: logger).flatMapThrowing { value in
            let pipeline = channel.pipeline.syncOperations
            let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
            try pipeline.addHandler(RawURLHandler(), position: .before(decoder))
            try pipeline.addHandlers(
                [
                    RefusedHeadHandler(limits), ClosingHandler(waitingLimit: limits.waitingRequestCount),
                    ClientPresenceHandler(clients),
                ],
                position: .after(decoder))
            return value
        }
    }

    func handle(value: HTTP1Channel.Value, logger: Logger) async {
        await http1.handle(value: value, logger: logger)
    }
}
