// SPDX-License-Identifier: Apache-2.0

import ByteCoding
import OTLP
import OTLPGenerator
import ProtobufMessages
import Testing
import TraceModel

@Suite struct HostileBytesTests {
    /// Decodes `bytes` behind a good request in one batch; what was there before must stay in any case.
    ///
    /// The oracle must say the same where it is as strict: protobuf-c takes field number 0 and varints that overflow,
    /// which Google's parsers refuse, refuses known fields of a wrong wire type, which they pass over, and takes
    /// Booleans of any wire type (`isComparable` is false where that is likely).
    private func check(
        _ bytes: [UInt8], _ decoder: inout OTLPDecoder, behind good: [UInt8], _ goodOutput: [UInt8],
        isComparable: Bool = true
    ) throws {
        var batch = emptyBatch()
        _ = try decoder.decode(good.rawSpan, arrivalSeconds: 1, into: &batch)
        let rows = batch.rowCount
        do {
            let result = try decoder.decode(bytes.rawSpan, arrivalSeconds: 2, into: &batch)
            #expect(batch.rowCount == rows + result.acceptedSpanCount)
            let view = batch.view()
            _ = json(view, .tempo(listName: "batches"))
            _ = protobuf(view, presence: .always)
            if isComparable, let oracle = try? Request(decoding: bytes) {
                let written = try Request(decoding: protobuf(view, rows: Array(rows..<view.rowCount)))
                let expected = oracle.flatSpans.filter(\.span.isAcceptable)
                #expect(multiset(written.flatSpans) == multiset(expected), "\(bytes)")
            }
        } catch {
            #expect(batch.rowCount == rows)
            let isStricter = "\(error)".contains("field number is 0") || "\(error)".contains("varint has more")
            #expect(isStricter || (try? Request(decoding: bytes)) == nil, "the oracle takes \(bytes): \(error)")
        }
        let view = batch.view()
        #expect(protobuf(view, rows: Array(0..<rows)) == goodOutput)
    }

    private func samples() throws -> [[UInt8]] {
        try (0..<6).map { (seed: Int) in
            var random = RandomOTLP(seed: 4000 + UInt64(seed))
            var bytes: [UInt8] = []
            while bytes.count < 200 || bytes.count > 900 { bytes = try random.request(maximumSpans: 3).encoded() }
            return bytes
        }
    }

    @Test func `every truncation is taken or refused and never changes what was there`() throws {
        var decoder = OTLPDecoder()
        let samples = try samples()
        let goodOutput = protobuf(try decoded(samples[0]).view)
        for sample in samples {
            for length in 0..<sample.count {
                try check(Array(sample[..<length]), &decoder, behind: samples[0], goodOutput)
            }
        }
    }

    @Test(arguments: 0..<6)
    func `every single-bit flip and hostile byte is taken or refused`(index: Int) throws {
        var decoder = OTLPDecoder()
        let samples = try samples()
        let goodOutput = protobuf(try decoded(samples[0]).view)
        let sample = samples[index]
        for place in sample.indices {
            let changes = (0..<8).map { sample[place] ^ (1 << $0) } + [0x00, 0x7f, 0x80, 0xff]
            for value in changes {
                var bytes = sample
                bytes[place] = value
                let isBool = value & 0xf8 == 0x10 && value != 0x10
                try check(bytes, &decoder, behind: samples[0], goodOutput, isComparable: !isBool)
            }
        }
    }

    @Test func `random bytes never trap`() throws {
        var decoder = OTLPDecoder()
        var random = Choices(seed: 5)
        let good = try samples()[0]
        let goodOutput = protobuf(try decoded(good).view)
        for _ in 0..<3000 {
            try check(random.bytes(random.below(60)), &decoder, behind: good, goodOutput)
        }
    }

    @Test func `a deep list beside others does not count for them`() throws {
        let deep = Wire.field(1, Sample.nested(depth: 63))
        let list = Wire.field(5, deep + deep + deep)
        _ = try decoded(Sample.request(spanFields: Wire.field(9, Sample.keyValue("k", list))))
    }

    @Test func `100,000 attributes come back in order`() throws {
        var fields: [UInt8] = []
        for index in 0..<100_000 {
            fields += Wire.field(9, Sample.keyValue("k\(index % 70_000)", Wire.field(3, varint: UInt64(index))))
        }
        let view = try decoded(Sample.request(spanFields: fields)).view
        let attributes = try flatSpans(view)[0].span.attributes
        #expect(attributes.count == 100_000)
        #expect(attributes.enumerated().allSatisfy { $1.value == .int(Int64($0)) })
        #expect(attributes[70_001].key == Array("k1".utf8))
    }

    @Test func `two million empty spans are one line in the verdict and take no memory`() throws {
        var spans: [UInt8] = []
        spans.reserveCapacity(4_000_000)
        for _ in 0..<2_000_000 { spans += [0x12, 0x00] }
        let bytes = Wire.field(1, Wire.field(2, spans))
        var batch = emptyBatch()
        var decoder = OTLPDecoder()
        let result = try decoder.decode(bytes.rawSpan, arrivalSeconds: 0, into: &batch)
        #expect(result.acceptedSpanCount == 0)
        #expect(
            result.verdict.rejections
                == [.init(firstOrdinal: 0, spanCount: 2_000_000, reason: .traceIDLength)])
        #expect(batch.byteCount < 1 << 20)
    }

    @Test func `attributes, events and links of rejected spans leave nothing behind`() throws {
        let fields =
            Wire.field(9, Sample.keyValue("a", Wire.field(3, varint: 1)))
            + Wire.field(11, Wire.field(3, Sample.keyValue("b", Wire.field(3, varint: 1))))
            + Wire.field(13, Wire.field(4, Sample.keyValue("c", Wire.field(3, varint: 1))))
        let good = Sample.ids + fields
        let bad = Wire.field(1, [1]) + fields
        let view = try decoded(Sample.request(spans: [bad, good, bad, bad, good, bad])).view
        #expect(view.rowCount == 2)
        #expect(view.attributes.values.count == 2)
        #expect(view.eventAttributes.values.count == 2 && view.eventTime.count == 2)
        #expect(view.linkAttributes.values.count == 2 && view.linkTraceID.count == 2)
        #expect(try flatSpans(view)[0] == flatSpans(view)[1])
    }
}
