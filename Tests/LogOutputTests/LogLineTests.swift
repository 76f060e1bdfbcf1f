// SPDX-License-Identifier: Apache-2.0

import Foundation
import LogOutput
import Logging
import Testing

@Suite struct LogLineTests {
    private static let time: UInt64 = 1_795_273_445_123_456_789

    private func line(
        _ format: LogFormat, _ message: String, _ metadata: Logger.Metadata = [:], label: String = "vivace",
        level: Logger.Level = .info, usesColor: Bool = false
    ) -> String {
        let record = LogRecord(
            unixNanoseconds: Self.time, level: level, label: label, message: message, metadata: metadata)
        return String(decoding: record.line(format, usesColor: usesColor), as: UTF8.self)
    }

    @Test func `text has time, level, message and pairs in the order of their keys`() {
        #expect(
            line(.text, "listening", ["service": "OTLP over gRPC", "address": "127.0.0.1:4317"])
                == "2026-11-21T15:04:05.123456Z info     listening address=127.0.0.1:4317 service=\"OTLP over gRPC\"\n")
        #expect(
            line(.text, "a b", label: "other", level: .critical) == "2026-11-21T15:04:05.123456Z critical [other] a b\n")
        #expect(
            line(.text, "m", level: .error, usesColor: true)
                == "2026-11-21T15:04:05.123456Z \u{1b}[31merror\u{1b}[0m    m\n")
        #expect(
            line(.text, "m", ["e": "", "f": "a=b", "l": ["x", ["y": "z"]], "n": .stringConvertible(5), "q": "\"", "ü": "ü"])
                == """
                2026-11-21T15:04:05.123456Z info     m e="" f="a=b" l=["x",{"y":"z"}] n=5 q="\\"" ü=ü

                """)
    }

    @Test func `json has the same as an object`() {
        #expect(
            line(.json, "listening", ["service": "OTLP over gRPC", "n": .stringConvertible(5)])
                == """
                {"time":"2026-11-21T15:04:05.123456Z","level":"info","logger":"vivace","message":"listening",\
                "metadata":{"n":5,"service":"OTLP over gRPC"}}

                """)
        #expect(
            line(.json, "\"\\", label: "o")
                == """
                {"time":"2026-11-21T15:04:05.123456Z","level":"info","logger":"o","message":"\\"\\\\"}

                """)
        let numbers: Logger.Metadata = [
            "a": .stringConvertible(1.5), "b": .stringConvertible(true), "c": .stringConvertible(Double.nan),
            "d": .stringConvertible(UInt64.max), "e": .stringConvertible(Int64.min), "f": .array([]), "g": .dictionary([:]),
        ]
        #expect(
            line(.json, "m", numbers).hasSuffix(
                "{\"a\":1.5,\"b\":true,\"c\":\"nan\",\"d\":18446744073709551615,\"e\":-9223372036854775808,\"f\":[],\"g\":{}}}\n"))
    }

    @Test func `nothing that a text holds begins a line, moves a cursor or turns the writing`() {
        let text = "a\nb\r\tc\u{0}\u{1b}[2J\u{7f}\u{9b}\u{2028}\u{202e}\u{feff}\\"
        let spelled = "a\\nb\\r\\tc\\u0000\\u001b[2J\\u007f\\u009b\\u2028\\u202e\\ufeff\\\\"
        #expect(line(.text, text) == "2026-11-21T15:04:05.123456Z info     \(spelled)\n")
        #expect(line(.text, "m", [text: .string(text)]).hasSuffix(" m \"\(spelled)\"=\"\(spelled)\"\n"))
        #expect(line(.json, text).contains("\"message\":\"\(spelled)\"}"))
        let repaired = String(decoding: [0x61, 0xff, 0xc3, 0x28] as [UInt8], as: UTF8.self)
        #expect(line(.text, repaired).hasSuffix(" a\u{fffd}\u{fffd}(\n"))
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000000Z"), (951_782_399_999_999_999, "2000-02-28T23:59:59.999999Z"),
        (951_782_400_000_000_000, "2000-02-29T00:00:00.000000Z"), (951_868_800_000_000_000, "2000-03-01T00:00:00.000000Z"),
        (4_107_542_399_000_000_000, "2100-02-28T23:59:59.000000Z"), (4_107_542_400_000_001_000, "2100-03-01T00:00:00.000001Z"),
        (UInt64.max, "2554-07-21T23:34:33.709551Z"),
    ])
    func `times are those of the Gregorian calendar`(nanoseconds: UInt64, text: String) {
        let record = LogRecord(unixNanoseconds: nanoseconds, level: .info, label: "vivace", message: "m")
        #expect(String(decoding: record.line(.text), as: UTF8.self).hasPrefix(text + " "))
    }

    @Test func `days follow one another as Foundation has them`() {
        let formatter = ISO8601DateFormatter()
        for day in stride(from: 0, to: 200_000, by: 13) {
            let record = LogRecord(
                unixNanoseconds: UInt64(day) * 86_400_000_000_000, level: .info, label: "", message: "")
            let expected = formatter.string(from: Date(timeIntervalSince1970: Double(day) * 86_400)).prefix(10)
            #expect(String(decoding: record.line(.text).prefix(10), as: UTF8.self) == expected)
        }
    }

    // MARK: - Random metadata

    private struct Random: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var mixed = (state ^ (state >> 30)) &* 0xbf58_476d_1ce4_e5b9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
            return mixed ^ (mixed >> 31)
        }

        mutating func text() -> String {
            var text = ""
            for _ in 0..<Int.random(in: 0...8, using: &self) {
                let ranges: [ClosedRange<UInt32>] = [0...0x7f, 0...0x20, 0x80...0x2fff, 0x1f300...0x1f5ff, 0x5c...0x5c, 0x22...0x22]
                let code = UInt32.random(in: ranges.randomElement(using: &self) ?? 0...0, using: &self)
                if let scalar = Unicode.Scalar(code) { text.unicodeScalars.append(scalar) }
            }
            return text
        }

        mutating func value(depth: Int) -> Logger.MetadataValue {
            switch Int.random(in: 0..<(depth > 3 ? 4 : 6), using: &self) {
            case 0, 1: .string(text())
            case 2: .stringConvertible(Int.random(in: -1_000_000...1_000_000, using: &self))
            case 3: .stringConvertible(Bool.random(using: &self))
            case 4: .array((0..<Int.random(in: 0...3, using: &self)).map { _ in value(depth: depth + 1) })
            default: .dictionary(metadata(depth: depth + 1))
            }
        }

        mutating func metadata(depth: Int = 0) -> Logger.Metadata {
            var metadata: Logger.Metadata = [:]
            for _ in 0..<Int.random(in: 0...4, using: &self) { metadata[text()] = value(depth: depth) }
            return metadata
        }
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `whatever is logged is one line, and JSON says it back`(seed: UInt64) throws {
        var random = Random(state: seed)
        for _ in 0..<100 {
            let (message, label, metadata) = (random.text(), random.text(), random.metadata())
            for format in LogFormat.allCases {
                let line = line(format, message, metadata, label: label)
                #expect(line.utf8.last == UInt8(ascii: "\n"))
                #expect(!line.dropLast().unicodeScalars.contains { $0.value < 0x20 || (0x7f..<0xa0).contains($0.value) })
            }
            let json = line(.json, message, metadata, label: label)
            let object = try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
            #expect(bytes(object["message"]) == Array(message.utf8) && bytes(object["logger"]) == Array(label.utf8))
            expect(object["metadata"] ?? [String: Any](), is: .dictionary(metadata))
        }
    }

    private func bytes(_ value: Any?) -> [UInt8]? { (value as? String).map { Array($0.utf8) } }

    private func expect(_ value: Any?, is metadata: Logger.MetadataValue) {
        switch metadata {
        case .string(let text): #expect(bytes(value) == Array(text.utf8))
        case .stringConvertible(let number): #expect((value as? NSNumber)?.intValue == (number as? Int) ?? (number as? Bool == true ? 1 : 0))
        case .array(let elements):
            let values = value as? [Any] ?? []
            #expect(values.count == elements.count)
            for (value, element) in zip(values, elements) { expect(value, is: element) }
        case .dictionary(let members):
            let values = value as? [String: Any] ?? [:]
            #expect(values.count == members.count)
            for (key, member) in members { expect(values[key], is: member) }
        }
    }
}
