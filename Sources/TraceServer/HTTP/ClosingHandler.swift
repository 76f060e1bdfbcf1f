// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import NIOHTTP1

/// Sees to clients that want the connection closed after the answer: those that say so, and those of HTTP/1.0.
///
/// hummingbird knows neither the version of a request nor other spellings of `Connection: close`. Here such a request
/// becomes one that it understands, and the answer says that the connection ends with it. An answer to HTTP/1.0 is
/// not chunked, which that version does not know: a body of unknown length ends with the connection.
///
/// - SeeAlso: RFC 9112, sections 6.3 and 9.3.
final class ClosingHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private var requestCount = 0
    private var answerCount = 0
    /// The last request that is answered, by its number from 1.
    private var lastRequest: (number: Int, isOld: Bool)?

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(var head) = unwrapInboundIn(data) else { return context.fireChannelRead(data) }
        requestCount += 1
        let isOld = head.version.major == 0 || head.version == .http1_0
        guard isOld || !head.isKeepAlive else { return context.fireChannelRead(data) }
        if lastRequest == nil { lastRequest = (requestCount, isOld) }
        head.headers.replaceOrAdd(name: "connection", value: "close")
        if isOld { head.headers.remove(name: "expect") }
        context.fireChannelRead(wrapInboundOut(.head(head)))
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .head(var head) = unwrapOutboundIn(data), head.status.code >= 200 else {
            return context.write(data, promise: promise)
        }
        answerCount += 1
        guard let last = lastRequest, answerCount >= last.number else {
            return context.write(data, promise: promise)
        }
        head.headers.replaceOrAdd(name: "connection", value: "close")
        if last.isOld { head.version = .http1_0 }
        context.write(wrapOutboundOut(.head(head)), promise: promise)
    }
}
