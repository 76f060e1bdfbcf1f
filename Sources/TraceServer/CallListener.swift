// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import NIOCore
internal import NIOPosix
internal import ServiceLifecycle

/// A listener whose connections gather whole calls on their event loops and hand them to tasks.
///
/// Connections run on event loops, and so do calls that are short; others run on the tasks' own threads. All of them are
/// child tasks of `run()`. A graceful shutdown stops accepting, asks the
/// connections to end, lets calls finish, and after the drain limit closes what is left.
struct CallListener<Call: Sendable>: Sendable {
    let name: ListenerName
    let address: ListenAddress
    let limits: ServerLimits
    let connectionCounter: ConnectionCounter
    let eventLoopGroup: any EventLoopGroup
    let logger: Logger
    let onListening: @Sendable (SocketAddress?) -> Void
    /// Sets up a new connection, on its event loop. What it is given takes a call; false if no more are taken.
    let configure: @Sendable (any Channel, @escaping @Sendable (Call) -> Bool) throws -> Void
    /// Whether a call takes less than a millisecond of CPU, so that an event loop may perform it.
    let isShort: @Sendable (Call) -> Bool
    /// Performs a call and sends its answer.
    let perform: @Sendable (consuming Call) async -> Void

    /// Runs until a graceful shutdown or a cancellation has come to its end.
    ///
    /// - Throws: ``ServerError`` if the address can't be listened on, or its socket closes by itself.
    func run() async throws {
        let calls = CallQueues<Call>(eventLoopGroup, isShort: isShort)
        let connections = ConnectionSet { calls.finish() }
        let channel = try await listening(name, on: address) {
            try await bootstrap(connections, calls).bind(host: address.host, port: address.port).get()
        }
        channel.closeFuture.whenComplete { _ in
            if !connections.isDraining { calls.finish() }
        }
        onListening(channel.localAddress)
        try await withDrainLimit(.milliseconds(limits.drainMilliseconds)) {
            await withTaskCancellationHandler {
                await withGracefulShutdownHandler {
                    await calls.performAll(
                        taskCount: limits.concurrentCallCount, onEventLoops: limits.eventLoopCallCount, perform)
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
                .listenerFailed, "The socket of \(name.rawValue) \(address) was closed: start again.")
        }
    }

    private func bootstrap(_ connections: ConnectionSet, _ calls: CallQueues<Call>) -> ServerBootstrap {
        ServerBootstrap(group: eventLoopGroup)
            .serverChannelOption(.backlog, value: Int32(limits.backlog))
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        AcceptGate(limit: limits.connectionCount) { logger.logAcceptError($0, name) })
                }
            }
            .childChannelOption(.recvAllocator, value: receiveAllocator)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    connectionCounter.add(channel)
                    connections.add(channel)
                    try configure(channel, calls.submit(on: channel.eventLoop))
                }
            }
    }
}

/// Reads of up to 256 KiB, so that a request of average size takes one; small at first, since a connection that
/// breaks off in a head keeps what it was read into.
var receiveAllocator: any RecvByteBufferAllocator {
    AdaptiveRecvByteBufferAllocator(minimum: 1 << 10, initial: 4 << 10, maximum: 256 << 10)
}
