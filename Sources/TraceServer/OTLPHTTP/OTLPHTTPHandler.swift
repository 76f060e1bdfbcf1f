// SPDX-License-Identifier: Apache-2.0

internal import Ingest
internal import NIOCore
internal import NIOHTTP1

/// What the connections of a listener share.
struct OTLPHTTPContext: Sendable {
    let receiver: any SpanReceiver
    let metrics: IngestMetrics
    let limits: ServerLimits
    let buffers: BodyBuffers
    let access: AccessControl
    let tenancy: Tenancy
    let corsOrigins: CORSOrigins
    let deadlines: Deadlines
    /// Hands a complete call to the listener's tasks; false if it takes no more.
    let submit: @Sendable (OTLPHTTPCall) -> Bool
}

/// The requests of one connection, one after the other: gathers the body, hands it over, writes the answer.
///
/// All of this runs on the connection's event loop; the call itself does not. Memory is reserved before bytes are
/// kept. The handler before this one holds further requests back until the answer is written.
final class OTLPHTTPHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = Never
    typealias OutboundOut = HTTPServerResponsePart

    private enum State {
        case waitingForHead
        case gathering(OTLPHTTPRequest)
        /// The call is with the listener's tasks.
        case called
        /// The answer was written; so many bytes of the body were thrown away behind it.
        case discarding(byteCount: Int)
        /// The last answer was written, or nobody waits for one any more.
        case ended
    }

    private let shared: OTLPHTTPContext
    private var state = State.waitingForHead
    private var context: ChannelHandlerContext?
    // Of the request at hand
    private var number = 0
    private var head: HTTPRequestHead?
    private var announced: AnnouncedBody?
    private var bodyHasEnded = false
    private var body: [UInt8] = []
    private var reservation: GrowingReservation?
    /// Ends the connection if the body does not come, or an answer is not taken.
    private var deadline: Int?
    /// The client has shut its side down.
    private var inputIsClosed = false
    private var readIsWanted = false

    init(_ shared: OTLPHTTPContext) { self.shared = shared }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        forget()
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        if case .gathering = state { shared.metrics.countRefusal(.http, .incomplete) }
        forget()
        context.fireChannelInactive()
    }

    private func forget() {
        letGoOfBody()
        callOffDeadline()
        state = .ended
    }

    private func letGoOfBody() {
        shared.buffers.giveBack(&body)
        reservation = nil
    }

    // MARK: - In

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): receive(head, context)
        case .body(let bytes): receive(bytes, context)
        case .end: finishBody(context)
        }
    }

    private func receive(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        guard case .waitingForHead = state else { return }
        self.head = head
        number += 1
        bodyHasEnded = false
        let announced = AnnouncedBody(head)
        self.announced = announced
        if announced.hasUnknownCoding { return answer(.unknownCoding, endsConnection: true) }
        if shared.corsOrigins.isPreflight(head), OTLPHTTPRequest.isForSpans(head) {
            return answer(OTLPAnswer(status: 204), isCounted: false)
        }
        let mediaType = MediaType(contentType: head.headers.first(name: "content-type"))
        do {
            let permit = try shared.access.check(head.headers.first(name: "authorization"), needs: .write)
            let request = try OTLPHTTPRequest(head, mediaType, shared.tenancy)
            try permit.check(request.tenant)
            try reserve(announced)
            if announced.waitsForContinue {
                let goOn = HTTPResponseHead(version: .http1_1, status: .continue)
                context.writeAndFlush(wrapOutboundOut(.head(goOn)), promise: nil)
                self.announced?.waitsForContinue = false
            }
            state = .gathering(request)
        } catch let error as IngestError {
            answer(OTLPAnswer(error, as: mediaType))
        } catch let refusal as AccessControl.Refusal {
            answer(OTLPAnswer(refusal, as: mediaType))
        } catch let refusal as TenantRefusal {
            answer(OTLPAnswer(refusal, as: mediaType))
        } catch let refusal as OTLPHTTPRequest.Refusal {
            answer(OTLPAnswer(status: refusal.status, refusal.message, as: mediaType))
        } catch {
            answer(OTLPAnswer(status: 503, "\(error)", as: mediaType))
        }
    }

    /// Reserves memory before any of the body is kept.
    private func reserve(_ announced: AnnouncedBody) throws(IngestError) {
        var reservation = GrowingReservation(receiver: shared.receiver, limits: shared.limits)
        guard let byteCount = announced.byteCount else {
            try reservation.grow(toHold: 1)
            self.reservation = reservation
            return
        }
        try reservation.reserve(exactly: byteCount)
        body = shared.buffers.take(capacity: min(byteCount, reservation.byteCount))
        self.reservation = reservation
    }

    private func receive(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        switch state {
        case .gathering(let request):
            do throws(IngestError) {
                let byteCount = body.count + bytes.readableBytes
                if byteCount > reservation?.byteCount ?? 0 { try reservation?.grow(toHold: byteCount) }
                var bytes = bytes
                bytes.read(bytes.readableBytes, into: &body)
            } catch {
                answer(OTLPAnswer(error, as: request.mediaType))
            }
        case .discarding(let byteCount):
            let byteCount = byteCount + bytes.readableBytes
            state = .discarding(byteCount: byteCount)
            if byteCount > shared.limits.discardedByteCount { context.close(promise: nil) }
        case .waitingForHead, .called, .ended: break
        }
    }

    /// A body that was begun has to arrive, else slow clients would hold memory for ever. Most are there by now.
    func channelReadComplete(context: ChannelHandlerContext) {
        switch state {
        case .gathering, .discarding: if deadline == nil { watchTheClock(context) }
        case .waitingForHead, .called, .ended: break
        }
        context.fireChannelReadComplete()
    }

    private func watchTheClock(_ context: ChannelHandlerContext) {
        let (handler, eventLoop) = (NIOLoopBound(self, eventLoop: context.eventLoop), context.eventLoop)
        let (end, number) = (ContinuousClock.now + .seconds(shared.limits.bodySeconds), number)
        deadline = shared.deadlines.add(at: end) { eventLoop.execute { handler.value.endSlowRequest(number) } }
    }

    /// - Parameter number: Of the request that was slow, which may be there by now.
    private func endSlowRequest(_ number: Int) {
        guard number == self.number else { return }
        switch state {
        case .gathering: shared.metrics.countRefusal(.http, .slow)
        case .discarding: break
        case .waitingForHead, .called, .ended: return
        }
        // Before the channel says that it is closed, by which a request is incomplete.
        forget()
        context?.close(promise: nil)
    }

    private func finishBody(_ context: ChannelHandlerContext) {
        bodyHasEnded = true
        switch state {
        case .gathering(let request): submit(request, context)
        case .discarding:
            callOffDeadline()
            state = .waitingForHead
        case .waitingForHead, .called, .ended: break
        }
    }

    private func submit(_ request: OTLPHTTPRequest, _ context: ChannelHandlerContext) {
        callOffDeadline()
        guard let reservation, announced?.byteCount ?? body.count == body.count else {
            let text = "the body is shorter than its Content-Length"
            return answer(OTLPAnswer(status: 400, text, as: request.mediaType))
        }
        let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
        let eventLoop = context.eventLoop
        let call = OTLPHTTPCall(request: request, body: body, reservation: reservation) { reply in
            eventLoop.execute { handler.value.finish(reply) }
        }
        body = []
        self.reservation = nil
        state = .called
        if !shared.submit(call) {
            let text = "the server is shutting down: try another one"
            answer(OTLPAnswer(status: 503, text, as: request.mediaType))
        }
    }

    private func finish(_ reply: OTLPAnswer) {
        if case .called = state { answer(reply) } else { count(reply) }
    }

    private func count(_ answer: OTLPAnswer) {
        shared.metrics.countRequest(httpStatus: answer.status)
        if let reason = answer.refusal { shared.metrics.countRefusal(.http, reason) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is IdleStateHandler.IdleStateEvent:
            if case .called = state { return }
            if case .gathering = state { return }
            context.close(promise: nil)
        case ChannelEvent.inputClosed:
            inputIsClosed = true
            if case .called = state { return }
            context.close(promise: nil)
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }

    /// The handler before this one has answered 400 where it could, and the decoder closes the connection.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError else { return context.close(promise: nil) }
        if case .ended = state { return }
        if case .gathering = state {
            shared.metrics.countRequest(httpStatus: 400)
            shared.metrics.countRefusal(.http, error == .invalidEOFState ? .incomplete : .malformed)
        }
        forget()
    }
}

