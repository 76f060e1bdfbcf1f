// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import NIOHTTP1

/// Says what is wrong with a request whose URL and header fields are longer than the decoder takes: such a request is
/// answered 400 without a word, once those before it have their answers. Here it becomes a 431 with a text.
///
/// - SeeAlso: RFC 6585, section 5.
final class HeaderOverflowHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private let text: String
    private var isOverflown = false

    init(_ limits: ServerLimits) {
        text =
            "the URL and the header fields of a request have more than \(limits.headerByteCount >> 10) KiB; a URL is too"
            + " long above \(limits.urlByteCount >> 10) KiB: \(longURLAdvice)\n"
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if case HTTPParserError.headerOverflow = error { isOverflown = true }
        context.fireErrorCaught(error)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard isOverflown, case .head(var head) = unwrapOutboundIn(data), head.status == .badRequest,
            head.headers["content-length"] == ["0"]
        else { return context.write(data, promise: promise) }
        isOverflown = false
        head.status = .requestHeaderFieldsTooLarge
        head.headers.replaceOrAdd(name: "content-length", value: String(text.utf8.count))
        head.headers.replaceOrAdd(name: "content-type", value: "text/plain; charset=utf-8")
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: promise)
    }
}

/// What whoever asks a query that fits into no URL can do.
let longURLAdvice = "make the query shorter; a pattern stands for many values, as in { .a =~ \"x|y|z\" }"
