// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ByteCoding
internal import Testing
internal import TraceModel

/// What it takes to put spans in order.
@Suite struct SortMemoryTests {
    /// How the trace IDs of a test are.
    enum TraceIDs: CaseIterable {
        /// 128 random bits, 30 spans a trace.
        case random
        /// … and a trace for each span.
        case single
        /// 64 random bits.
        case short
        /// Small numbers.
        case numbers
        /// The time in seconds, then random bits.
        case timed
        /// Half of them 64 bits.
        case mixed
        /// All in one trace.
        case giant

        func ids(_ count: Int, _ choices: inout Choices) -> [TraceID] {
            (0..<count).map { index in
                let (high, low) = (choices.next(), choices.next())
                return switch self {
                case .random, .single: TraceID(high: high, low: low)
                case .short: TraceID(high: 0, low: low)
                case .numbers: TraceID(high: 0, low: UInt64(index) + 1)
                case .timed: TraceID(high: 1_700_000_000 << 32 + UInt64(index) << 24 + high >> 40, low: low)
                case .mixed: TraceID(high: index % 2 == 0 ? 0 : high, low: low)
                case .giant: TraceID(high: 7, low: 7)
                }
            }
        }
    }

    private static func spans(_ kind: TraceIDs, _ count: Int) -> [MadeSpan] {
        var choices = Choices(seed: UInt64(count))
        let ids = kind.ids(kind == .single ? count : max(1, count / 30), &choices)
        return (0..<count).map { index in
            var span = MadeSpan(UInt64(index) + 1)
            span.traceID = ids[choices.below(ids.count)]
            span.start = choices.next() % 1_000_000
            return span
        }
    }

    private static func ordering(_ spans: [MadeSpan]) -> SpanOrdering {
        let half = spans.count / 2
        return SpanOrdering([view(of: Array(spans[..<half])), view(of: Array(spans[half...]))])
    }

    @Test(arguments: TraceIDs.allCases, [1, 2, 100, 5000, 200_000])
    func `sorting takes no more than it says, and sorts`(kind: TraceIDs, count: Int) {
        let spans = Self.spans(kind, count)
        let ordering = Self.ordering(spans)
        let byteCount = ordering.sortByteCount
        #expect(byteCount <= SpanOrdering.sortByteCount(rowCount: count))
        var (ids, traces): ([UInt64], [TraceID]) = ([], [])
        for row in 0..<ordering.rowCount { ids.append(ordering.spanID[row]) }
        for trace in 0..<ordering.traceCount { traces.append(ordering.traceID(trace)) }
        #expect(ids == spans.inBlockOrder.map(\.spanID))
        #expect(traces == Set(spans.map(\.traceID)).sorted())
    }

    @Test(arguments: [TraceIDs.random, .single, .short, .numbers, .timed])
    func `it takes a line of a row and what is kept of it, where IDs differ somewhere`(kind: TraceIDs) {
        let count = 200_000
        // A line of 64 bytes, 44 that are kept, where traces begin.
        let byteCount = Self.ordering(Self.spans(kind, count)).sortByteCount
        #expect(byteCount <= count * 120 + 1 << 20)
    }
}
