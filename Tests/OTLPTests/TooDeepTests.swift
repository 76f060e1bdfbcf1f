// SPDX-License-Identifier: Apache-2.0

import ByteCoding
import OTLP
import OTLPGenerator
import ProtobufMessages
import Testing
import TraceModel

/// Values that are nested deeper than the limit cost their own span, and nobody else's.
@Suite struct TooDeepTests {
    /// Where a value can stand that only one span has.
    enum Place: CaseIterable {
        case attribute, event, link, listBesideOthers, repeatedValue

        /// The fields of a span with a value of this depth.
        func fields(depth: Int) -> [UInt8] {
            let deep = Sample.keyValue("k", Sample.nested(depth: depth))
            switch self {
            case .attribute: return Wire.field(9, deep)
            case .event: return Wire.field(11, Wire.field(3, deep))
            case .link: return Wire.field(13, Wire.field(4, deep))
            case .listBesideOthers:
                let list = Wire.field(5, Wire.field(1, []) + Wire.field(1, Sample.nested(depth: depth - 1)))
                return Wire.field(9, Sample.keyValue("k", list))
            case .repeatedValue:  // the last one counts, but all are judged
                return Wire.field(9, deep + Wire.field(2, Wire.field(1, "x")))
            }
        }
    }

    /// A request with a span for each of the names, under one resource and one scope.
    private func request(
        resource: [UInt8] = [], scope: [UInt8] = [], scopeIsLast: Bool = false, _ spans: [[UInt8]]
    ) -> [UInt8] {
        let spans = spans.flatMap { Wire.field(2, $0) }
        let scope = scope.isEmpty ? [] : Wire.field(1, scope)
        let scopeSpans = scopeIsLast ? spans + scope : scope + spans
        let resource = resource.isEmpty ? [] : Wire.field(1, resource)
        return Wire.field(1, resource + Wire.field(2, scopeSpans))
    }

    private func named(_ name: String, _ fields: [UInt8] = []) -> [UInt8] {
        Sample.ids + Wire.field(5, name) + fields
    }

    /// Sorted, as the encoder groups spans.
    private func names(_ view: SpanBatchView) throws -> [String] {
        try flatSpans(view).map { String(decoding: $0.span.name, as: UTF8.self) }.sorted()
    }

    /// Decodes, and decodes once more by the verdict: the same spans.
    private func check(_ bytes: [UInt8], keeps kept: [String], rejects runs: [OTLPVerdict.Rejection]) throws {
        let (view, result) = try decoded(bytes)
        #expect(try names(view) == kept)
        #expect(result.verdict.rejections == runs)
        #expect(result.acceptedSpanCount == kept.count)
        var out = ByteWriter()
        result.verdict.encode(into: &out)
        var cursor = ByteCursor(over: out.bytes)
        let recorded = try OTLPVerdict(from: &cursor, in: out.bytes)
        var batch = emptyBatch()
        var decoder = OTLPDecoder()
        try decoder.decode(bytes.rawSpan, arrivalSeconds: 7, obeying: recorded, into: &batch)
        #expect(protobuf(batch.view()) == protobuf(view))
        _ = json(view, .openTelemetry)
    }

    private func run(_ first: Int, _ count: Int, _ reason: OTLPVerdict.Reason = .tooDeep) -> OTLPVerdict.Rejection {
        .init(firstOrdinal: UInt32(first), spanCount: UInt32(count), reason: reason)
    }

    @Test(arguments: Place.allCases, [2, 63, 64, 65, 66, 10_000])
    func `a value below level 64 rejects its span and keeps the siblings`(place: Place, depth: Int) throws {
        let bytes = request([named("a"), named("b", place.fields(depth: depth)), named("c")])
        if depth <= 64 {
            try check(bytes, keeps: ["a", "b", "c"], rejects: [])
        } else {
            try check(bytes, keeps: ["a", "c"], rejects: [run(1, 1)])
        }
    }

    /// A request that was taken must never fail to be replayed: the good spans beside a damaged one would be lost.
    @Test(arguments: [1, 2, 63, 64, 65, 66, 127, 128, 129, 130, 1_000])
    func `damage is found at first or never`(depth: Int) throws {
        var damaged: [UInt8] = [0x02, 0x01]
        for _ in 1..<depth { damaged = Wire.field(5, Wire.field(1, damaged)) }
        let attribute = Sample.keyValue("k", damaged)
        for bytes in [
            request([named("a"), named("b", Wire.field(9, attribute)), named("c")]),
            request([named("a"), named("c")]) + request(resource: Wire.field(1, attribute), [named("b")]),
            request([named("a"), named("c")]) + request(scope: Wire.field(3, attribute), scopeIsLast: true, [named("b")]),
        ] {
            if depth <= OTLPDecoderLimits.maximumAnyValueDepth {
                let error = #expect(throws: OTLPError.self) { _ = try decoded(bytes) }
                #expect(error?.code == .malformed)
            } else {
                let ordinal = try decoded(bytes).result.verdict.rejections[0].firstOrdinal
                try check(bytes, keeps: ["a", "c"], rejects: [run(Int(ordinal), 1)])
            }
        }
    }

