// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import Inflate
internal import OTLP
package import ProtobufMessages
package import TraceModel
package import TraceStorage

/// A request for a store, and what it must bring into it.
package struct SentRequest: Sendable {
    package let tenant: TenantID
    package let arrivalSeconds: UInt32
    /// Its good spans, in the order of the request.
    package let spans: SpanBatchView
    package let copies: [SpanCopy]
    package let rejectedSpanCount: Int
    private let message: OTLPMessage.ExportTraceServiceRequest
    private let isCompressed: Bool

    /// - Parameter arrivalSeconds: Another one for every request tells what they brought apart.
    package init(
        _ message: OTLPMessage.ExportTraceServiceRequest, _ tenant: TenantID, arrivalSeconds: UInt32,
        isCompressed: Bool = false
    ) throws {
        self.message = message
        self.tenant = tenant
        self.arrivalSeconds = arrivalSeconds
        self.isCompressed = isCompressed
        rejectedSpanCount = message.resourceSpans.flatMap(\.scopeSpans).flatMap(\.spans).count { !$0.hasGoodIDs }
        var batch = SpanBatch(pool: testSlabs)
        var decoder = OTLPDecoder()
        let bytes = try message.encoded()
        _ = try decoder.decode(bytes.rawSpan, arrivalSeconds: arrivalSeconds, into: &batch)
        spans = batch.view()
        copies = spans.copies
    }

    /// The same spans once more, later.
    package func retried(arrivalSeconds: UInt32, isCompressed: Bool) throws -> SentRequest {
        try SentRequest(message, tenant, arrivalSeconds: arrivalSeconds, isCompressed: isCompressed)
    }

    package func received() throws -> ReceivedRequest {
        let bytes = try message.encoded()
        return ReceivedRequest(
            tenant: tenant, arrivalNanoseconds: UInt64(arrivalSeconds) * 1_000_000_000 + 17,
            contentEncoding: isCompressed ? .gzip : .identity, body: isCompressed ? try gzip(bytes, level: 1) : bytes,
            inflated: isCompressed ? bytes : nil)
    }
}

extension OTLPMessage.Span {
    package var hasGoodIDs: Bool {
        traceID.count == 16 && spanID.count == 8 && !traceID.allSatisfy { $0 == 0 } && !spanID.allSatisfy { $0 == 0 }
    }
}
