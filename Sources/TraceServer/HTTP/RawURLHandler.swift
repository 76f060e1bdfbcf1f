// SPDX-License-Identifier: Apache-2.0

internal import NIOCore

/// Hands on what ``RawURLBytes`` makes of a connection's bytes.
final class RawURLHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private var bytes = RawURLBytes()

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        context.fireChannelRead(wrapInboundOut(bytes.encoded(unwrapInboundIn(data))))
    }
}
