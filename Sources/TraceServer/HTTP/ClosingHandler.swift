// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import NIOHTTP1

/// Sees to clients whose connection ends with an answer: those that say so, those of HTTP/1.0, those that ask for
/// another protocol, and those that send one request after another and take no answers.
///
/// hummingbird knows neither the version of a request nor other spellings of `Connection: close`. Here such a request
/// becomes one that it understands, and the answer says that the connection ends with it. An answer to HTTP/1.0 is
/// not chunked, which that version does not know: a body of unknown length ends with the connection. Nothing is
/// upgraded, but the decoder takes what comes after such a request for the other protocol. What comes after the last
/// request that is answered is thrown away: requests that wait for their turn take memory that nobody counts.
///
/// - SeeAlso: RFC 9112, sections 6.3, 9.3 and 9.6.
final class ClosingHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// How many requests may wait for their answers.
    private let waitingLimit: Int
    private var requestCount = 0
    private var answerCount = 0
    /// The last request that is answered, by its number from 1.
    private var lastRequest: (number: Int, isOld: Bool)?

    init(waitingLimit: Int) { self.waitingLimit = waitingLimit }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        if case .head = part { requestCount += 1 }
        if let lastRequest, requestCount > lastRequest.number {
            // Whoever sends on and on does not wait to hear that the connection ends.
            if requestCount - lastRequest.number > 16 * waitingLimit { context.close(promise: nil) }
            return
        }
        guard case .head(var head) = part else { return context.fireChannelRead(data) }
        let isOld = head.version.major == 0 || head.version == .http1_0
        let endsConnection =
            isOld || !head.isKeepAlive || head.headers.contains(name: "upgrade")
            || requestCount - answerCount >= waitingLimit
        guard endsConnection else { return context.fireChannelRead(data) }
        lastRequest = (requestCount, isOld)
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
