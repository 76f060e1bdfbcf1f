// SPDX-License-Identifier: Apache-2.0

/// A span as tests send and expect it.
struct TestSpan: Hashable, Sendable {
    /// Of any length, as the rest of the IDs.
    var traceID: [UInt8]
    var spanID: [UInt8]
    var parentID: [UInt8] = []
    var name = "operation"
    /// OTLP's number.
    var kind: UInt64 = 1
    /// Unix nanoseconds.
    var start: UInt64 = 1_790_000_000_000_000_000
    var end: UInt64 = 1_790_000_000_001_000_000
    /// The value of its one attribute.
    var payload = ""

    static let service = "end-to-end"

    var hexTraceID: String { hexadecimal(traceID) }
}

extension TestSpan {
    /// An ExportTraceServiceRequest.
    static func request(_ spans: [TestSpan]) -> [UInt8] {
        var out = ProtobufWriter()
        out.message(1) { out in
            out.message(1) { $0.attribute(1, "service.name", service) }
            out.message(2) { out in
                out.message(1) { $0.text(1, "tests") }
                for span in spans { out.message(2) { span.write(to: &$0) } }
            }
        }
        return out.bytes
    }

    private func write(to out: inout ProtobufWriter) {
        out.content(1, traceID)
        out.content(2, spanID)
        if !parentID.isEmpty { out.content(4, parentID) }
        out.text(5, name)
        out.number(6, kind)
        out.fixed64(7, start)
        out.fixed64(8, end)
        out.attribute(9, "payload", payload)
    }

    /// The spans of a TracesData.
    ///
    /// - Throws: ``TestFailure`` if it is damaged or holds what tests never send.
    static func spans(ofTracesData message: [UInt8]) throws -> [TestSpan] {
        var spans: [TestSpan] = []
        try each(1, of: message[...]) { resourceSpans in
            try each(2, of: resourceSpans) { scopeSpans in
                try each(2, of: scopeSpans) { spans.append(try TestSpan(decoding: $0)) }
            }
        }
        return spans
    }

    private static func each(
        _ field: UInt64, of message: ArraySlice<UInt8>, _ body: (ArraySlice<UInt8>) throws -> Void
    ) throws {
        try ProtobufField.each(of: message) { number, value in
            if number == field, let content = value.content { try body(content) }
        }
    }

    private init(decoding message: ArraySlice<UInt8>) throws {
        self.init(traceID: [], spanID: [], name: "", kind: 0, start: 0, end: 0)
        try ProtobufField.each(of: message) { number, value in
            switch (number, value) {
            case (1, .content(let id)): traceID = Array(id)
            case (2, .content(let id)): spanID = Array(id)
            case (4, .content(let id)): parentID = Array(id)
            case (5, .content(let text)): name = String(decoding: text, as: UTF8.self)
            case (6, .number(let number)): kind = number
            case (7, .number(let time)): start = time
            case (8, .number(let time)): end = time
            case (9, .content(let attribute)): payload = try Self.value(ofAttribute: attribute)
            case (15, .content(let status)) where status.isEmpty: break
            default: throw TestFailure("a span came back with the field \(number)")
            }
        }
    }

    private static func value(ofAttribute message: ArraySlice<UInt8>) throws -> String {
        var text = ""
        try ProtobufField.each(of: message) { number, value in
            guard number == 2, let content = value.content else { return }
            try ProtobufField.each(of: content) { _, value in text = value.text ?? "" }
        }
        return text
    }
}

extension ProtobufWriter {
    /// A KeyValue with a text.
    fileprivate mutating func attribute(_ field: UInt64, _ key: String, _ value: String) {
        message(field) { out in
            out.text(1, key)
            out.message(2) { $0.text(1, value) }
        }
    }
}

func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}

func bigEndian(_ words: UInt64...) -> [UInt8] {
    words.flatMap { word in stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: word >> $0) } }
}
