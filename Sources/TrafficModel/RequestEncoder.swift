// SPDX-License-Identifier: Apache-2.0

// Writes OTLP protobuf (opentelemetry/proto/trace/v1/trace.proto) without messages in between. The numbers in the
// calls are the field numbers:
//
//     request ─1 ResourceSpans ─┬─ 1 Resource ─ 1 attributes
//                               ├─ 2 ScopeSpans ─┬─ 1 scope ─ 1 name, 2 version
//                               │                ├─ 2 Span …
//                               │                └─ 3 schema_url
//                               └─ 3 schema_url

internal import ByteCoding
internal import TraceModel

/// Encodes one process's spans as one Export request.
enum RequestEncoder {
    /// Where a span lies, ordered by when it ended.
    struct Row: Comparable {
        var trace: Int
        var span: Int
        var end: UInt64

        static func < (a: Self, b: Self) -> Bool { (a.end, a.trace, a.span) < (b.end, b.trace, b.span) }
    }

    static func request(of process: ModelProcess, _ rows: ArraySlice<Row>, in traces: [ModelTrace]) -> ModelRequest {
        var out = ByteWriter(capacity: rows.count * 512)
        out.message(1) { out in
            out.message(1) { out in
                for attribute in process.resourceAttributes { out.attribute(1, attribute) }
            }
            var rowsByScope: [(name: String, rows: [Row])] = []
            for row in rows {
                let name = traces[row.trace].spans[row.span].scopeName
                if let place = rowsByScope.firstIndex(where: { $0.name == name }) {
                    rowsByScope[place].rows.append(row)
                } else {
                    rowsByScope.append((name, [row]))
                }
            }
            for scope in rowsByScope { append(scope.name, process, scope.rows, in: traces, to: &out) }
            out.text(3, TraceComposer.schemaURL)
        }
        return ModelRequest(body: out.array(), spanCount: rows.count)
    }

    private static func append(
        _ scopeName: String, _ process: ModelProcess, _ rows: [Row], in traces: [ModelTrace], to out: inout ByteWriter
    ) {
        out.message(2) { out in
            out.message(1) { out in
                out.text(1, scopeName)
                out.text(2, process.service.sdkVersion)
            }
            for row in rows {
                out.message(2) { append(traces[row.trace].spans[row.span], of: traces[row.trace], to: &$0) }
            }
            out.text(3, TraceComposer.schemaURL)
        }
    }

    private static func append(_ span: ModelSpan, of trace: ModelTrace, to out: inout ByteWriter) {
        out.identifier(1, trace.id.high, trace.id.low)
        out.identifier(2, span.id.rawValue)
        if let parent = span.parent { out.identifier(4, parent.rawValue) }
        out.text(5, span.name)
        out.number(6, UInt64(span.kind))
        out.fixed(7, span.start)
        out.fixed(8, span.end)
        for attribute in span.attributes { out.attribute(9, attribute) }
        for event in span.events {
            out.message(11) { out in
                out.fixed(1, event.time)
                out.text(2, event.name)
                for attribute in event.attributes { out.attribute(3, attribute) }
            }
        }
        for link in span.links {
            out.message(13) { out in
                out.identifier(1, link.traceID.high, link.traceID.low)
                out.identifier(2, link.spanID.rawValue)
                for attribute in link.attributes { out.attribute(4, attribute) }
            }
        }
        out.message(15) { out in
            if !span.statusMessage.isEmpty { out.text(2, span.statusMessage) }
            if span.status != 0 { out.number(3, UInt64(span.status)) }
        }
        out.fixed(16, span.flags)
    }
}

extension ByteWriter {
    fileprivate mutating func message(_ field: UInt64, _ body: (inout ByteWriter) -> Void) {
        append(varint: field << 3 | 2)
        append(UInt8(0))
        let start = count
        body(&self)
        closeMessage(from: start)
    }

    fileprivate mutating func text(_ field: UInt64, _ text: String) {
        append(varint: field << 3 | 2)
        append(lengthPrefixed: Array(text.utf8).rawSpan)
    }

    fileprivate mutating func number(_ field: UInt64, _ value: UInt64) {
        append(varint: field << 3)
        append(varint: value)
    }

    fileprivate mutating func fixed(_ field: UInt64, _ value: UInt64) {
        append(varint: field << 3 | 1)
        append(littleEndian: value)
    }

    fileprivate mutating func fixed(_ field: UInt64, _ value: UInt32) {
        append(varint: field << 3 | 5)
        append(littleEndian: value)
    }

    /// 8 bytes for each word.
    fileprivate mutating func identifier(_ field: UInt64, _ words: UInt64...) {
        append(varint: field << 3 | 2)
        append(varint: UInt64(words.count * 8))
        for word in words { append(bigEndian: word) }
    }

    fileprivate mutating func attribute(_ field: UInt64, _ attribute: ModelAttribute) {
        message(field) { out in
            out.text(1, attribute.key)
            out.message(2) { out in out.value(attribute.value) }
        }
    }

    /// The content of an AnyValue.
    private mutating func value(_ value: ModelValue) {
        switch value {
        case .string(let text): self.text(1, text)
        case .bool(let truth): number(2, truth ? 1 : 0)
        case .int(let integer): number(3, UInt64(bitPattern: integer))
        case .double(let real): fixed(4, real.bitPattern)
        case .strings(let texts):
            message(5) { out in
                for text in texts { out.message(1) { $0.text(1, text) } }
            }
        }
    }
}
