// SPDX-License-Identifier: Apache-2.0

import ByteCoding
import OTLP
import ProtobufMessages
import Testing
import TraceModel

@Suite struct WireFormatTests {
    @Test func `an empty request is a request without spans`() throws {
        let (view, result) = try decoded([])
        #expect(view.rowCount == 0 && result.spanCount == 0 && result.verdict.isEmpty)
    }

    @Test func `fields come in any order`() throws {
        let resource = Wire.field(1, Sample.keyValue("service.name", Wire.field(1, "late")))
        let span =
            Wire.field(16, fixed32: 3) + Wire.field(5, "n") + Wire.field(2, Sample.spanID) + Wire.field(1, Sample.traceID)
        let scopeSpans = Wire.field(3, "scope url") + Wire.field(2, span) + Wire.field(1, Wire.field(1, "lib"))
        let request = Wire.field(1, Wire.field(3, "url") + Wire.field(2, scopeSpans) + Wire.field(1, resource))
        let view = try decoded(request).view
        let flat = try #require(try flatSpans(view).first)
        #expect(flat.resource?.attributes.count == 1)
        #expect(flat.resourceSchemaURL == Array("url".utf8))
        #expect(flat.scope?.name == Array("lib".utf8))
        #expect(flat.scopeSchemaURL == Array("scope url".utf8))
        #expect(flat.span.name == Array("n".utf8) && flat.span.flags == 3)
        #expect([UInt8](view.strings[view.resourceRecord(0).serviceName]) == Array("late".utf8))
    }

    @Test func `of a scalar that comes twice the last counts`() throws {
        let fields =
            Wire.field(1, [9]) + Wire.field(1, Sample.traceID) + Wire.field(5, "a") + Wire.field(5, "b")
            + Wire.field(6, varint: 2) + Wire.field(6, varint: 4) + Wire.field(7, fixed64: 1)
            + Wire.field(7, fixed64: 2)
        let span = try onlySpan(spanFields: fields)
        #expect(span.name == Array("b".utf8) && span.kind == 4 && span.startTimeUnixNano == 2)
    }

    @Test func `messages that come twice are merged`() throws {
        let resource =
            Wire.field(1, Wire.field(1, Sample.keyValue("a", [])))
            + Wire.field(1, Wire.field(1, Sample.keyValue("service.name", Wire.field(1, "x"))) + Wire.field(2, varint: 3))
        let scope = Wire.field(1, Wire.field(1, "lib")) + Wire.field(1, Wire.field(2, "1.0"))
        let status = Wire.field(15, Wire.field(2, "m")) + Wire.field(15, Wire.field(3, varint: 2))
        let scopeSpans = scope + Wire.field(2, Sample.ids + status)
        let view = try decoded(Wire.field(1, resource + Wire.field(2, scopeSpans))).view
        let flat = try #require(try flatSpans(view).first)
        #expect(flat.resource?.attributes.count == 2 && flat.resource?.droppedAttributesCount == 3)
        #expect([UInt8](view.strings[view.resourceRecord(0).serviceName]) == [UInt8(ascii: "x")])
        #expect(flat.scope?.name == Array("lib".utf8) && flat.scope?.version == Array("1.0".utf8))
        #expect(flat.span.status?.message == Array("m".utf8) && flat.span.status?.code == 2)
    }

    @Test func `of a value's kinds the last counts`() throws {
        let value = Wire.field(1, "s") + Wire.field(3, varint: 1) + Wire.field(2, varint: 5)
        let span = try onlySpan(spanFields: Wire.field(9, Sample.keyValue("k", value)))
        #expect(span.attributes == [.init(key: Array("k".utf8), value: .bool(true))])
    }

    @Test func `a value that comes twice is merged, lists of one kind are joined`() throws {
        func one(_ text: String) -> [UInt8] { Wire.field(5, Wire.field(1, Wire.field(1, text))) }
        let joined = OTLPMessage.AnyValue.array([.string(Array("a".utf8)), .string(Array("b".utf8))])
        let last = OTLPMessage.AnyValue.array([.string(Array("b".utf8))])
        let cases: [([UInt8], OTLPMessage.AnyValue)] = [
            (Wire.field(2, one("a") + one("b")), joined),
            (Wire.field(2, one("a")) + Wire.field(2, one("b")), joined),
            (Wire.field(2, one("a")) + Wire.field(2, []) + Wire.field(2, one("b")), joined),
            (Wire.field(2, one("a") + Wire.field(1, "x") + one("b")), last),
            (Wire.field(2, one("a") + Wire.field(6, []) + one("b")), last),
            (Wire.field(2, one("a") + one("x") + Wire.field(3, varint: 2)), .int(2)),
        ]
        for (fields, expected) in cases {
            let span = try onlySpan(spanFields: Wire.field(9, Wire.field(1, "k") + fields))
            #expect(span.attributes == [.init(key: Array("k".utf8), value: expected)])
        }
    }

