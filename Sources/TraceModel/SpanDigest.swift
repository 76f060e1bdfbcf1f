// SPDX-License-Identifier: Apache-2.0

public import ByteCoding

/// What decides between two copies of a span: size and hash of everything that it carries.
///
/// Equal for equal spans wherever they are stored, since it is made from their content and not from codes.
public struct SpanDigest: Hashable, Sendable {
    public let byteCount: Int
    public let hash: UInt64

    /// - Parameter scratch: Is overwritten; one writer serves many calls.
    public init(_ spans: SpanBatchView, row: Int, scratch: inout ByteWriter) {
        scratch.removeAll()
        Self.write(spans, row: row, into: &scratch)
        byteCount = scratch.count
        hash = XXH3.hash(scratch.bytes)
    }

    private static func write(_ spans: SpanBatchView, row: Int, into out: inout ByteWriter) {
        let strings = spans.strings
        let resource = spans.resourceRecord(row)
        let scope = spans.scopeRecord(row)
        let drops = spans.drops(row)
        for code in [
            resource.encoded, resource.schemaURL, scope.encoded, scope.schemaURL, spans.name[row],
            spans.traceState[row], spans.statusMessage[row],
        ] { out.append(lengthPrefixed: strings[code]) }
        out.append(UInt8(truncatingIfNeeded: resource.isPresent << 1 | scope.isPresent))
        out.append(littleEndian: SpanPresence(rawValue: spans.presence[row]).intersection(.own).rawValue)
        out.append(littleEndian: spans.status[row])
        out.append(littleEndian: spans.flags[row])
        for count in [drops.attributes, drops.events, drops.links] { out.append(varint: UInt64(count)) }
        if SpanPresence(rawValue: spans.presence[row]).contains(.unusualParent) {
            out.append(lengthPrefixed: strings[UInt32(truncatingIfNeeded: spans.parentSpanID[row])])
        } else {
            out.append(littleEndian: spans.parentSpanID[row])
        }
        write(spans.attributes, owner: row, of: spans, into: &out)
        out.append(varint: UInt64(spans.events(of: row).count))
        for event in spans.events(of: row) {
            out.append(littleEndian: spans.eventTime[event])
            out.append(lengthPrefixed: strings[spans.eventName[event]])
            out.append(varint: UInt64(spans.eventDropped[event]))
            write(spans.eventAttributes, owner: event, of: spans, into: &out)
        }
        for link in spans.links(of: row) {
            for code in [spans.linkTraceID[link], spans.linkSpanID[link], spans.linkTraceState[link]] {
                out.append(lengthPrefixed: strings[code])
            }
            out.append(varint: UInt64(spans.linkDropped[link]))
            out.append(littleEndian: spans.linkFlags[link])
            write(spans.linkAttributes, owner: link, of: spans, into: &out)
        }
    }

    private static func write(
        _ attributes: AttributeColumnsView, owner: Int, of spans: SpanBatchView, into out: inout ByteWriter
    ) {
        let shape = spans.shapes[attributes.shape[owner]]
        let first = attributes.firstValue(of: owner)
        out.append(varint: UInt64(shape.wordCount))
        for index in 0..<shape.wordCount {
            let slot = AttributeSlot(rawValue: shape.word(index))
            let value = attributes.values[first + index]
            out.append(lengthPrefixed: spans.strings[slot.key])
            out.append(slot.type.rawValue)
            if slot.type.isByteString {
                out.append(lengthPrefixed: spans.strings[UInt32(truncatingIfNeeded: value)])
            } else {
                out.append(littleEndian: value)
            }
        }
    }
}

/// The one rule for duplicates: retries and replay store a span twice, and every reader picks the same copy.
///
/// Two rows are copies of one span if trace ID, span ID, kind and start are equal. The winner ends last; then has a
/// status; then is the bigger one; then has the greater hash. Equal digests are the same span.
public enum DuplicateRule {
    /// Whether two rows are copies of one span.
    public static func areCopies(_ a: SpanBatchView, _ rowA: Int, _ b: SpanBatchView, _ rowB: Int) -> Bool {
        a.spanID[rowA] == b.spanID[rowB] && a.start[rowA] == b.start[rowB] && a.kind[rowA] == b.kind[rowB]
            && a.traceID(rowA) == b.traceID(rowB)
    }

    /// Whether copy `a` wins against copy `b`; on equal copies the first one given wins.
    public static func wins(
        _ a: SpanBatchView, _ rowA: Int, over b: SpanBatchView, _ rowB: Int, scratch: inout ByteWriter
    ) -> Bool {
        if a.end[rowA] != b.end[rowB] { return a.end[rowA] > b.end[rowB] }
        let hasStatusA = a.status[rowA] != 0
        let hasStatusB = b.status[rowB] != 0
        if hasStatusA != hasStatusB { return hasStatusA }
        let digestA = SpanDigest(a, row: rowA, scratch: &scratch)
        let digestB = SpanDigest(b, row: rowB, scratch: &scratch)
        if digestA.byteCount != digestB.byteCount { return digestA.byteCount > digestB.byteCount }
        return digestA.hash >= digestB.hash
    }
}
