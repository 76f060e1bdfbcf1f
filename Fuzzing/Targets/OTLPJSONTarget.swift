// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import OTLP
internal import OTLPGenerator
internal import TraceModel

/// Requests in JSON: rewritten in protobuf, then decoded.
enum OTLPJSONTarget {
    static func run(_ input: [UInt8]) {
        guard let request = try? JSONTranscoder.protobuf(input.rawSpan) else { return }
        claim(request.count <= input.count, "the protobuf form has \(request.count) bytes, and the JSON \(input.count)")
        do throws(OTLPError) {
            let view = try decoded(request).view
            let first = try read(json(view, .openTelemetry))
            claim(first.rowCount == view.rowCount, "as many spans are read as were written")
            // Text that was no UTF-8 is repaired by the first writing, and may make resources equal that were not.
            let second = try read(json(first, .openTelemetry))
            claim(counted(digests(second)) == counted(digests(first)), "JSON comes back")
            let third = try read(json(second, .openTelemetry))
            claim(json(second, .openTelemetry) == json(third, .openTelemetry), "JSON is written the same again")
        } catch {
            claim(false, "what the JSON reader writes can be decoded: \(error)")
        }
    }

    private static func read(_ text: [UInt8]) throws(OTLPError) -> SpanBatchView {
        try decoded(try JSONTranscoder.protobuf(text.rawSpan)).view
    }

    static func seeds() throws -> [[UInt8]] {
        let written = try madeUpRequests(8, byteLimit: 700, seed: 3).map { json(try decoded($0).view, .openTelemetry) }
        return written + handWritten.map { Array($0.utf8) }
    }

    private static let handWritten = [
        #"{"resource_spans":[{"resource":{"attributes":null},"scope_spans":[{"spans":[{"trace_id":""#
            + #"5B8EFFF798038103D269B633813FC60C","span_id":"EEE19B7EC3C1B174","kind":"SPAN_KIND_SERVER","#
            + #""start_time_unix_nano":1.5e9,"end_time_unix_nano":"18446744073709551615","#
            + #""status":{"code":"STATUS_CODE_ERROR","message":"\ud83d\ude00\u0000"},"x":[{"y":[1,-2.5E-3]},true]}]}]}]}"#,
        #"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"5b8efff798038103d269b633813fc60c","#
            + #""spanId":"eee19b7ec3c1b174","attributes":[{"key":"k","value":{"arrayValue":{"values":[{"boolValue":"#
            + #"true},{"doubleValue":"NaN"},{"doubleValue":-0},{"bytesValue":"-_8"},{"intValue":"-9223372036854775808"},"#
            + #"{"kvlistValue":{"values":[{"key":"a","value":{"stringValue":"b"}}]}},{}]}}}]}]}]}]}"#,
        #"{"resourceSpans":[{"resource":{"entityRefs":[{"type":"t","idKeys":["a","b"],"descriptionKeys":[]}]},"#
            + #""schemaUrl":"s","scopeSpans":[{"scope":{"name":"n","version":"1"},"schemaUrl":"u","spans":[{},{}]}]},{}]}"#,
        "{}",
    ]
}