    @Test(arguments: [1, 2, 63, 64, 65, 66, 10_000], [false, true])
    func `a deep value of a resource or scope rejects the spans under it`(depth: Int, isLast: Bool) throws {
        let attribute = Wire.field(1, Sample.keyValue("k", Sample.nested(depth: depth)))
        let scope = Wire.field(1, "lib") + Wire.field(3, Sample.keyValue("k", Sample.nested(depth: depth)))
        let before = request([named("a")])
        let after = request([named("z")])
        for bytes in [
            request(resource: attribute, [named("b"), named("c")]),
            request(scope: scope, scopeIsLast: isLast, [named("b"), named("c")]),
        ] {
            if depth <= 64 {
                try check(before + bytes + after, keeps: ["a", "b", "c", "z"], rejects: [])
            } else {
                try check(before + bytes + after, keeps: ["a", "z"], rejects: [run(1, 2)])
            }
        }
    }

    @Test(arguments: [false, true]) func `reasons are the same wherever the deep scope stands`(isLast: Bool) throws {
        let scope = Wire.field(3, Sample.keyValue("k", Sample.nested(depth: 65)))
        let zero = Wire.field(1, Sample.traceID) + Wire.field(2, [UInt8](repeating: 0, count: 8))
        let first = request([named("a"), zero])
        let second = request(scope: scope, scopeIsLast: isLast, [zero, named("b"), [], named("c"), named("d")])
        try check(
            first + second + first, keeps: ["a", "a"],
            rejects: [
                run(1, 2, .zeroSpanID), run(3, 1), run(4, 1, .traceIDLength), run(5, 2), run(8, 1, .zeroSpanID),
            ])
    }

    @Test func `a scope in two pieces that is too deep rejects, and one beside it does not`() throws {
        let deep = Wire.field(1, Wire.field(3, Sample.keyValue("k", Sample.nested(depth: 65))))
        let spans = Wire.field(2, named("b"))
        let bytes =
            Wire.field(1, Wire.field(2, Wire.field(1, Wire.field(1, "x")) + spans + deep) + Wire.field(2, spans))
        try check(bytes, keeps: ["b"], rejects: [run(0, 1)])
    }

    @Test func `the same deep resource is found again in the next request`() throws {
        let attribute = Wire.field(1, Sample.keyValue("k", Sample.nested(depth: 65)))
        let bytes = request(resource: attribute, [named("b")])
        var batch = emptyBatch()
        var decoder = OTLPDecoder()
        for _ in 0..<3 {
            #expect(try decoder.decode(bytes.rawSpan, arrivalSeconds: 7, into: &batch).acceptedSpanCount == 0)
            // What an older verdict kept is no precedent.
            var older = emptyBatch()
            try decoder.decode(bytes.rawSpan, arrivalSeconds: 7, obeying: OTLPVerdict(), into: &older)
            #expect(older.rowCount == 1)
            #expect(try decoder.decode(bytes.rawSpan, arrivalSeconds: 7, into: &older).acceptedSpanCount == 0)
        }
        #expect(batch.rowCount == 0)
    }

    @Test func `a verdict can't keep what no encoder could write`() throws {
        let attribute = Wire.field(1, Sample.keyValue("k", Sample.nested(depth: 129)))
        let scope = Wire.field(3, Sample.keyValue("k", Sample.nested(depth: 129)))
        var batch = emptyBatch()
        var decoder = OTLPDecoder()
        for bytes in [
            request([named("a", Place.attribute.fields(depth: 129))]), request(resource: attribute, [named("a")]),
            request(scope: scope, scopeIsLast: true, [named("a")]),
        ] {
            do {
                try decoder.decode(bytes.rawSpan, arrivalSeconds: 7, obeying: OTLPVerdict(), into: &batch)
                Issue.record("taken")
            } catch {
                #expect(error.code == .verdictMismatch)
            }
            #expect(batch.rowCount == 0)
        }
    }

    @Test func `damage behind a deep value is still damage`() throws {
        let group = Wire.tag(5, 3)
        for fields in [
            Place.attribute.fields(depth: 100) + group,
            Wire.field(9, Sample.keyValue("k", Wire.field(5, Wire.field(1, Sample.nested(depth: 80)) + group))),
        ] {
            let error = #expect(throws: OTLPError.self) { _ = try decoded(request([named("a", fields)])) }
            #expect(error?.code == .malformed)
        }
    }

    @Test func `the sender is told`() throws {
        let bytes = request([named("a", Place.event.fields(depth: 65)), named("b")])
        #expect(
            try decoded(bytes).result.verdict.message
                == "1 span rejected: 1 with an attribute that is nested too deep, itself, in its resource or in its scope"
        )
    }

    @Test func `a deep value that is refused leaves nothing in the batch`() throws {
        let bytes = request([named("a", Place.attribute.fields(depth: 10_000))])
        var batch = emptyBatch()
        var decoder = OTLPDecoder()
        _ = try decoder.decode(bytes.rawSpan, arrivalSeconds: 7, into: &batch)
        #expect(batch.strings.byteCount < 100)
    }
}
