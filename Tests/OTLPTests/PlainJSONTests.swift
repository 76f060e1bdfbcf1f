// SPDX-License-Identifier: Apache-2.0

import ByteCoding
import Foundation
import OTLP
import OTLPGenerator
import ProtobufMessages
import Testing
import TraceModel

@Suite struct PlainJSONTests {
    /// - Parameter stepLength: Rows that are grouped at a time.
    private func encoder(_ rows: [Int], of view: SpanBatchView, stepLength: Int = 1 << 20) -> PlainTraceEncoder {
        var grouping = PlainTraceEncoder.Grouping(rowCount: rows.count)
        for start in stride(from: 0, to: rows.count, by: stepLength) {
            grouping.add(rows[start..<min(start + stepLength, rows.count)], of: view)
        }
        return PlainTraceEncoder(rows, grouping, of: view)
    }

    private func plain(_ rows: [Int], of view: SpanBatchView) -> String {
        var out = ByteWriter()
        encoder(rows, of: view).encode(0..<rows.count, into: &out)
        return String(decoding: out.array(), as: UTF8.self)
    }

    /// The first attribute's value.
    private func value(_ anyValue: [UInt8]) throws -> String {
        let view = try decoded(Sample.request(spanFields: Wire.field(9, Sample.keyValue("k", anyValue)))).view
        let text = plain([0], of: view)
        let rest = text.split(separator: #""attributes":{"k":"#, maxSplits: 1)[1]
        return String(rest.split(separator: #"},"events":"#, maxSplits: 1)[0])
    }

    @Test func `a span reads without wrappings`() throws {
        let span =
            Sample.ids + Wire.field(5, "GET /") + Wire.field(6, varint: 2)
            + Wire.field(7, fixed64: 1_700_000_000_000_000_000) + Wire.field(8, fixed64: 1_700_000_000_001_500_000)
            + Wire.field(4, Array(1...8)) + Wire.field(10, varint: 1) + Wire.field(3, "a=b")
            + Wire.field(9, Sample.keyValue("code", Wire.field(3, varint: 200)))
            + Wire.field(11, Wire.field(1, fixed64: 5) + Wire.field(2, "e"))
            + Wire.field(13, Wire.field(1, Sample.traceID) + Wire.field(2, Sample.spanID))
            + Wire.field(15, Wire.field(2, "bad") + Wire.field(3, varint: 2))
        let resource = Wire.field(1, Sample.keyValue("service.name", Wire.field(1, "cart")))
        let scope = Wire.field(1, "lib") + Wire.field(2, "1.2")
        let request = Wire.field(1, Wire.field(1, resource) + Wire.field(2, Wire.field(1, scope) + Wire.field(2, span)))
        #expect(
            plain([0], of: try decoded(request).view)
                == #"{"serviceName":"cart","resource":{"service.name":"cart"},"scopes":[{"name":"lib","version":"1.2","spans":["#
                + #"{"spanId":"15161718191a1b1c","name":"GET /","parentSpanId":"0102030405060708","kind":"server","#
                + #""startTimeUnixNano":"1700000000000000000","endTimeUnixNano":"1700000000001500000","durationMs":1.5,"#
                + #""attributes":{"code":200},"events":[{"name":"e","timeUnixNano":"5","attributes":{}}],"#
                + #""links":[{"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"15161718191a1b1c","attributes":{}}],"#
                + #""status":{"code":"error","message":"bad"},"traceState":"a=b","droppedAttributesCount":1}]}]}"#)
    }

    @Test func `what is not there is empty`() throws {
        #expect(
            plain([0], of: try decoded(Sample.request(spanFields: [])).view)
                == #"{"serviceName":"","resource":{},"scopes":[{"name":"","version":"","spans":[{"spanId":"15161718191a1b1c","#
                + #""name":"","parentSpanId":"","kind":"unspecified","startTimeUnixNano":"0","endTimeUnixNano":"0","#
                + #""durationMs":0,"attributes":{},"events":[],"links":[],"status":{"code":"unset","message":""}}]}]}"#)
    }

    @Test(arguments: [
        (Wire.field(1, ""), #""""#), (Wire.field(1, "a\"b\\c\n\u{1}é😀"), #""a\"b\\c\n\u0001é😀""#),
        (Wire.field(1, [0x61, 0xff]), "\"a\u{fffd}\""), (Wire.field(2, varint: 0), "false"), (Wire.field(2, varint: 1), "true"),
        (Wire.field(3, varint: 0), "0"), (Wire.field(3, varint: UInt64(bitPattern: -7)), "-7"),
        (Wire.field(3, varint: 1 << 53 - 1), "9007199254740991"), (Wire.field(3, varint: 1 << 53), #""9007199254740992""#),
        (Wire.field(3, varint: UInt64(bitPattern: 1 - 1 << 53)), "-9007199254740991"),
        (Wire.field(3, varint: 1 << 63), #""-9223372036854775808""#), (Wire.field(4, fixed64: (5.0).bitPattern), "5"),
        (Wire.field(4, fixed64: (-0.25).bitPattern), "-0.25"), (Wire.field(4, fixed64: (1e300).bitPattern), "1e+300"),
        (Wire.field(4, fixed64: Double.nan.bitPattern), #""NaN""#),
        (Wire.field(4, fixed64: (-Double.infinity).bitPattern), #""-Infinity""#), (Wire.field(7, [0xfb, 0xff]), #""+/8=""#),
        ([], "null"), (Wire.field(5, []), "[]"), (Wire.field(6, []), "{}"),
        (Wire.field(5, Wire.field(1, []) + Wire.field(1, Wire.field(3, varint: 7)) + Wire.field(1, Wire.field(5, []))), "[null,7,[]]"),
        (
            Wire.field(6, Wire.field(1, Sample.keyValue("a", Wire.field(1, "x"))) + Wire.field(1, Wire.field(1, "b"))),
            #"{"a":"x","b":null}"#
        ),
    ] as [([UInt8], String)])
    func `values are plain`(anyValue: [UInt8], expected: String) throws {
        #expect(try value(anyValue) == expected)
    }

    @Test(arguments: [
        (0, 0, "0"), (5, 4, "0"), (0, 1, "0.000001"), (0, 1_000_000, "1"), (0, 1_234_567, "1.234567"),
        (7, 1_050_007, "1.05"), (0, .max, "18446744073709.551615"),
    ] as [(UInt64, UInt64, String)])
    func `durations are exact`(start: UInt64, end: UInt64, expected: String) throws {
        let fields = Wire.field(7, fixed64: start) + Wire.field(8, fixed64: end)
        #expect(plain([0], of: try decoded(Sample.request(spanFields: fields)).view).contains("\"durationMs\":\(expected),"))
    }

    @Test func `kinds and codes without a name are numbers`() throws {
        let fields = Wire.field(6, varint: UInt64(bitPattern: -7)) + Wire.field(15, Wire.field(3, varint: 9))
        let text = plain([0], of: try decoded(Sample.request(spanFields: fields)).view)
        #expect(text.contains(#""kind":-7,"#) && text.contains(#""status":{"code":9,"#))
    }

    @Test func `what a resource and a scope have dropped is told beside their attributes`() throws {
        let resource = Wire.field(1, Sample.keyValue("a", Wire.field(2, varint: 1))) + Wire.field(2, varint: 3)
        let scope = Wire.field(1, "lib") + Wire.field(4, varint: 7)
        let request = Wire.field(
            1, Wire.field(1, resource) + Wire.field(2, Wire.field(1, scope) + Wire.field(2, Sample.ids)))
        let text = plain([0], of: try decoded(request).view)
        #expect(
            text.hasPrefix(
                #"{"serviceName":"","resource":{"a":true},"droppedAttributesCount":3,"scopes":["#
                    + #"{"name":"lib","version":"","droppedAttributesCount":7,"spans":[{"spanId":"#))
    }

    @Test(arguments: 700..<730) func `each span reads as the naive writer has it`(seed: UInt64) throws {
        var random = RandomOTLP(seed: seed)
        let (view, _) = try decoded(try random.request(maximumSpans: 40).encoded())
        for row in 0..<view.rowCount {
            let flat = try Request(decoding: protobuf(view, rows: [row])).flatSpans[0]
            let code = view.resources.record(view.resource[row], or: ResourceRecord.none).serviceName
            let name = String(decoding: [UInt8](view.strings[code]), as: UTF8.self)
            #expect(plain([row], of: view) == NaivePlainJSON().service(flat, name: name))
        }
    }

    @Test(arguments: 730..<750) func `pieces with commas between them are the elements of one list`(seed: UInt64) throws {
        var random = RandomOTLP(seed: seed)
        let (view, _) = try decoded(try random.request(maximumSpans: 40).encoded())
        guard view.rowCount > 0 else { return }
        // Resources and scopes alternate.
        let rows = (0..<view.rowCount).sorted { view.spanID[$0] < view.spanID[$1] }
        let whole = plain(rows, of: view)
        for pieceLength in [1, 2, 3, 7] {
            var pieces: [String] = []
            let encoder = self.encoder(rows, of: view, stepLength: pieceLength)
            #expect(encoder.spanCount == rows.count)
            for start in stride(from: 0, to: rows.count, by: pieceLength) {
                var out = ByteWriter()
                encoder.encode(start..<min(start + pieceLength, rows.count), into: &out)
                pieces.append(String(decoding: out.array(), as: UTF8.self))
            }
            #expect(pieces.joined(separator: ",") == whole)
        }
        let services = try #require(try JSONSerialization.jsonObject(with: Data("[\(whole)]".utf8)) as? [[String: Any]])
        #expect(services.count == Set((0..<view.rowCount).map { view.resource[$0] }).count)
        let scopes = services.flatMap { $0["scopes"] as? [[String: Any]] ?? [] }
        #expect(scopes.flatMap { $0["spans"] as? [[String: Any]] ?? [] }.count == rows.count)
    }
}
