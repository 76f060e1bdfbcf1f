// SPDX-License-Identifier: Apache-2.0

import OTLP
import ProtobufMessages
import Testing
import TraceModel

/// Attributes and spans in the form that nearly all senders use are read by a short cut; it must say the same as the
/// long way, which fields in another order take.
@Suite struct UsualFormTests {
    /// The one attribute, read in its usual form and with an unknown field before it.
    private func bothWays(_ key: [UInt8], _ value: [UInt8]) throws -> [OTLPMessage.KeyValue] {
        let usual = Wire.field(1, key) + Wire.field(2, value)
        let unknown = Wire.field(15, varint: 1) + usual
        return try [usual, unknown].map { try onlySpan(spanFields: Wire.field(9, $0)).attributes[0] }
    }

    @Test func `keys and texts of every length around the limits`() throws {
        let lengths = Array(0...40) + Array(60...66) + Array(118...132) + [300, 20_000]
        for keyLength in lengths {
            for textLength in keyLength < 42 ? Array(0...40) : lengths {
                let key = (0..<keyLength).map { UInt8(65 + $0 % 26) }
                let text = (0..<textLength).map { UInt8(97 + $0 % 26) }
                let expected = OTLPMessage.KeyValue(key: key, value: .string(text))
                #expect(try bothWays(key, Wire.field(1, text)) == [expected, expected])
            }
        }
    }

    @Test func `numbers of every length`() throws {
        let edges = (0..<64).flatMap { [UInt64(1) << $0 &- 1, 1 << $0, 1 << $0 &+ 1] } + [.max]
        for bits in edges {
            let int = OTLPMessage.KeyValue(key: [107], value: .int(Int64(bitPattern: bits)))
            #expect(try bothWays([107], Wire.field(3, varint: bits)) == [int, int])
            let bool = OTLPMessage.KeyValue(key: [107], value: .bool(bits != 0))
            #expect(try bothWays([107], Wire.field(2, varint: bits)) == [bool, bool])
            let fields = Wire.field(4, fixed64: bits)
            let doubles = try bothWays([107], fields)
            #expect(doubles[0].value.map { "\($0)" } == doubles[1].value.map { "\($0)" })
        }
    }

    @Test func `an overlong varint is the number that it says`() throws {
        for value in [[0x18, 0x81, 0x00], [0x10, 0x80, 0x00], [0x18, 0x80, 0x80, 0x00]] as [[UInt8]] {
            let both = try bothWays([107], value)
            #expect(both[0] == both[1])
        }
        #expect(try bothWays([107], [0x10, 0x80, 0x00])[0].value == .bool(false))
    }

    @Test func `two kinds of value, the last counts`() throws {
        let value = Wire.field(1, "text") + Wire.field(3, varint: 5)
        let expected = OTLPMessage.KeyValue(key: [107], value: .int(5))
        #expect(try bothWays([107], value) == [expected, expected])
    }

    @Test func `lengths that contradict each other are refused`() throws {
        let good = Wire.field(1, "key") + Wire.field(2, Wire.field(1, "text"))
        for place in [1, 6, 8] {
            for length in UInt8(0)...255 where length != good[place] {
                var bytes = good
                bytes[place] = length
                let request = Sample.request(spanFields: Wire.field(9, bytes))
                let oracle = try? Request(decoding: request)
                let ours = try? flatSpans(try decoded(request).view)
                // What is left may happen to be fields, which the oracle takes more of.
                if let ours { #expect(ours == oracle?.flatSpans) }
            }
        }
    }

    /// The head of a span, field by field.
    private let head: [[UInt8]] = [
        Wire.field(1, Sample.traceID), Wire.field(2, Sample.spanID), Wire.field(4, Array(31...38)), Wire.field(5, "n"),
        Wire.field(6, varint: 3), Wire.field(7, fixed64: 11), Wire.field(8, fixed64: 12),
    ]

    @Test func `a span's fields in any two orders are the same span`() throws {
        let usual = try flatSpans(try decoded(Sample.request(spans: [head.flatMap { $0 }])).view)
        #expect(usual[0].span.kind == 3 && usual[0].span.endTimeUnixNano == 12 && usual[0].span.name == [110])
        for first in head.indices {
            for second in head.indices {
                var fields = head
                fields.swapAt(first, second)
                let bytes = Sample.request(spans: [fields.flatMap { $0 }])
                #expect(try flatSpans(try decoded(bytes).view) == usual)
            }
        }
    }

    @Test func `a span without one of the fields, or cut off anywhere, is what the oracle reads`() throws {
        for missing in head.indices {
            var fields = head
            fields.remove(at: missing)
            let bytes = fields.flatMap { $0 }
            for length in 0...bytes.count {
                let request = Sample.request(spans: [Array(bytes[..<length])])
                let expected = try? Request(decoding: request).flatSpans.filter(\.span.isAcceptable)
                let ours = try? flatSpans(try decoded(request).view)
                #expect(ours == expected)
            }
        }
    }

    @Test func `the last of two heads counts`() throws {
        let other = Wire.field(1, [UInt8](repeating: 9, count: 16)) + Wire.field(5, "m") + Wire.field(6, varint: 300)
        let spans = try flatSpans(try decoded(Sample.request(spans: [head.flatMap { $0 } + other])).view)
        #expect(spans[0].span.traceID == [UInt8](repeating: 9, count: 16))
        #expect(spans[0].span.name == [109] && spans[0].span.kind == 300)
    }
}