    @Test func `merged lists inside of lists are printed merged`() throws {
        func one(_ text: String) -> [UInt8] { Wire.field(5, Wire.field(1, Wire.field(1, text))) }
        let twice = Wire.field(1, "k") + Wire.field(2, one("a")) + Wire.field(2, one("b"))
        let list = Wire.field(6, Wire.field(1, twice))
        let view = try decoded(Sample.request(spanFields: Wire.field(9, Sample.keyValue("l", list)))).view
        #expect(
            json(view, .openTelemetry).contains(
                #"{"key":"k","value":{"arrayValue":{"values":[{"stringValue":"a"},{"stringValue":"b"}]}}}"#))
    }

    @Test func `absent, empty and default values differ`() throws {
        let fields =
            Wire.field(9, Wire.field(1, "absent")) + Wire.field(9, Sample.keyValue("empty", []))
            + Wire.field(9, Sample.keyValue("text", Wire.field(1, "")))
            + Wire.field(9, Sample.keyValue("no", Wire.field(2, varint: 0))) + Wire.field(9, [])
        let values = try onlySpan(spanFields: fields).attributes.map(\.value)
        #expect(values == [nil, .empty, .string([]), .bool(false), nil])
    }

    @Test func `unknown fields and known ones of another wire type are passed over`() throws {
        let odd =
            Wire.field(99, varint: 1) + Wire.field(100, fixed64: 1) + Wire.field(101, fixed32: 1)
            + Wire.field(102, "x") + Wire.field(5, varint: 3) + Wire.field(7, varint: 3) + Wire.field(9, fixed32: 3)
            + Wire.field(536_870_911, varint: 1)
        let span = try onlySpan(spanFields: odd + Wire.field(5, "n") + odd)
        var expected = OTLPMessage.Span()
        (expected.traceID, expected.spanID, expected.name) = (Sample.traceID, Sample.spanID, Array("n".utf8))
        #expect(span == expected)
    }

    @Test func `overlong tags and lengths mean the same`() throws {
        let name: [UInt8] = [0xaa, 0x80, 0x00, 0x81, 0x00, UInt8(ascii: "n")]
        #expect(try onlySpan(spanFields: name).name == Array("n".utf8))
    }

    @Test(arguments: [
        [UInt8](Wire.tag(99, 3)), Wire.tag(99, 3) + Wire.tag(99, 4), Wire.tag(99, 4), Wire.tag(99, 6), Wire.tag(99, 7),
        [0x00, 0x00], [0x02, 0x00], Wire.varint(1 << 32 | 8) + [0], [0x80], [0xff] + Array(repeating: 0xff, count: 10),
        Wire.tag(5, 2) + Wire.varint(5) + [1], Wire.tag(5, 2) + Wire.varint(.max), Wire.tag(7, 1) + [1, 2, 3],
        Wire.tag(16, 5) + [1], Wire.field(9, Wire.field(2, Wire.tag(5, 2) + [1])),
        Wire.field(9, Wire.field(2, Wire.field(5, [0x0a, 0x02, 0x0b]))), Wire.field(15, [0x18]),
        Wire.field(11, [0x09]), Wire.field(13, [0x0a, 0x01]),
    ])
    func `groups, field number 0 and lengths that do not add up are malformed`(spanFields: [UInt8]) throws {
        for request in [Sample.request(spanFields: spanFields), Sample.request(spans: [Sample.ids, spanFields])] {
            let error = #expect(throws: OTLPError.self) { _ = try decoded(request) }
            #expect(error?.code == .malformed)
            #expect(error?.message.contains("at byte") == true)
        }
        if spanFields.count < 12, spanFields[0] & 7 != 2 {
            #expect(throws: OTLPError.self) { _ = try decoded(Wire.field(1, Wire.field(1, Wire.field(1, spanFields)))) }
        }
    }

    @Test func `what is wrong in a resource or scope is found too`() throws {
        for bad in [[UInt8]([0x0a, 0x05]), Wire.tag(9, 3), Wire.field(1, [0x12, 0x01]), Wire.field(3, [0x0a])] {
            #expect(throws: OTLPError.self) { _ = try decoded(Wire.field(1, Wire.field(1, bad))) }
            #expect(throws: OTLPError.self) {
                _ = try decoded(Wire.field(1, Wire.field(1, []) + Wire.field(1, bad)))
            }
        }
        for bad in [[UInt8]([0x0a, 0x05]), Wire.tag(9, 3), Wire.field(3, [0x12, 0x01])] {
            #expect(throws: OTLPError.self) { _ = try decoded(Wire.field(1, Wire.field(2, Wire.field(1, bad)))) }
        }
    }

    @Test func `the first attribute service.name names the service, if it is text`() throws {
        func named(_ values: [[UInt8]]) throws -> [UInt8] {
            let attributes = values.flatMap { Wire.field(1, Sample.keyValue("service.name", $0)) }
            let view = try decoded(Wire.field(1, Wire.field(1, attributes) + Wire.field(2, Wire.field(2, Sample.ids)))).view
            return [UInt8](view.strings[view.resourceRecord(0).serviceName])
        }
        #expect(try named([Wire.field(1, "a"), Wire.field(1, "b")]) == [UInt8(ascii: "a")])
        #expect(try named([Wire.field(3, varint: 1), Wire.field(1, "b")]) == [])
        #expect(try named([[], Wire.field(1, "b")]) == [])
        #expect(try named([Wire.field(3, varint: 1)]) == [])
    }

    @Test(arguments: [
        ([], 0, false), ([UInt8](repeating: 0, count: 8), 0, true), ([1, 2, 3], 0, true),
        ([0, 0, 0, 0, 0, 0, 1, 0], 256, false), ([UInt8](repeating: 5, count: 9), 0, true),
    ] as [([UInt8], UInt64, Bool)])
    func `parent IDs of any length are kept`(bytes: [UInt8], parent: UInt64, isUnusual: Bool) throws {
        let view = try decoded(Sample.request(spanFields: Wire.field(4, bytes))).view
        #expect(view.parent(0) == parent)
        #expect(SpanPresence(rawValue: view.presence[0]).contains(.unusualParent) == isUnusual)
        #expect(try flatSpans(view)[0].span.parentSpanID == bytes)
    }
}
