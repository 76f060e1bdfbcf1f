// SPDX-License-Identifier: Apache-2.0

import ByteCoding
import OTLP
import OTLPGenerator
import ProtobufMessages
import Testing
import TraceModel

@Suite struct JSONIntakeTests {
    private func transcoded(_ json: String) throws -> [UInt8] {
        try JSONTranscoder.protobuf(Array(json.utf8).rawSpan)
    }

    private func message(_ json: String) throws -> Request { try Request(decoding: try transcoded(json)) }

    /// The only span of a request with these members beside usable IDs.
    private func span(_ members: String) throws -> OTLPMessage.Span {
        let ids = #""traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174""#
        let comma = members.isEmpty ? "" : ","
        let text = #"{"resourceSpans":[{"scopeSpans":[{"spans":[{"# + ids + comma + members + "}]}]}]}"
        return try message(text).resourceSpans[0].scopeSpans[0].spans[0]
    }

    private func value(_ json: String) throws -> OTLPMessage.AnyValue? {
        try span(#""attributes":[{"key":"k","value":"# + json + "}]").attributes[0].value
    }

    private func fault(_ json: String) -> OTLPError? {
        do {
            _ = try transcoded(json)
            return nil
        } catch {
            return error as? OTLPError
        }
    }

    /// JSON has one NaN; the generator makes others, too.
    private func withOneNaN(_ request: [UInt8]) -> [UInt8] {
        var request = request
        let others = [-Double.nan, Double(bitPattern: 0x7ff8_0000_dead_beef)]
        for other in others {
            let pattern = Wire.field(1, fixed64: other.bitPattern).dropFirst()
            let usual = Wire.field(1, fixed64: Double.nan.bitPattern).dropFirst()
            for at in request.indices.dropLast(7) where request[at..<at + 8].elementsEqual(pattern) {
                request.replaceSubrange(at..<at + 8, with: usual)
            }
        }
        return request
    }

    // MARK: What is read

    @Test(arguments: 0..<200) func `what the JSON writer writes comes back`(seed: Int) throws {
        var made = RandomOTLP(seed: UInt64(seed))
        let view = try decoded(withOneNaN(made.request(maximumSpans: 20).encoded())).view
        let back = try decoded(try transcoded(json(view, .openTelemetry))).view
        let written = try Request(decoding: protobuf(view, presence: .always)).flatSpans
        let read = try Request(decoding: protobuf(back, presence: .always)).flatSpans
        #expect(multiset(read) == multiset(written))
    }

    @Test func `the protobuf form is never longer than the JSON`() throws {
        for text in [
            "{}", #"{"resourceSpans":[{},{},{}]}"#, #"{"resourceSpans":[{"scopeSpans":[{"spans":[{},{},{}]}]}]}"#,
            json(try decoded(Sample.request(spanFields: Wire.field(6, varint: 2))).view, .openTelemetry),
        ] {
            #expect(try transcoded(text).count <= text.utf8.count)
        }
    }

    @Test func `every field of a span is understood`() throws {
        let span = try span(
            #""parentSpanId":"EEE19B7EC3C1B173","traceState":"a=b","name":"GET","kind":2,"startTimeUnixNano":"1","#
                + #""endTimeUnixNano":18446744073709551615,"droppedAttributesCount":1,"droppedEventsCount":"2","#
                + #""droppedLinksCount":4294967295,"flags":257,"status":{"message":"m","code":2},"#
                + #""events":[{"timeUnixNano":5,"name":"e","attributes":[],"droppedAttributesCount":3}],"#
                + #""links":[{"traceId":"00","spanId":"","traceState":"t","flags":1,"droppedAttributesCount":6}]"#)
        #expect(span.traceID == [0x5b, 0x8e, 0xff, 0xf7, 0x98, 0x03, 0x81, 0x03, 0xd2, 0x69, 0xb6, 0x33, 0x81, 0x3f, 0xc6, 0x0c])
        #expect(span.parentSpanID == [0xee, 0xe1, 0x9b, 0x7e, 0xc3, 0xc1, 0xb1, 0x73])
        #expect(span.traceState == Array("a=b".utf8) && span.name == Array("GET".utf8) && span.kind == 2)
        #expect(span.startTimeUnixNano == 1 && span.endTimeUnixNano == .max && span.flags == 257)
        #expect(
            span.droppedAttributesCount == 1 && span.droppedEventsCount == 2 && span.droppedLinksCount == .max)
        #expect(span.status?.code == 2 && span.status?.message == Array("m".utf8))
        #expect(span.events[0].timeUnixNano == 5 && span.events[0].droppedAttributesCount == 3)
        #expect(span.links[0].traceID == [0] && span.links[0].spanID == [] && span.links[0].flags == 1)
    }

    @Test func `names may have underscores, and unknown members are passed over`() throws {
        let text = #"""
             {"x":[{"a":[1,{"b":null}]},true,"\u0022]"], "resource_spans" : [ { "schema_url":"s", "unknown":{},
               "scope_spans":[{"spans":[{"start_time_unix_nano":7,"dropped_attributes_count":1,"name":"n","nam":1}]}]}] }
            """#
        let group = try message(text).resourceSpans[0]
        #expect(group.schemaURL == Array("s".utf8))
        let span = group.scopeSpans[0].spans[0]
        #expect(span.startTimeUnixNano == 7 && span.droppedAttributesCount == 1 && span.name == Array("n".utf8))
    }

    @Test func `null is an absent field, and a name may have escapes`() throws {
        let span = try span(#""name":null,"attributes":null,"status":null,"\u006bin\u0064":3"#)
        #expect(span.name.isEmpty && span.attributes.isEmpty && span.status == nil && span.kind == 3)
    }

    @Test func `enumerations may be written by name`() throws {
        let span = try span(#""kind":"SPAN_KIND_CONSUMER","status":{"code":"STATUS_CODE_ERROR"}"#)
        #expect(span.kind == 5 && span.status?.code == 2)
        #expect(fault(#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"kind":"SERVER"}]}]}]}"#)?.code == .malformed)
    }

    @Test(arguments: [
        (#""a""#, "a"), (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"), (#""\u00e9\u20AC""#, "é€"),
        (#""\ud83d\ude00""#, "😀"), (#""\ud83d""#, "\u{fffd}"), (#""\ude00x""#, "\u{fffd}x"),
        (#""\ud83d\ud83d\ude00""#, "\u{fffd}😀"), (#""\u0000""#, "\0"), (#""é😀""#, "é😀"), (#""""#, ""),
    ])
    func `strings are read with their escapes`(json: String, expected: String) throws {
        #expect(try value(#"{"stringValue":"# + json + "}") == .string(Array(expected.utf8)))
    }

