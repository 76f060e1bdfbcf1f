// SPDX-License-Identifier: Apache-2.0

import ByteCoding
import OTLP
import OTLPGenerator
import ProtobufMessages
import Testing
import TraceModel

@Suite struct JSONTests {
    private func value(_ anyValue: [UInt8]) throws -> String {
        let view = try decoded(Sample.request(spanFields: Wire.field(9, Sample.keyValue("k", anyValue)))).view
        let text = json(view, .openTelemetry, presence: .exact)
        let parts = text.split(separator: #""value":"#, maxSplits: 1)
        return String(parts[1].dropLast("}]}]}]}]}".count))
    }

    @Test func `Tempo's JSON has base64 IDs and names of enumerations`() throws {
        let fields =
            Wire.field(5, "GET /") + Wire.field(6, varint: 2) + Wire.field(7, fixed64: 1_700_000_000_000_000_000)
            + Wire.field(15, Wire.field(2, "bad") + Wire.field(3, varint: 2)) + Wire.field(4, [1, 2, 3])
            + Wire.field(11, Wire.field(1, fixed64: 5) + Wire.field(2, "e"))
            + Wire.field(13, Wire.field(1, [255]) + Wire.field(6, fixed32: 1)) + Wire.field(10, varint: 1)
        let view = try decoded(Sample.request(spanFields: fields)).view
        #expect(
            json(view, .tempo(listName: "batches"))
                == #"{"batches":[{"resource":{},"scopeSpans":[{"scope":{},"spans":[{"traceId":"AQIDBAUGBwgJCgsMDQ4PEA==","#
                + #""spanId":"FRYXGBkaGxw=","parentSpanId":"AQID","name":"GET /","kind":"SPAN_KIND_SERVER","#
                + #""startTimeUnixNano":"1700000000000000000","droppedAttributesCount":1,"#
                + #""events":[{"timeUnixNano":"5","name":"e"}],"links":[{"traceId":"/w==","flags":1}],"#
                + #""status":{"message":"bad","code":"STATUS_CODE_ERROR"}}]}]}]}"#)
    }

    @Test func `OTLP's JSON has hexadecimal IDs and numbers`() throws {
        let fields = Wire.field(6, varint: 2) + Wire.field(4, Array(1...8)) + Wire.field(15, Wire.field(3, varint: 1))
        let view = try decoded(Sample.request(spanFields: fields)).view
        #expect(
            json(view, .openTelemetry, presence: .exact)
                == #"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0102030405060708090a0b0c0d0e0f10","#
                + #""spanId":"15161718191a1b1c","parentSpanId":"0102030405060708","kind":2,"status":{"code":1}}]}]}]}"#)
    }

    @Test func `enumerations without a name are numbers`() throws {
        let fields = Wire.field(6, varint: UInt64(bitPattern: -7)) + Wire.field(15, Wire.field(3, varint: 9))
        let text = json(try decoded(Sample.request(spanFields: fields)).view, .tempo(listName: "resourceSpans"))
        #expect(text.contains(#""kind":-7,"status":{"code":9}"#))
    }

    @Test func `no spans are an empty list`() throws {
        #expect(json(try decoded([]).view, .tempo(listName: "batches")) == #"{"batches":[]}"#)
    }

    @Test(arguments: [
        (Wire.field(1, ""), #"{"stringValue":""}"#),
        (Wire.field(1, "a\"b\\c\n\r\t\u{1}\u{1f}\u{7f}é😀"), #"{"stringValue":"a\"b\\c\n\r\t\u0001\u001f"# + "\u{7f}é😀\"}"),
        (Wire.field(2, varint: 0), #"{"boolValue":false}"#), (Wire.field(2, varint: 1), #"{"boolValue":true}"#),
        (Wire.field(3, varint: 1 << 63), #"{"intValue":"-9223372036854775808"}"#),
        (Wire.field(3, varint: 0), #"{"intValue":"0"}"#),
        (Wire.field(4, fixed64: (5.0).bitPattern), #"{"doubleValue":5}"#),
        (Wire.field(4, fixed64: (-0.0).bitPattern), #"{"doubleValue":-0}"#),
        (Wire.field(4, fixed64: (0.1).bitPattern), #"{"doubleValue":0.1}"#),
        (Wire.field(4, fixed64: (10.0).bitPattern), #"{"doubleValue":10}"#),
        (Wire.field(4, fixed64: (1e300).bitPattern), #"{"doubleValue":1e+300}"#),
        (Wire.field(4, fixed64: Double.nan.bitPattern), #"{"doubleValue":"NaN"}"#),
        (Wire.field(4, fixed64: Double.infinity.bitPattern), #"{"doubleValue":"Infinity"}"#),
        (Wire.field(4, fixed64: (-Double.infinity).bitPattern), #"{"doubleValue":"-Infinity"}"#),
        (Wire.field(7, [0xfb, 0xff]), #"{"bytesValue":"+/8="}"#), (Wire.field(7, []), #"{"bytesValue":""}"#),
        ([], "{}"), (Wire.field(5, []), #"{"arrayValue":{}}"#),
        (Wire.field(5, Wire.field(1, []) + Wire.field(1, Wire.field(3, varint: 7))), #"{"arrayValue":{"values":[{},{"intValue":"7"}]}}"#),
        (
            Wire.field(6, Wire.field(1, Sample.keyValue("a", Wire.field(1, "x"))) + Wire.field(1, Wire.field(1, "b"))),
            #"{"kvlistValue":{"values":[{"key":"a","value":{"stringValue":"x"}},{"key":"b"}]}}"#
        ),
    ] as [([UInt8], String)])
    func `values are written by kind`(anyValue: [UInt8], expected: String) throws {
        #expect(try value(anyValue) == expected)
    }

    @Test func `text that is no UTF-8 is repaired as Swift does`() throws {
        var random = Choices(seed: 8)
        for _ in 0..<5000 {
            // Mostly bytes that begin or continue sequences.
            let bytes = (0..<random.below(12)).map { _ in
                random.pick([0x41, 0x80, 0xbf, 0xc2, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0x9f, 0xa0, 0x8f, 0x90] as [UInt8])
            }
            let view = try decoded(Sample.request(spanFields: Wire.field(5, bytes))).view
            let expected = String(decoding: bytes, as: UTF8.self)
            let name = try Request(decoding: protobuf(view, presence: .always)).flatSpans[0].span.name
            #expect(name == Array(expected.utf8))
            if !bytes.isEmpty { #expect(json(view, .openTelemetry).contains("\"name\":\"\(expected)\"")) }
        }
    }

    @Test(arguments: 600..<630)
    func `JSON says the same as protobuf, in either flavour`(seed: UInt64) throws {
        var random = RandomOTLP(seed: seed)
        let request = random.request(maximumSpans: 40)
        let (view, _) = try decoded(try request.encoded())
        let expected = multiset(request.flatSpans.map { $0.repaired().readableInJSON() })
        for flavor in [OTLPEncoder.JSONFlavor.openTelemetry, .tempo(listName: "resourceSpans")] {
            let isTempo = if case .tempo = flavor { true } else { false }
            let read = try JSONReader(isTempo: isTempo).request(json(view, flavor))
            #expect(multiset(read.flatSpans.map { $0.readableInJSON() }) == expected)
        }
    }
}
