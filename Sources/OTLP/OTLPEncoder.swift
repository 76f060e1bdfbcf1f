// SPDX-License-Identifier: Apache-2.0

package import ByteCoding
package import TraceModel

/// Writes spans of a batch as OTLP: protobuf for machines, JSON in two flavours for browsers and people.
///
/// Rows are grouped: each distinct resource is written once, in it each distinct scope once, in the order in which
/// they first appear; inside, spans keep the order of the rows.
package struct OTLPEncoder: Sendable {
    /// What becomes of messages that were not there and of text that is no UTF-8.
    package enum Presence: Sendable {
        /// Resource, scope and status are always written, which Grafana relies on, and bytes in text that are no
        /// UTF-8 become U+FFFD, because validating clients refuse the whole message otherwise.
        case always
        /// As received, byte by byte.
        case exact
    }

    /// Whose JSON it is.
    ///
    /// In either, names are in lower camel case, numbers of 64 bits are strings, defaults are left out, text that is
    /// no UTF-8 is repaired, and NaN and the infinities are strings.
    package enum JSONFlavor: Sendable {
        /// Tempo's (gogo's jsonpb): IDs in base64, enumerations by name. The list has the name that the caller gives:
        /// `batches` or `resourceSpans`.
        case tempo(listName: StaticString)
        /// OTLP's own: IDs in hexadecimal digits, enumerations as numbers, a list `resourceSpans`.
        case openTelemetry
    }

    package var presence: Presence

    package init(presence: Presence = .always) { self.presence = presence }

    /// Appends the encoding of a `TracesData` message (byte for byte also `tempopb.Trace` and
    /// `ExportTraceServiceRequest`) that holds the spans `rows` of `view`.
    ///
    /// - Parameter rows: Row numbers of `view`, in any order.
    /// - Complexity: O(bytes).
    package func encodeProtobuf(_ rows: [Int], of view: SpanBatchView, into out: inout ByteWriter) {
        ProtobufTraceWriter(view: view, presence: presence).write(SpanGroups(rows, of: view), into: &out)
    }

    /// Appends a JSON object with one list that holds the spans `rows` of `view`: `{"resourceSpans":[…]}`.
    ///
    /// - Parameter rows: Row numbers of `view`, in any order.
    /// - Complexity: O(bytes).
    package func encodeJSON(
        _ rows: [Int], of view: SpanBatchView, flavor: JSONFlavor, into out: inout ByteWriter
    ) {
        JSONTraceWriter(view: view, presence: presence, flavor: flavor).write(SpanGroups(rows, of: view), into: &out)
    }
}