// MARK: - Out

extension OTLPHTTPHandler {
    /// Writes the answer to the request at hand.
    ///
    /// What is left of the body is read and thrown away, within limits; a client that waits to be told to send it, or
    /// has too much of it, is cut off instead.
    private func answer(_ answer: OTLPAnswer, isCounted: Bool = true, endsConnection: Bool = false) {
        guard let context, let head, let announced else { return }
        if isCounted { count(answer) }
        let restByteCount = (announced.byteCount ?? 0) - body.count
        let cutsOff =
            !bodyHasEnded && (announced.waitsForContinue || restByteCount > shared.limits.discardedByteCount)
        letGoOfBody()
        callOffDeadline()
        let isOld = !(head.version >= .http1_1)
        let isLast = isOld || !head.isKeepAlive || cutsOff || inputIsClosed || endsConnection
        state = isLast ? .ended : bodyHasEnded ? .waitingForHead : .discarding(byteCount: 0)
        write(answer, to: head, isOld: isOld, isLast: isLast, context)
    }

    private func write(
        _ answer: OTLPAnswer, to request: HTTPRequestHead, isOld: Bool, isLast: Bool,
        _ context: ChannelHandlerContext
    ) {
        var head = HTTPResponseHead(
            version: isOld ? .http1_0 : .http1_1, status: HTTPResponseStatus(statusCode: answer.status))
        if let contentType = answer.contentType {
            head.headers.add(name: "content-type", value: contentType)
            head.headers.add(name: "content-length", value: String(answer.body.count))
        }
        for field in answer.fields { head.headers.add(name: field.name, value: field.value) }
        for field in shared.corsOrigins.fields(for: request) { head.headers.add(name: field.name, value: field.value) }
        if isLast { head.headers.add(name: "connection", value: "close") }
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if !answer.body.isEmpty, request.method != .HEAD {
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: answer.body)))), promise: nil)
        }
        guard isLast else { return context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil) }
        // Our side is shut down first, so that the client reads the answer and not that its bytes were refused.
        close(after: shared.limits.answerSeconds, context)
        let written = context.eventLoop.makePromise(of: Void.self)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        written.futureResult.whenComplete { [inputIsClosed] _ in
            bound.value.close(mode: inputIsClosed ? .all : .output, promise: nil)
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: written)
    }

    private func close(after seconds: Int, _ context: ChannelHandlerContext) {
        callOffDeadline()
        let channel = context.channel
        deadline = shared.deadlines.add(at: .now + .seconds(seconds)) { channel.close(promise: nil) }
    }

    private func callOffDeadline() {
        if let deadline { shared.deadlines.callOff(deadline) }
        deadline = nil
    }

    // MARK: - Who does not read answers gets no more of them

    func read(context: ChannelHandlerContext) {
        if context.channel.isWritable { context.read() } else { readIsWanted = true }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if !context.channel.isWritable {
            if deadline == nil { close(after: shared.limits.answerSeconds, context) }
        } else {
            if case .waitingForHead = state { callOffDeadline() }
            if readIsWanted {
                readIsWanted = false
                context.read()
            }
        }
        context.fireChannelWritabilityChanged()
    }
}
