// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import HummingbirdCore
internal import NIOCore
internal import Synchronization

/// One request and the answer that it gets.
///
/// `Expect: 100-continue` is answered when the body is first asked for, so that a request which is refused before
/// that costs no transfer.
struct HTTPExchange: ~Copyable {
    let head: HTTPRequest
    let client: ClientPresence
    private let writer: ResponseWriter
    private let channel: any Channel
    private let limits: ServerLimits
    private let deadlines: Deadlines
    private var body: RequestBody.AsyncIterator
    private var bodyWasAskedFor = false
    private var bodyHasEnded: Bool
    private var readByteCount = 0

    init(
        request: Request, writer: consuming ResponseWriter, channel: any Channel, client: ClientPresence,
        limits: ServerLimits, deadlines: Deadlines
    ) {
        head = request.head
        self.client = client
        self.writer = writer
        self.channel = channel
        self.limits = limits
        self.deadlines = deadlines
        body = request.body.makeAsyncIterator()
        let fields = request.headers
        bodyHasEnded = fields[.transferEncoding] == nil && (Int(fields[.contentLength] ?? "0") ?? 0) == 0
    }

    /// The length of the body as the client announced it; nil if it comes in chunks.
    var contentLength: Int? {
        if head.headerFields[.transferEncoding] != nil { return nil }
        return Int(head.headerFields[.contentLength] ?? "0")
    }

    /// Whether the body comes in a transfer coding other than chunks.
    var hasUnknownCoding: Bool {
        head.headerFields[.transferEncoding].map { $0.lowercased() != "chunked" } ?? false
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

    /// The head of an answer to HEAD, with the length of the body that GET would have got: without it the encoder
    /// frames an empty body, which is not allowed there.
    private static func headOnly(_ response: Response) async throws -> HTTPResponse {
        var head = response.head
        guard head.headerFields[.contentLength] == nil else { return head }
        let length = ByteCounter()
        try await response.body.write(CountingBodyWriter(counter: length))
        head.headerFields[.contentLength] = "\(length.byteCount.load(ordering: .relaxed))"
        return head
    }

    /// Closes the connection when so many seconds have gone by, unless `keepOpen` is called with what it returns.
    func close(after seconds: Int) -> Int {
        let channel = channel
        return deadlines.add(at: .now + .seconds(seconds)) { channel.close(promise: nil) }
    }

    func keepOpen(_ deadline: Int) { deadlines.callOff(deadline) }

    /// Writes the answer, then reads and throws away what is left of the body, within limits.
    consuming func answer(_ response: Response) async throws {
        let isAnswerToHead = head.method == .head
        let restIsTooLong = (contentLength ?? 0) - readByteCount > limits.discardedByteCount
        let mustClose = !bodyHasEnded && (waitsForContinue || restIsTooLong)
        var response = response
        if mustClose { response.headers[.connection] = "close" }
        // Whoever takes neither the answer nor the time to send the rest does not keep the connection.
        let end = close(after: limits.answerSeconds)
        let deadlines = deadlines
        defer { deadlines.callOff(end) }
        if isAnswerToHead {
            let head = try await Self.headOnly(response)
            try await writer.writeResponse(head)
        } else if let byteCount = response.body.contentLength, byteCount <= PacedWriter.stepByteCount {
            try await writer.write(response: response.head, body: response.body)
        } else {
            let body = try await writer.writeHead(response.head)
            try await response.body.write(PacedWriter(writer: body, channel: channel))
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

/// Writes a long body no faster than the client takes it, up to what one piece is more than the channel's buffer.
///
/// What is written gets to the channel on its event loop, and only there it shows that the client does not read: whoever
/// writes on before that is not held up.
private struct PacedWriter: ResponseBodyWriter {
    var writer: any ResponseBodyWriter
    let channel: any Channel
    private var unseenByteCount = 0
    /// Whether the channel knows of what was written; nil if nothing was written that it might not know of.
    private var sight: Sight?

    /// The channel's own buffer, beyond which it wants no more.
    static let stepByteCount = 64 << 10

    init(writer: any ResponseBodyWriter, channel: any Channel) {
        self.writer = writer
        self.channel = channel
    }

    mutating func write(_ buffer: ByteBuffer) async throws {
        try await waitForChannel()
        unseenByteCount += buffer.readableBytes
        try await writer.write(buffer)
        guard unseenByteCount >= Self.stepByteCount else { return }
        let sight = Sight()
        channel.eventLoop.execute { sight.hasCome.store(true, ordering: .releasing) }
        (self.sight, unseenByteCount) = (sight, 0)
    }

    consuming func finish(_ trailingHeaders: HTTPFields?) async throws {
        try await waitForChannel()
        try await writer.finish(trailingHeaders)
    }

    /// Mostly the event loop has been there before the next piece is made, and nobody has to wait.
    private mutating func waitForChannel() async throws {
        guard let sight = sight.take(), !sight.hasCome.load(ordering: .acquiring) else { return }
        try await channel.eventLoop.submit {}.get()
    }

    private final class Sight: Sendable {
        let hasCome = Atomic(false)
    }
}

private final class ByteCounter: Sendable {
    let byteCount = Atomic(0)
}

/// Counts what a body would have been.
private struct CountingBodyWriter: ResponseBodyWriter {
    let counter: ByteCounter

    mutating func write(_ buffer: ByteBuffer) async throws {
        counter.byteCount.add(buffer.readableBytes, ordering: .relaxed)
    }

    consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
}
