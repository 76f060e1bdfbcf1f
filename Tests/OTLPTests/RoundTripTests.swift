// SPDX-License-Identifier: Apache-2.0

import ByteCoding
import OTLP
import OTLPGenerator
import ProtobufMessages
import Testing
import TraceModel

@Suite struct RoundTripTests {
    @Test(arguments: 0..<60)
    func `every span comes back equal with its resource and scope`(seed: UInt64) throws {
        var random = RandomOTLP(seed: seed)
        for _ in 0..<10 {
            let request = random.request(maximumSpans: 40)
            let (view, result) = try decoded(try request.encoded())
            #expect(result.acceptedSpanCount == request.flatSpans.count)
            #expect(result.verdict.isEmpty)
            #expect(try multiset(flatSpans(view)) == multiset(request.flatSpans))
        }
    }

    @Test(arguments: 100..<120)
    func `spans with bad IDs are rejected and counted and the rest is kept`(seed: UInt64) throws {
        var random = RandomOTLP(seed: seed, options: .init(hasBadIDs: true))
        let request = random.request(maximumSpans: 200)
        let spans = request.flatSpans
        let (view, result) = try decoded(try request.encoded())
        let good = spans.filter(\.span.isAcceptable)
        #expect(result.acceptedSpanCount == good.count)
        #expect(result.spanCount == spans.count)
        #expect(try multiset(flatSpans(view)) == multiset(good))
        var rejected: [Int: OTLPVerdict.Reason] = [:]
        for run in result.verdict.rejections {
            for ordinal in run.firstOrdinal..<(run.firstOrdinal + run.spanCount) { rejected[Int(ordinal)] = run.reason }
        }
        for (ordinal, flat) in spans.enumerated() { #expect(rejected[ordinal] == flat.span.fault) }
    }

    @Test(arguments: 200..<210)
    func `many requests share one batch and one decoder serves many batches`(seed: UInt64) throws {
        var random = RandomOTLP(seed: seed)
        var decoder = OTLPDecoder()
        let pool = SlabPool(retainedByteLimit: 1 << 20)
        for _ in 0..<5 {
            var batch = SpanBatch(pool: pool, seed: seed)
            var all: [FlatSpan] = []
            for _ in 0..<20 {
                let request = random.request(maximumSpans: 30)
                all += request.flatSpans
                let bytes = try request.encoded()
                _ = try decoder.decode(bytes.rawSpan, arrivalSeconds: 1, into: &batch)
            }
            let view = batch.view()
            #expect(try multiset(flatSpans(view)) == multiset(all))
            // Each resource and each of its scopes stands once.
            let written = try Request(decoding: protobuf(view)).resourceSpans
            let resources = written.map { [$0.resource.hashValue, $0.schemaURL.hashValue] }
            #expect(Set(resources).count == resources.count)
            for group in written {
                let scopes = group.scopeSpans.map { [$0.scope.hashValue, $0.schemaURL.hashValue] }
                #expect(Set(scopes).count == scopes.count)
            }
        }
    }

    @Test(arguments: 300..<330)
    func `with presence always text is UTF-8 and resource, scope and status are there`(seed: UInt64) throws {
        var random = RandomOTLP(seed: seed)
        let request = random.request(maximumSpans: 60)
        let (view, _) = try decoded(try request.encoded())
        let written = try Request(decoding: protobuf(view, presence: .always))
        #expect(multiset(written.flatSpans) == multiset(request.flatSpans.map { $0.repaired() }))
    }

    @Test func `chosen rows keep their order inside of their scope`() throws {
        var random = RandomOTLP(seed: 9)
        let request = random.request(maximumSpans: 300)
        let (view, _) = try decoded(try request.encoded())
        let rows = (0..<view.rowCount).reversed().filter { $0 % 3 != 0 }
        let flat = request.flatSpans
        let written = try Request(decoding: protobuf(view, rows: rows)).flatSpans
        #expect(multiset(written) == multiset(rows.map { flat[$0] }))
        for group in Set(flat.map { $0.withoutSpan }) {
            let expected = rows.map { flat[$0] }.filter { $0.withoutSpan == group }
            #expect(written.filter { $0.withoutSpan == group } == expected)
        }
    }

    @Test func `columns hold what the row says`() throws {
        let fields =
            Wire.field(4, Array(31...38)) + Wire.field(5, "GET /") + Wire.field(6, varint: 3)
            + Wire.field(7, fixed64: 1000) + Wire.field(8, fixed64: 999) + Wire.field(16, fixed32: 0x101)
            + Wire.field(3, "ot=th:8") + Wire.field(10, varint: 4) + Wire.field(12, varint: 5)
            + Wire.field(9, Sample.keyValue("n", Wire.field(3, varint: UInt64(bitPattern: -5))))
        let resource = Wire.field(1, Sample.keyValue("service.name", Wire.field(1, "cart")))
        let request = Wire.field(1, Wire.field(1, resource) + Wire.field(2, Wire.field(2, Sample.ids + fields)))
        let (view, _) = try decoded(request)
        #expect(view.rowCount == 1)
        #expect(view.traceID(0).description == "0102030405060708090a0b0c0d0e0f10")
        #expect(SpanID(view.spanID[0]).description == "15161718191a1b1c")
        #expect(SpanID(view.parent(0)).description == "1f20212223242526")
        #expect(view.kind[0] == 3 && view.start[0] == 1000 && view.end[0] == 999 && view.flags[0] == 0x101)
        #expect(view.arrivalSeconds[0] == 7)
        #expect(view.drops(0) == DroppedCounts(attributes: 4, events: 5, links: 0))
        #expect([UInt8](view.strings[view.name[0]]) == Array("GET /".utf8))
        #expect([UInt8](view.strings[view.traceState[0]]) == Array("ot=th:8".utf8))
        #expect([UInt8](view.strings[view.resourceRecord(0).serviceName]) == Array("cart".utf8))
        #expect(Int64(bitPattern: view.attributes.values[0]) == -5)
        #expect(view.scope[0] == 0 && view.scopeRecord(0) == ScopeRecord.none)
    }
}

extension FlatSpan {
    var withoutSpan: FlatSpan {
        var copy = self
        copy.span = OTLPMessage.Span()
        return copy
    }
}
