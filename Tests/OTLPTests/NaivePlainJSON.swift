// SPDX-License-Identifier: Apache-2.0

import Foundation
import ProtobufMessages

/// What `PlainTraceEncoder` has to write of one span, made of strings.
struct NaivePlainJSON {
    func service(_ flat: FlatSpan, name: String) -> String {
        let scope = flat.scope ?? OTLPMessage.InstrumentationScope()
        let attributes = scope.attributes.isEmpty ? "" : ",\"attributes\":" + object(scope.attributes)
        let resource = flat.resource ?? OTLPMessage.Resource()
        let droppedOfResource = dropped("Attributes", resource.droppedAttributesCount)
        let droppedOfScope = dropped("Attributes", scope.droppedAttributesCount)
        return "{\"serviceName\":\(text(name)),\"resource\":\(object(resource.attributes))\(droppedOfResource),\"scopes\":["
            + "{\"name\":\(text(scope.name)),\"version\":\(text(scope.version))\(attributes)\(droppedOfScope),"
            + "\"spans\":[\(span(flat.span))]}]}"
    }

    private func span(_ span: OTLPMessage.Span) -> String {
        let kinds: [Int32: String] = [0: "unspecified", 1: "internal", 2: "server", 3: "client", 4: "producer", 5: "consumer"]
        let codes: [Int32: String] = [0: "unset", 1: "ok", 2: "error"]
        let (start, end) = (span.startTimeUnixNano, span.endTimeUnixNano)
        let status = span.status ?? OTLPMessage.Status()
        let members = [
            "\"spanId\":\(hex(span.spanID))", "\"name\":\(text(span.name))", "\"parentSpanId\":\(hex(span.parentSpanID))",
            "\"kind\":" + (kinds[span.kind].map { text($0) } ?? "\(span.kind)"), "\"startTimeUnixNano\":\"\(start)\"",
            "\"endTimeUnixNano\":\"\(end)\"", "\"durationMs\":\(milliseconds(end > start ? end - start : 0))",
            "\"attributes\":" + object(span.attributes), "\"events\":[\(span.events.map(event).joined(separator: ","))]",
            "\"links\":[\(span.links.map(link).joined(separator: ","))]",
            "\"status\":{\"code\":\(codes[status.code].map { text($0) } ?? "\(status.code)"),\"message\":\(text(status.message))}",
        ]
        let rest =
            (span.traceState.isEmpty ? "" : ",\"traceState\":\(text(span.traceState))")
            + dropped("Attributes", span.droppedAttributesCount) + dropped("Events", span.droppedEventsCount)
            + dropped("Links", span.droppedLinksCount)
        return "{" + members.joined(separator: ",") + rest + "}"
    }

    private func event(_ event: OTLPMessage.Event) -> String {
        "{\"name\":\(text(event.name)),\"timeUnixNano\":\"\(event.timeUnixNano)\",\"attributes\":\(object(event.attributes))"
            + dropped("Attributes", event.droppedAttributesCount) + "}"
    }

    private func link(_ link: OTLPMessage.Link) -> String {
        "{\"traceId\":\(hex(link.traceID)),\"spanId\":\(hex(link.spanID)),\"attributes\":\(object(link.attributes))"
            + (link.traceState.isEmpty ? "" : ",\"traceState\":\(text(link.traceState))")
            + dropped("Attributes", link.droppedAttributesCount) + "}"
    }

    private func dropped(_ what: String, _ count: UInt32) -> String {
        count == 0 ? "" : ",\"dropped\(what)Count\":\(count)"
    }

    private func milliseconds(_ nanoseconds: UInt64) -> String {
        var digits = String(nanoseconds)
        digits = String(repeating: "0", count: max(0, 7 - digits.count)) + digits
        var fraction = digits.suffix(6)
        while fraction.last == "0" { fraction.removeLast() }
        return digits.dropLast(6) + (fraction.isEmpty ? "" : ".") + fraction
    }

    private func object(_ attributes: [OTLPMessage.KeyValue]) -> String {
        "{" + attributes.map { text($0.key) + ":" + value($0.value ?? .empty) }.joined(separator: ",") + "}"
    }

    private func value(_ value: OTLPMessage.AnyValue) -> String {
        switch value {
        case .empty: "null"
        case .string(let bytes): text(bytes)
        case .bool(let bool): "\(bool)"
        case .int(let int): abs(Double(int)) < 9_007_199_254_740_992 ? "\(int)" : "\"\(int)\""
        case .double(let bits): number(Double(bitPattern: bits))
        case .bytes(let bytes): "\"\(Data(bytes).base64EncodedString())\""
        case .array(let values): "[" + values.map { self.value($0) }.joined(separator: ",") + "]"
        case .keyValueList(let pairs): object(pairs)
        }
    }

    private func number(_ value: Double) -> String {
        if value.isNaN { return "\"NaN\"" }
        if value.isInfinite { return value < 0 ? "\"-Infinity\"" : "\"Infinity\"" }
        let text = "\(value)"
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    private func hex(_ bytes: [UInt8]) -> String { text(bytes.map { String(format: "%02x", $0) }.joined()) }

    private func text(_ bytes: [UInt8]) -> String { text(String(decoding: bytes, as: UTF8.self)) }

    private func text(_ text: String) -> String {
        let escapes: [Unicode.Scalar: String] = ["\"": "\\\"", "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"]
        let inside = text.unicodeScalars.map { scalar in
            escapes[scalar] ?? (scalar.value < 0x20 ? String(format: "\\u%04x", scalar.value) : String(scalar))
        }
        return "\"" + inside.joined() + "\""
    }
}
