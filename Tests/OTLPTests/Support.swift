// SPDX-License-Identifier: Apache-2.0

import ByteCoding
import OTLP
import OTLPGenerator
import ProtobufMessages
import TraceModel

typealias Request = OTLPMessage.ExportTraceServiceRequest

/// A span with all that it is grouped under, for comparison as a multiset.
struct FlatSpan: Hashable {
    var resource: OTLPMessage.Resource?
    var resourceSchemaURL: [UInt8]
    var scope: OTLPMessage.InstrumentationScope?
    var scopeSchemaURL: [UInt8]
    var span: OTLPMessage.Span
}

extension Request {
    /// In wire order.
    var flatSpans: [FlatSpan] {
        resourceSpans.flatMap { group in
            group.scopeSpans.flatMap { scope in
                scope.spans.map {
                    FlatSpan(
                        resource: group.resource, resourceSchemaURL: group.schemaURL, scope: scope.scope,
                        scopeSchemaURL: scope.schemaURL, span: $0)
                }
            }
        }
    }
}

func multiset<Element: Hashable>(_ elements: [Element]) -> [Element: Int] {
    elements.reduce(into: [:]) { $0[$1, default: 0] += 1 }
}

extension OTLPMessage.Span {
    var isAcceptable: Bool { fault == nil }

    var fault: OTLPVerdict.Reason? {
        if traceID.count != 16 { return .traceIDLength }
        if spanID.count != 8 { return .spanIDLength }
        if traceID.allSatisfy({ $0 == 0 }) { return .zeroTraceID }
        return spanID.allSatisfy { $0 == 0 } ? .zeroSpanID : nil
    }
}

func emptyBatch() -> SpanBatch { SpanBatch(pool: SlabPool(retainedByteLimit: 0)) }

/// Decodes one request into a new batch.
func decoded(_ bytes: [UInt8]) throws -> (view: SpanBatchView, result: OTLPDecodeResult) {
    var batch = emptyBatch()
    var limits = OTLPDecoderLimits()
    limits.spanCount = 1 << 21
    var decoder = OTLPDecoder(limits: limits)
    let result = try decoder.decode(bytes.rawSpan, arrivalSeconds: 7, into: &batch)
    return (batch.view(), result)
}

func protobuf(
    _ view: SpanBatchView, rows: [Int]? = nil, presence: OTLPEncoder.Presence = .exact
) -> [UInt8] {
    var out = ByteWriter()
    OTLPEncoder(presence: presence).encodeProtobuf(rows ?? Array(0..<view.rowCount), of: view, into: &out)
    return out.array()
}

func json(
    _ view: SpanBatchView, _ flavor: OTLPEncoder.JSONFlavor, presence: OTLPEncoder.Presence = .always
) -> String {
    var out = ByteWriter()
    OTLPEncoder(presence: presence).encodeJSON(
        Array(0..<view.rowCount), of: view, flavor: flavor, into: &out)
    return String(decoding: out.array(), as: UTF8.self)
}

/// The spans of a view as the oracle reads what the encoder writes.
func flatSpans(_ view: SpanBatchView) throws -> [FlatSpan] { try Request(decoding: protobuf(view)).flatSpans }

/// The only span of a request made of these span fields, after decoding and encoding.
func onlySpan(spanFields: [UInt8]) throws -> OTLPMessage.Span {
    let spans = try flatSpans(try decoded(Sample.request(spanFields: spanFields)).view)
    return spans[0].span
}

/// Seeded choices for tests of single parts.
struct Choices {
    private var generator: SplitMix64

    init(seed: UInt64) { generator = SplitMix64(seed: seed) }

    mutating func below(_ bound: Int) -> Int { Int(generator.next() % UInt64(bound)) }
    mutating func oneIn(_ bound: Int) -> Bool { below(bound) == 0 }
    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }
    mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(below(256)) } }
}
