// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import TraceModel

// Where Tempo's JSON and OTLP's differ: identifiers and enumerations.

extension JSONTraceWriter {
    func writeIdentifiers(_ row: Int, _ out: inout ByteWriter) {
        out.member("traceId", identifier: view.traceIDHigh[row], view.traceIDLow[row], inBase64: isTempo)
        out.member("spanId", identifier: view.spanID[row], inBase64: isTempo)
        writeText("traceState", view.traceState[row], &out)
        let parent = view.parentSpanID[row]
        if SpanPresence(rawValue: view.presence[row]).contains(.unusualParent) {
            writeIdentifier("parentSpanId", UInt32(truncatingIfNeeded: parent), &out)
        } else if parent != 0 {
            out.member("parentSpanId", identifier: parent, inBase64: isTempo)
        }
    }

    func writeIdentifier(_ name: StaticString, _ code: UInt32, _ out: inout ByteWriter) {
        if code != 0 { out.member(name, identifier: strings[code], inBase64: isTempo) }
    }

    func writeKind(_ kind: Int32, _ out: inout ByteWriter) {
        let name: StaticString? =
            switch kind {
            case 1: "\"SPAN_KIND_INTERNAL\""
            case 2: "\"SPAN_KIND_SERVER\""
            case 3: "\"SPAN_KIND_CLIENT\""
            case 4: "\"SPAN_KIND_PRODUCER\""
            case 5: "\"SPAN_KIND_CONSUMER\""
            default: nil
            }
        writeEnumeration("kind", kind, name, &out)
    }

    func writeStatusCode(_ code: Int32, _ out: inout ByteWriter) {
        let name: StaticString? =
            switch code {
            case 1: "\"STATUS_CODE_OK\""
            case 2: "\"STATUS_CODE_ERROR\""
            default: nil
            }
        writeEnumeration("code", code, name, &out)
    }

    /// Numbers without a name are written as numbers in either flavour.
    private func writeEnumeration(
        _ member: StaticString, _ value: Int32, _ name: StaticString?, _ out: inout ByteWriter
    ) {
        guard value != 0 else { return }
        out.member(member)
        if isTempo, let name {
            out.append(literal: name)
        } else {
            out.append(decimal: Int64(value))
        }
    }
}
