// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import NIOHTTP2
internal import Synchronization

/// What a connection's streams and frames say of its client: that it is there.
final class SignsOfLife: NIOHTTP2StreamDelegate {
    private let next: any NIOHTTP2StreamDelegate
    private let latest = Atomic(NIODeadline.now().uptimeNanoseconds)
    private let streamCount = Atomic(0)

    /// - Parameter next: Is told of streams too.
    init(next: any NIOHTTP2StreamDelegate) { self.next = next }

    func streamCreated(_ id: HTTP2StreamID, channel: any Channel) {
        streamCount.add(1, ordering: .relaxed)
        next.streamCreated(id, channel: channel)
    }

    func streamClosed(_ id: HTTP2StreamID, channel: any Channel) {
        streamCount.subtract(1, ordering: .relaxed)
        note()
        next.streamClosed(id, channel: channel)
    }

    func note() { latest.store(NIODeadline.now().uptimeNanoseconds, ordering: .relaxed) }

    /// The latest sign; now while there are streams, which have deadlines of their own.
    var latestSign: NIODeadline {
        guard streamCount.load(ordering: .relaxed) == 0 else { return .now() }
        return .uptimeNanoseconds(latest.load(ordering: .relaxed))
    }
}

/// Closes a connection whose client has shown no sign of life for so long: no frame, no stream, no answer to a ping.
///
/// NIOHTTP2's handler pings, but waits for ever for who has not even begun to speak HTTP/2, or trickles bytes that
/// never become a frame.
final class SilenceLimit: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame
    typealias InboundOut = HTTP2Frame

    private let signs: SignsOfLife
    private let limit: TimeAmount
    private var look: Scheduled<Void>?

    init(_ signs: SignsOfLife, limit: TimeAmount) {
        self.signs = signs
        self.limit = limit
    }

    func channelActive(context: ChannelHandlerContext) {
        signs.note()
        lookLater(context)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        look?.cancel()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        signs.note()
        context.fireChannelRead(data)
    }

    private func lookLater(_ context: ChannelHandlerContext) {
        let time = signs.latestSign + limit
        look = context.eventLoop.assumeIsolated().scheduleTask(deadline: time) {
            guard self.signs.latestSign + self.limit <= .now() else { return self.lookLater(context) }
            context.close(promise: nil)
        }
    }
}
