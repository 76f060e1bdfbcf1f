// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import OTLP
internal import OTLPGenerator
internal import ProtobufMessages
internal import TraceModel

func emptyBatch() -> SpanBatch { SpanBatch(pool: SlabPool(retainedByteLimit: 0)) }

/// Spans that reach every corner of the schema.
func randomSpans(seed: UInt64, requestCount: Int = 3) throws -> SpanBatchView {
    var random = RandomOTLP(seed: seed)
    var decoder = OTLPDecoder()
    var batch = emptyBatch()
    for _ in 0..<requestCount {
        let bytes = try random.request(maximumSpans: 60).encoded()
        _ = try decoder.decode(bytes.rawSpan, arrivalSeconds: UInt32(seed), into: &batch)
    }
    return batch.view()
}

/// A row as OTLP, which holds all that there is to a span but its arrival.
func message(_ view: SpanBatchView, _ row: Int) throws -> OTLPMessage.ExportTraceServiceRequest {
    var out = ByteWriter()
    OTLPEncoder(presence: .exact).encodeProtobuf([row], of: view, into: &out)
    return try OTLPMessage.ExportTraceServiceRequest(decoding: out.array())
}

func digest(_ view: SpanBatchView, _ row: Int) -> SpanDigest {
    var scratch = ByteWriter()
    return SpanDigest(view, row: row, scratch: &scratch)
}
