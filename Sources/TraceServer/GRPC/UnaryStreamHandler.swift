// SPDX-License-Identifier: Apache-2.0

internal import Ingest
internal import NIOCore
internal import NIOHPACK
internal import NIOHTTP2

/// What the streams of a listener share.
struct UnaryStreamContext: Sendable {
    let receiver: any SpanReceiver
    let metrics: IngestMetrics
    let limits: ServerLimits
    let buffers: BodyBuffers
    let access: AccessControl
    let tenancy: Tenancy
    /// Hands a complete call to the listener's tasks; false if it takes no more.
    let submit: @Sendable (GRPCCall) -> Bool
}

/// One gRPC call on its HTTP/2 stream: gathers the message, hands it over, writes the answer.
///
/// All of this runs on the connection's event loop; the call itself does not. Memory is reserved when the message's
/// length is known and before its bytes are kept.
final class UnaryStreamHandler: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame.FramePayload
    typealias OutboundOut = HTTP2Frame.FramePayload

    private enum State {
        case waitingForHead
        case gathering(CallHead)
        /// The call is with the listener's tasks.
        case called
        /// The answer was written, or nobody waits for it any more.
        case ended
    }

    private let shared: UnaryStreamContext
    private var state = State.waitingForHead
    private var assembler: MessageAssembler
    private var reservation: IngestReservation?
    private var isCompressed = false
    private var clientHasEnded = false
    private var method: GRPCMethod?
    private var context: ChannelHandlerContext?
    private var deadline: Scheduled<Void>?

    init(_ shared: UnaryStreamContext) {
        self.shared = shared
        assembler = MessageAssembler(limit: shared.limits.requestByteCount, buffers: shared.buffers)
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        forget()
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        if case .gathering(let head) = state, head.method == .export {
            shared.metrics.countRefusal(.grpc, .incomplete)
        }
        forget()
        context.fireChannelInactive()
    }

    /// The client has cancelled, or the connection is gone.
    private func forget() {
        deadline?.cancel()
        deadline = nil
        assembler.discard()
        reservation = nil
        state = .ended
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .headers(let headers):
            if headers.endStream { clientHasEnded = true }
            receive(headers.headers)
        case .data(let frame):
            if frame.endStream { clientHasEnded = true }
            if case .byteBuffer(let bytes) = frame.data { receive(bytes) }
        default:
            break
        }
    }

    /// Looked at here so that calls that come in one piece need no timer.
    func channelReadComplete(context: ChannelHandlerContext) {
        watchTheClock()
        context.fireChannelReadComplete()
    }

    private func receive(_ fields: HPACKHeaders) {
        switch state {
        case .waitingForHead:
            do {
                var head = try CallHead(fields)
                method = head.method
                if let reply = refusal(&head, fields) { return answer(reply) }
                state = .gathering(head)
            } catch {
                switch error {
                case .http(let status): return refuse(httpStatus: status)
                case .grpc(let status): return answer(.failure(status))
                }
            }
        case .gathering, .called, .ended:
            break
        }
        if clientHasEnded { finishGathering() }
    }

    /// The answer to who may not make this call, or does not say for whom; a health check needs neither token nor tenant,
    /// like `/ready`.
    private func refusal(_ head: inout CallHead, _ fields: HPACKHeaders) -> GRPCReply? {
        guard head.method == .export else { return nil }
        do {
            let permit = try shared.access.check(head.authorization, needs: .write)
            head.tenant = try shared.tenancy.writer(fields[tenantHeaderName.lowercased()])
            try permit.check(head.tenant)
            return nil
        } catch let refusal as TenantRefusal {
            return GRPCReply(status: refusal.grpcStatus, message: [], refusal: .tenant)
        } catch let refusal as AccessControl.Refusal {
            return .failure(refusal.grpcStatus)
        } catch {
            return .failure(GRPCStatus(.unavailable, "\(error)"))
        }
    }

    private func receive(_ frame: ByteBuffer) {
        var rest = frame
        while case .gathering(let head) = state, rest.readableBytes > 0 {
            switch assembler.take(&rest) {
            case .needsMore: break
            case .announced(let byteCount, let isCompressed):
                self.isCompressed = isCompressed
                if let status = head.check(isCompressed: isCompressed) { return answer(.failure(status)) }
                if head.method == .healthCheck, byteCount > GRPCService.healthRequestByteCount {
                    return answer(.failure(GRPCStatus(.resourceExhausted, "a health check is not that large")))
                }
                guard reserve(byteCount) else { return }
            case .failed(let status): return answer(.failure(status))
            }
        }
        if clientHasEnded { finishGathering() }
    }

    private func reserve(_ byteCount: Int) -> Bool {
        do {
            reservation = try shared.receiver.reserve(
                max(byteCount, shared.limits.minimumReservationByteCount))
            return true
        } catch {
            answer(.failure(error))
            return false
        }
    }

    /// The message has to arrive, else slow clients would hold memory for ever.
    private func watchTheClock() {
        guard deadline == nil, case .gathering = state, let context else { return }
        let seconds = shared.limits.bodySeconds
        deadline = context.eventLoop.assumeIsolated().scheduleTask(in: .seconds(Int64(seconds))) {
            guard case .gathering = self.state else { return }
            let text = "the message did not arrive within \(seconds) seconds"
            self.answer(.failure(GRPCStatus(.deadlineExceeded, text)))
        }
    }

    private func finishGathering() {
        guard case .gathering(let head) = state, let context else { return }
        deadline?.cancel()
        guard let message = assembler.finished(), let reservation else {
            let status = GRPCStatus(.internal, "the client ended the call before its message was complete")
            return answer(.failure(status, .incomplete))
        }
        let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
        let eventLoop = context.eventLoop
        let call = GRPCCall(
            head: head, message: message, isCompressed: isCompressed, reservation: reservation
        ) { reply in
            eventLoop.execute { handler.value.answer(reply) }
        }
        self.reservation = nil
        state = .called
        if !shared.submit(call) {
            answer(.failure(GRPCStatus(.unavailable, "the server is shutting down: try another one")))
        }
    }
}

