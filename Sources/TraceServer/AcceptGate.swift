// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import Logging
internal import NIOCore

/// Stops accepting at a number of connections, and for a moment when the system has no more file descriptors.
///
/// Errors of accepting end here: passed on, they would end the listener. The kernel's backlog holds whoever comes meanwhile.
final class AcceptGate: ChannelDuplexHandler {
    typealias InboundIn = any Channel
    typealias InboundOut = any Channel
    typealias OutboundIn = Never
    typealias OutboundOut = Never

    private let limit: Int
    private let onError: (any Error) -> Void
    private var count = 0
    private var isPaused = false
    private var readIsWanted = false

    /// - Parameters:
    ///   - limit: `Int.max` where something else counts.
    ///   - onError: Told why a connection can't be accepted; up to ten times a second.
    init(limit: Int, onError: @escaping (any Error) -> Void) {
        self.limit = limit
        self.onError = onError
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let channel = unwrapInboundIn(data)
        count += 1
        let bound = NIOLoopBound((gate: self, context: context), eventLoop: context.eventLoop)
        channel.closeFuture.hop(to: context.eventLoop).whenComplete { _ in
            bound.value.gate.count -= 1
            bound.value.gate.readIfPossible(bound.value.context)
        }
        context.fireChannelRead(data)
    }

    func read(context: ChannelHandlerContext) {
        readIsWanted = true
        readIfPossible(context)
    }

    private func readIfPossible(_ context: ChannelHandlerContext) {
        guard readIsWanted, !isPaused, count < limit else { return }
        readIsWanted = false
        context.read()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // EMFILE and its like: trying again at once would only burn the processor.
        guard !isPaused else { return }
        isPaused = true
        onError(error)
        context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(100)) {
            self.isPaused = false
            self.readIfPossible(context)
        }
    }
}

extension Logger {
    /// Says why a listener can't accept a connection, and what to do.
    func logAcceptError(_ error: any Error, _ name: ListenerName) {
        let advice =
            switch (error as? IOError)?.errnoCode {
            case EMFILE: "allow the process more open files (LimitNOFILE=, ulimit -n), or send over fewer connections"
            case ENFILE: "allow the machine more open files (sysctl fs.file-max)"
            case ENOBUFS, ENOMEM: "the kernel lacks memory for sockets: free some"
            default: "those that wait are tried again"
            }
        warning(
            "connections can't be accepted",
            metadata: ["service": "\(name.service)", "error": "\(error)", "advice": "\(advice)"])
    }
}