    @Test(arguments: [
        ("0", 0), ("-0", 0), ("7", 7), (#""7""#, 7), ("-9223372036854775808", .min), (#""9223372036854775807""#, .max),
        ("1.0", 1), ("1e3", 1_000), ("12.5E1", 125),
    ] as [(String, Int64)])
    func `whole numbers are read however they are written`(json: String, expected: Int64) throws {
        #expect(try value(#"{"intValue":"# + json + "}") == .int(expected))
    }

    @Test(arguments: [
        "9223372036854775808", "-9223372036854775809", "1.5", "1e99", #""""#, #""x""#, "true", "[]", "{}", "01", "+1", "1.",
        ".5", "1e", "--1", "0x1", "NaN",
    ])
    func `what is no whole number is refused`(json: String) {
        #expect(throws: OTLPError.self) { try value(#"{"intValue":"# + json + "}") }
    }

    @Test(arguments: [
        ("0.1", 0.1), ("-0", -0.0), ("1e308", 1e308), ("1e999", .infinity), (#""2.5""#, 2.5), ("5", 5),
        (#""Infinity""#, .infinity), (#""-Infinity""#, -.infinity),
    ])
    func `doubles are read however they are written`(json: String, expected: Double) throws {
        #expect(try value(#"{"doubleValue":"# + json + "}") == .double(expected))
    }

    @Test(arguments: [
        ("", []), ("AA==", [0]), ("AA", [0]), ("+/8=", [0xfb, 0xff]), ("-_8", [0xfb, 0xff]), ("AQID", [1, 2, 3]),
        ("AQIDBA==", [1, 2, 3, 4]),
    ] as [(String, [UInt8])])
    func `bytes are base64 of either alphabet`(text: String, expected: [UInt8]) throws {
        #expect(try value(#"{"bytesValue":""# + text + "\"}") == .bytes(expected))
    }

    @Test(arguments: ["A", "A===", "AAAA=", "AA=", "A A=", "====", "AAAAA"])
    func `what is no base64 is refused`(text: String) {
        #expect(throws: OTLPError.self) { try value(#"{"bytesValue":""# + text + "\"}") }
    }

    // MARK: What is not

    @Test(arguments: ["0", "5b8efff798038103d269b633813fc60", "W47/95gDgQPSabYzgT/GDA==", "zz"])
    func `an ID that is not hexadecimal is named`(id: String) {
        let fault = fault(#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":""# + id + "\"}]}]}]}")
        #expect(fault?.code == .malformed && fault?.message.hasPrefix("traceId is not written in hexadecimal") == true)
    }

    @Test(arguments: [
        "", " ", "[]", "null", "1", "{", "}", "{}x", "{} {}", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, #"{,}"#, #"{"a":[1,]}"#,
        #"{"a":[}"#, #"{"a":{]}"#, #"{"\x":1}"#, #"{"a":"}"#, #"{a:1}"#, #"{"resourceSpans":{}}"#,
        #"{"resourceSpans":[1]}"#, #"{"resourceSpans":[null]}"#, #"{"resourceSpans":[{}"#, "{\"a\":\"\n\"}", #"{"a":tru}"#,
        #"{"a":nul}"#, #"{"a":truex}"#, #"{"\u12":1}"#, #"{"\u12","b":1}"#,
    ])
    func `what is no JSON of the schema is malformed`(text: String) {
        #expect(fault(text)?.code == .malformed)
    }

    @Test func `a fault names its place`() {
        #expect(fault(#"{"resourceSpans":[1]}"#)?.message == #""{" belongs here, at byte 18 of the JSON request"#)
    }

    @Test func `values of any depth are taken or cut where the decoder sees that they are too deep`() throws {
        for depth in [1, 63, 64, 65, 66, 10_000, 300_000] {
            var text = #"{"resourceSpans":[{"scopeSpans":[{"spans":["#
            text += #"{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","attributes":[{"key":"k","value":"#
            text += String(repeating: #"{"arrayValue":{"values":["#, count: depth - 1) + #"{"intValue":1}"#
            text += String(repeating: "]}}", count: depth - 1) + "}]}]}]}]}"
            let bytes = try transcoded(text)
            #expect(bytes.count < 2_000)
            let verdict = try decoded(bytes).result.verdict
            #expect(verdict.rejections.first?.reason == (depth > 64 ? .tooDeep : nil))
        }
    }

    @Test func `nesting without end in an unknown member is passed over`() throws {
        let open = String(repeating: #"[{"a":"#, count: 500_000)
        #expect(fault(#"{"x":"# + open)?.code == .malformed)
        #expect(try transcoded(#"{"x":"# + open + "1" + String(repeating: "}]", count: 500_000) + "}").isEmpty)
    }

    @Test func `every truncation is refused and no changed byte traps`() throws {
        var made = RandomOTLP(seed: 3)
        var text: [UInt8] = []
        while text.count < 2_000 {
            text = Array(json(try decoded(made.request(maximumSpans: 4).encoded()).view, .openTelemetry).utf8)
        }
        for end in 0..<text.count {
            #expect(throws: OTLPError.self) { try JSONTranscoder.protobuf(Array(text[..<end]).rawSpan) }
        }
        var random = Choices(seed: 4)
        for at in text.indices {
            for byte in [random.bytes(1)[0], UInt8(ascii: "\""), UInt8(ascii: "{"), UInt8(ascii: "]"), 0x5c, 0x80] {
                var changed = text
                changed[at] = byte
                if let bytes = try? JSONTranscoder.protobuf(changed.rawSpan) { _ = try? Request(decoding: bytes) }
            }
        }
    }
}