extension UnaryStreamHandler {
    /// Counts and writes the answer, of which a call gets one. It is counted too if nobody waits for it any more.
    private func answer(_ reply: GRPCReply) {
        if method != .healthCheck {
            shared.metrics.countRequest(reply.status.code, refused: reply.refusal)
        }
        if case .ended = state { return }
        guard let context else { return }
        var head = HPACKHeaders()
        head.add(name: ":status", value: "200")
        head.add(name: "content-type", value: "application/grpc")
        head.add(name: "grpc-accept-encoding", value: "identity,gzip")
        if reply.status.code == .ok {
            write(.headers(.init(headers: head)), context)
            var bytes = context.channel.allocator.buffer(capacity: 5 + reply.message.count)
            bytes.writeInteger(UInt8(0))
            bytes.writeInteger(UInt32(reply.message.count))
            bytes.writeBytes(reply.message)
            write(.data(.init(data: .byteBuffer(bytes))), context)
            head = HPACKHeaders()
        }
        reply.status.append(to: &head)
        finish(head, context)
    }

    private func refuse(httpStatus: Int) {
        shared.metrics.countRefusal(.grpc, .unsupported)
        guard let context else { return }
        var head = HPACKHeaders()
        head.add(name: ":status", value: String(httpStatus))
        if httpStatus == 405 { head.add(name: "allow", value: "POST") }
        finish(head, context)
    }

    private func finish(_ fields: HPACKHeaders, _ context: ChannelHandlerContext) {
        forget()
        write(.headers(.init(headers: fields, endStream: true)), context)
        // RFC 9113, section 8.1: the answer is complete, what the client still has to send is not wanted.
        if !clientHasEnded { write(.rstStream(.noError), context) }
        context.flush()
    }

    private func write(_ payload: HTTP2Frame.FramePayload, _ context: ChannelHandlerContext) {
        context.write(wrapOutboundOut(payload), promise: nil)
    }
}
