// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import ProtobufMessages
internal import TraceModel

/// A span with the few fields that structure, scans and summaries look at.
struct MadeSpan: Hashable {
    var traceID = TraceID(high: 1, low: 1)
    var spanID: UInt64
    var parent: UInt64 = 0
    var start: UInt64 = 1_700_000_000_000_000_000
    var end: UInt64 = 1_700_000_000_000_000_100
    var name = "GET /"
    var service = "shop"
    var kind: Int32 = 1
    var status: Int32 = 0
    var arrivalSeconds: UInt32 = 7

    init(_ spanID: UInt64) { self.spanID = spanID }

    /// Whether it ends behind its start, and by how much.
    var duration: UInt64 { end > start ? end - start : 0 }
}

extension SpanBatch {
    mutating func append(_ span: MadeSpan) {
        var row = SpanRow()
        row.traceID = span.traceID
        row.spanID = span.spanID
        row.parentSpanID = span.parent
        row.start = span.start
        row.end = span.end
        row.name = strings.code(for: Array(span.name.utf8).rawSpan)
        row.kind = span.kind
        row.status = span.status
        let service = strings.code(for: Array(span.service.utf8).rawSpan)
        // What stands in for the encoded message need only differ where services do.
        row.resource = resources.code(
            forRecord: ResourceRecord(isPresent: true, encoded: service, schemaURL: 0, serviceName: service))
        row.arrivalSeconds = span.arrivalSeconds
        append(row, shape: 0)
    }
}

func view(of spans: [MadeSpan]) -> SpanBatchView {
    var batch = SpanBatch(pool: pool)
    for span in spans { batch.append(span) }
    return batch.view()
}

extension SpanBatchView {
    /// The fields that ``MadeSpan`` has, of all rows.
    var madeSpans: [MadeSpan] {
        (0..<rowCount).map { row in
            var span = MadeSpan(spanID[row])
            span.traceID = traceID(row)
            span.parent = parent(row)
            span.start = start[row]
            span.end = end[row]
            span.name = String(decoding: [UInt8](strings[name[row]]), as: UTF8.self)
            span.service = String(decoding: [UInt8](strings[resourceRecord(row).serviceName]), as: UTF8.self)
            span.kind = kind[row]
            span.status = status[row]
            span.arrivalSeconds = arrivalSeconds[row]
            return span
        }
    }
}

extension [MadeSpan] {
    /// In the order of a block's rows.
    var inBlockOrder: [MadeSpan] {
        sorted {
            if $0.traceID != $1.traceID { return $0.traceID < $1.traceID }
            if $0.start != $1.start { return $0.start < $1.start }
            if $0.spanID != $1.spanID { return $0.spanID < $1.spanID }
            return $0.kind < $1.kind
        }
    }
}

/// Seeded choices.
struct Choices {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
    mutating func oneIn(_ count: Int) -> Bool { below(count) == 0 }
    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }

    mutating func shuffle<Element>(_ elements: inout [Element]) {
        for index in elements.indices.dropFirst().reversed() { elements.swapAt(index, below(index + 1)) }
    }

    /// Start and end, often at or beyond what usual spans have.
    mutating func times() -> (start: UInt64, end: UInt64) {
        let start = 1_700_000_000_000_000_000 &+ next() % 1000 &* 1_000_000
        return switch below(20) {
        case 0: (0, 0)
        case 1: (.max, .max)
        case 2: (0, .max)
        case 3: (.max, 0)
        case 4: (start, start &- next() % 1_000_000)
        case 5: (next(), next())
        case 6: (start, start)
        default: (start, start &+ next() % 50 &* 1_000_000)
        }
    }

    /// Spans of `traceCount` traces with random structure; span IDs are never repeated.
    mutating func spans(_ count: Int, traceCount: Int, names: [String], services: [String]) -> [MadeSpan] {
        let traces = (0..<traceCount).map { _ in TraceID(high: next(), low: next()) }
        var last: [TraceID: [UInt64]] = [:]
        return (0..<count).map { index in
            var span = MadeSpan(UInt64(index + 1) &* 0x9e37_79b9_7f4a_7c15)
            span.traceID = pick(traces)
            let known = last[span.traceID] ?? []
            span.parent = oneIn(8) ? 0 : oneIn(10) ? next() : known.isEmpty ? 0 : pick(known)
            last[span.traceID] = (known + [span.spanID]).suffix(20)
            (span.start, span.end) = times()
            span.name = pick(names)
            span.service = pick(services)
            span.kind = oneIn(20) ? pick([-1, .max, .min, 77]) : Int32(below(6))
            span.status = oneIn(20) ? pick([-1, .max, .min]) : Int32(below(3))
            span.arrivalSeconds = UInt32(1_700_000_000 + index / 100)
            return span
        }
    }
}

/// A message of a span with a certain parent.
struct ParentedSpan {
    var parent: [UInt8]
    var trace: UInt8

    var span: OTLPMessage.Span {
        var span = OTLPMessage.Span()
        span.traceID = [UInt8](repeating: trace, count: 16)
        span.spanID = [UInt8](repeating: 7, count: 8)
        span.parentSpanID = parent
        return span
    }
}
