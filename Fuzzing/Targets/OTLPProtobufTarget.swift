// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import OTLP
internal import OTLPGenerator
internal import ProtobufMessages
internal import TraceModel

/// Requests in protobuf, against protobuf-c.
///
/// protobuf-c is no judge of everything. It takes field number 0 and varints that overflow, which Google's parsers
/// refuse; it refuses known fields of a wrong wire type, which they pass over; of the AnyValue's Booleans it takes any
/// wire type; it does not merge a list that comes twice in one value. Lists, which are stored as they came, hand a wrong
/// wire type on, so that what is written is only its business where it took what was sent.
enum OTLPProtobufTarget {
    static func run(_ input: [UInt8]) {
        var decoder = OTLPDecoder()
        var batch = SpanBatch(pool: pool)
        let oracle = try? Request(decoding: input)
        let result: OTLPDecodeResult
        do {
            result = try decoder.decode(input.rawSpan, arrivalSeconds: 7, into: &batch)
        } catch {
            claim(batch.rowCount == 0, "a refused request leaves no rows")
            let isStricter = error.message.hasPrefix("a field number") || error.message.hasPrefix("a varint has more")
            claim(oracle == nil || isStricter, "protobuf-c takes what is refused: \(error)")
            return
        }
        claim(batch.rowCount == result.acceptedSpanCount, "every accepted span has a row")
        checkAgain(input, result, &decoder, &batch)
        let view = batch.view()
        let written = checkRoundTrip(view)
        if let oracle {
            compare(oracle, view, result)
            let again = try? Request(decoding: written)
            claim(again?.spans.count == view.rowCount, "protobuf-c reads what is written")
        } else {
            // It refuses a request for one value that is too deep, where a verdict may name the span.
            let refusal = refusal(input)
            claim(
                refusal == .malformed || refusal == .tooDeep && !result.verdict.isEmpty,
                "protobuf-c refuses only what is malformed to it")
        }
        _ = json(view, .tempo(listName: "batches"))
        _ = json(view, .openTelemetry)
        _ = protobuf(view, .always)
    }

    /// The same decoder, which knows strings and resources now, and one that obeys the verdict append the same rows.
    private static func checkAgain(
        _ input: [UInt8], _ result: OTLPDecodeResult, _ decoder: inout OTLPDecoder, _ batch: inout SpanBatch
    ) {
        let rowCount = batch.rowCount
        do throws(OTLPError) {
            let again = try decoder.decode(input.rawSpan, arrivalSeconds: 7, into: &batch)
            claim(again == result, "a second decoding has the same result")
            var out = ByteWriter()
            result.verdict.encode(into: &out)
            var cursor = ByteCursor(over: out.bytes)
            let verdict = try OTLPVerdict(from: &cursor, in: out.bytes)
            claim(verdict == result.verdict && cursor.isAtEnd, "a verdict comes back")
            let obeyed = try decoder.decode(input.rawSpan, arrivalSeconds: 7, obeying: verdict, into: &batch)
            claim(obeyed == rowCount, "the verdict keeps the spans that were accepted")
        } catch {
            claim(false, "what was decoded once can be decoded again: \(error)")
        }
        let all = digests(batch.view())
        claim(all[..<rowCount] == all[rowCount..<2 * rowCount], "a second decoding gives the same rows")
        claim(all[..<rowCount] == all[(2 * rowCount)...], "obeying the verdict gives the same rows")
        batch.truncate(toRows: rowCount)
    }

    /// What the rows are written as.
    private static func checkRoundTrip(_ view: SpanBatchView) -> [UInt8] {
        let written = protobuf(view)
        do throws(OTLPError) {
            let (back, result) = try decoded(written)
            claim(result.verdict.isEmpty, "what was accepted is not rejected later: \(result.verdict)")
            claim(counted(digests(back)) == counted(digests(view)), "rows come back equal")
            claim(protobuf(back) == written, "what was written once is written the same again")
        } catch {
            claim(false, "what is written can be read: \(error)")
        }
        return written
    }

    private static func refusal(_ input: [UInt8]) -> ProtobufError.Code? {
        do throws(ProtobufError) {
            _ = try Request(decoding: input)
            return nil
        } catch { return error.code }
    }

    /// Compares what the documented differences do not touch.
    private static func compare(_ oracle: Request, _ view: SpanBatchView, _ result: OTLPDecodeResult) {
        let spans = oracle.spans
        claim(spans.count == result.spanCount, "protobuf-c reads \(spans.count) spans, and not \(result.spanCount)")
        let good = spans.filter(\.hasUsableIDs)
        claim(good.count == view.rowCount, "of them \(good.count) have usable IDs, and not \(view.rowCount)")
        for (row, span) in good.enumerated() {
            claim(
                span.startTimeUnixNano == view.start[row] && span.endTimeUnixNano == view.end[row]
                    && span.kind == view.kind[row] && span.flags == view.flags[row]
                    && span.name == [UInt8](view.strings[view.name[row]])
                    && span.events.count == view.events(of: row).count && span.links.count == view.links(of: row).count
                    && (span.status?.code ?? 0) == view.status[row],
                "row \(row) is the span that protobuf-c reads")
        }
    }

    static func seeds() throws -> [[UInt8]] {
        try madeUpRequests(10, byteLimit: 1_200, seed: 1)
            + madeUpRequests(4, byteLimit: 900, seed: 2, options: .init(hasBadIDs: true)) + deepValues
    }

    /// An attribute whose value lies in lists 64 and 65 deep.
    private static var deepValues: [[UInt8]] {
        [64, 65].map { depth in
            var value: [UInt8] = [0x18, 1]
            for _ in 1..<depth { value = field(5, field(1, value)) }
            let ids = field(1, [UInt8](repeating: 1, count: 16)) + field(2, [UInt8](repeating: 2, count: 8))
            let span = ids + field(9, field(1, Array("k".utf8)) + field(2, value))
            return field(1, field(2, field(2, span)))
        }
    }

    private static func field(_ number: UInt8, _ body: [UInt8]) -> [UInt8] {
        var out = ByteWriter()
        out.append(number << 3 | 2)
        out.append(lengthPrefixed: body.rawSpan)
        return out.array()
    }
}

extension Request {
    /// In wire order.
    var spans: [OTLPMessage.Span] { resourceSpans.flatMap { $0.scopeSpans.flatMap(\.spans) } }
}

extension OTLPMessage.Span {
    fileprivate var hasUsableIDs: Bool {
        traceID.count == 16 && spanID.count == 8 && traceID.contains { $0 != 0 } && spanID.contains { $0 != 0 }
    }
}
