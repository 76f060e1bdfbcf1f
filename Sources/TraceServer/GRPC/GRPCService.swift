// SPDX-License-Identifier: Apache-2.0

internal import Inflate
internal import Ingest
internal import ProtobufMessages

/// Answers the calls of the gRPC listener.
struct GRPCService: Sendable {
    let receiver: any SpanReceiver
    let status: any StoreStatusProviding
    let metrics: IngestMetrics
    let buffers: BodyBuffers
    let access: AccessControl
    let tenancy: Tenancy

    /// Health checks are small; more is neither kept, as they need no token, nor inflated.
    static let healthRequestByteCount = 64 << 10

    /// Performs a call and sends the answer.
    func perform(_ call: consuming GRPCCall) async {
        var call = call
        var message = call.takeMessage()
        let reply =
            switch call.head.method {
            case .export: await export(call, message)
            case .healthCheck: checkHealth(call, message)
            }
        buffers.giveBack(&message)
        call.reply(reply)
    }

    private func export(_ call: GRPCCall, _ message: [UInt8]) async -> GRPCReply {
        let request = ExportRequest(
            tenant: call.head.tenant, body: message, encoding: call.isCompressed ? .gzip : .identity)
        do {
            let outcome = try await metrics.measuringAcknowledgement(.grpc, byteCount: message.count) {
                () async throws(IngestError) in try await receiver.export(request)
            }
            return .success(try ExportTraceServiceResponse(outcome).encoded())
        } catch let error as IngestError {
            return .failure(error)
        } catch {
            return .withoutAnswer(error)
        }
    }

    private func checkHealth(_ call: GRPCCall, _ message: [UInt8]) -> GRPCReply {
        do {
            var message = message
            if call.isCompressed { message = try inflate(message, limit: Self.healthRequestByteCount) }
            let service = try HealthCheck.service(decoding: message)
            guard ["", "opentelemetry.proto.collector.trace.v1.TraceService"].contains(service) else {
                return .failure(GRPCStatus(.notFound, "there is no service \(service)"))
            }
            let isServing = status.notReadyReason == nil
            return .success(try HealthCheck.encodedResponse(isServing ? .serving : .notServing))
        } catch {
            return .failure(GRPCStatus(.invalidArgument, "the health check can't be decoded: \(error)"))
        }
    }
}

extension ExportTraceServiceResponse {
    /// Empty if everything was accepted, else how much was rejected and why.
    init(_ outcome: ExportOutcome) {
        guard outcome.rejectedSpanCount > 0 || outcome.rejectionMessage != nil else {
            self.init()
            return
        }
        self.init(
            partialSuccess: PartialSuccess(
                rejectedSpans: Int64(outcome.rejectedSpanCount), errorMessage: outcome.rejectionMessage ?? "")
        )
    }
}
