// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import NIOHTTP1

/// Says what is wrong with a request that the decoder can't read, or that is longer than it takes: such a request is
/// answered 400 without a word, once those before it have their answers. Here it gets a text, and 431 if it is too long.
///
/// - SeeAlso: RFC 6585, section 5.
final class RefusedHeadHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// What a URL may not have as it is.
    private static let refusedText =
        "blanks, control characters, and letters beyond ASCII where an earlier request of the connection had a body"
    private let overflowText: String
    private var refusal: (status: HTTPResponseStatus, text: String)?

    init(_ limits: ServerLimits) {
        overflowText =
            "the URL and the header fields of a request have more than \(limits.headerByteCount >> 10) KiB, or there are"
            + " more than 200 header fields; a URL is too long above \(limits.urlByteCount >> 10) KiB: \(longURLAdvice)\n"
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let error = error as? HTTPParserError { refusal = refusal ?? answer(to: error) }
        context.fireErrorCaught(error)
    }

    private func answer(to error: HTTPParserError) -> (HTTPResponseStatus, String) {
        switch error {
        case .headerOverflow: (.requestHeaderFieldsTooLarge, overflowText)
        case .invalidURL, .invalidConstant, .invalidVersion:
            // Behind a blank in a URL the decoder looks for a version.
            (
                .badRequest,
                "the request's first line can't be read (\(error.debugDescription)): in a URL \(Self.refusedText) have to be"
                    + " percent-encoded (a blank is %20), as curl does with --data-urlencode\n"
            )
        default: (.badRequest, "the request can't be read as HTTP/1.1: \(error.debugDescription)\n")
        }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard let refusal, case .head(var head) = unwrapOutboundIn(data), head.status == .badRequest,
            head.headers["content-length"] == ["0"]
        else { return context.write(data, promise: promise) }
        self.refusal = nil
        head.status = refusal.status
        head.headers.replaceOrAdd(name: "content-length", value: String(refusal.text.utf8.count))
        head.headers.replaceOrAdd(name: "content-type", value: "text/plain; charset=utf-8")
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: refusal.text)))), promise: promise)
    }
}

/// What whoever asks a query that fits into no URL can do.
let longURLAdvice = "make the query shorter; a pattern stands for many values, as in { .a =~ \"x|y|z\" }"
