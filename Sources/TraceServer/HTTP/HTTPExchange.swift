// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import HummingbirdCore
internal import NIOCore

/// One request and the answer that it gets.
///
/// `Expect: 100-continue` is answered when the body is first asked for, so that a request which is refused before
/// that costs no transfer.
struct HTTPExchange: ~Copyable {
    let head: HTTPRequest
    private let writer: ResponseWriter
    private let channel: any Channel
    private let limits: ServerLimits
    private var body: RequestBody.AsyncIterator
    private var bodyWasAskedFor = false
    private var bodyHasEnded: Bool
    private var readByteCount = 0

    init(request: Request, writer: consuming ResponseWriter, channel: any Channel, limits: ServerLimits) {
        head = request.head
        self.writer = writer
        self.channel = channel
        self.limits = limits
        body = request.body.makeAsyncIterator()
        let fields = request.headers
        bodyHasEnded = fields[.transferEncoding] == nil && (Int(fields[.contentLength] ?? "0") ?? 0) == 0
    }

    /// The length of the body as the client announced it; nil if it comes in chunks.
    var contentLength: Int? {
        if head.headerFields[.transferEncoding] != nil { return nil }
        return Int(head.headerFields[.contentLength] ?? "0")
    }

    private var waitsForContinue: Bool {
        !bodyWasAskedFor && head.headerFields[.expect]?.lowercased() == "100-continue"
    }

    /// The next bytes of the body; nil at its end.
    mutating func nextBodyPart() async throws -> ByteBuffer? {
        guard !bodyHasEnded else { return nil }
        if waitsForContinue { try await writer.writeInformationalHead(HTTPResponse(status: .continue)) }
        bodyWasAskedFor = true
        guard let part = try await body.next() else {
            bodyHasEnded = true
            return nil
        }
        readByteCount += part.readableBytes
        return part
    }

    /// Writes the answer, then reads and throws away what is left of the body, within limits.
    consuming func answer(_ response: Response) async throws {
        let isAnswerToHead = head.method == .head
        let restIsTooLong = (contentLength ?? 0) - readByteCount > limits.discardedByteCount
        let mustClose = !bodyHasEnded && (waitsForContinue || restIsTooLong)
        var response = response
        if mustClose { response.headers[.connection] = "close" }
        if isAnswerToHead {
            try await writer.writeResponse(response.head)
        } else {
            try await writer.write(response: response.head, body: response.body)
        }
        if mustClose { channel.close(mode: .output, promise: nil) }
        var rest = bodyHasEnded ? nil : body
        var discardedByteCount = 0
        while let part = try await rest?.next() {
            discardedByteCount += part.readableBytes
            if discardedByteCount > limits.discardedByteCount { return channel.close(promise: nil) }
        }
    }
}
