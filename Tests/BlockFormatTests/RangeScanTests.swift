// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import Testing
internal import TraceModel

@Suite struct RangeScanTests {
    /// Whether a moment of the span is in the range, by the rule's words.
    private static func isIn(_ span: MadeSpan, _ range: ClosedRange<UInt64>) -> Bool {
        range.overlaps(span.start...max(span.start, span.end))
    }

    /// Spans as they are usually, with all oddities, or of traces that last long.
    private static func spans(_ choices: inout Choices, seed: UInt64) -> [MadeSpan] {
        let count = seed % 4 == 0 ? 20_000 : 1 + choices.below(2_500)
        var spans = choices.spans(
            count, traceCount: choices.pick([1, 40, 5_000]), names: ["a", "b"], services: ["x", "y"])
        guard seed % 3 > 0 else { return spans }
        for index in spans.indices {
            spans[index].start = 1_000 + spans[index].traceID.low % 8 * 1_000 + choices.next() % 600
            spans[index].end = spans[index].start + choices.pick([0, 1, 10, 100, 3_000])
            if seed % 3 == 1, choices.oneIn(50) { spans[index].end = spans[index].start - choices.next() % 900 }
        }
        return spans
    }

    private static func range(_ spans: [MadeSpan], _ choices: inout Choices) -> ClosedRange<UInt64> {
        let edges = [0, 0].map { _ -> UInt64 in
            let span = choices.pick(spans)
            return choices.pick([span.start, span.end]) &+ choices.pick([0, 0, 1, .max])
        }
        return choices.pick([edges[0]...edges[0], 0...edges[0], edges[0]...UInt64.max])
            .clamped(to: choices.oneIn(2) ? 0...UInt64.max : min(edges[0], edges[1])...max(edges[0], edges[1]))
    }

    @Test(arguments: 0..<24 as Range<UInt64>)
    func `a scan finds the traces and rows that overlap a range, and no others`(seed: UInt64) async throws {
        var choices = Choices(seed: 900 + seed)
        let spans = Self.spans(&choices, seed: seed)
        let ordered = spans.inBlockOrder
        let reader = try await write([view(of: spans)]).open()
        for _ in 0..<(spans.count > 5_000 ? 12 : 40) {
            var request = RowRequest(choices.oneIn(2) ? .all([]) : .holds(.name, .string(Array("a".utf8))))
            request.requiredMarks = choices.oneIn(2) ? [0] : nil
            request.range = Self.range(spans, &choices)
            request.wantsRowsInRange = choices.oneIn(2)
            try await compare(try await BlockTraceScan(reader, request), request, ordered, reader)
        }
    }

    /// - Parameter scan: nil stands for one that finds nothing.
    private func compare(
        _ scan: BlockTraceScan?, _ request: RowRequest, _ ordered: [MadeSpan], _ reader: BlockReader
    ) async throws {
        let groups = Set(scan?.groups.map(\.index) ?? [])
        for (group, entry) in reader.footer.rowGroups.enumerated() {
            let stored = ordered[entry.firstRow..<(entry.firstRow + entry.rowCount)]
            let overlapping = stored.indices.filter { Self.isIn(ordered[$0], request.range) }
            guard let scan, groups.contains(group) else {
                // It may have been left out for what is required, too.
                let marked = overlapping.filter { request.marks[0].isEverything || ordered[$0].name == "a" }
                #expect(marked.isEmpty)
                continue
            }
            let rows = try await scan.rows(of: group)
            var found: [TraceID: TraceAnchor] = [:]
            for trace in rows.traces where !rows.rows(of: trace).isEmpty { found[trace.id] = trace }
            let marked = Set(stored.indices.filter { rows.marks[0][$0 - entry.firstRow] }.map { ordered[$0].traceID })
            var expected = Set(overlapping.map { ordered[$0].traceID })
            if request.requiredMarks != nil { expected.formIntersection(marked) }
            #expect(expected.isSubset(of: found.keys))
            for (id, trace) in found where rows.isWhole(trace) { #expect(expected.contains(id)) }
            guard request.wantsRowsInRange else { continue }
            for row in stored.indices where found[ordered[row].traceID] != nil {
                #expect(rows.inRange[row - entry.firstRow] == Self.isIn(ordered[row], request.range))
            }
        }
    }

    @Test func `a row group is passed over that no span of can be in the range`() async throws {
        var span = MadeSpan(1)
        (span.start, span.end) = (100, 200)
        let reader = try await write([view(of: [span])]).open()
        for (range, isScanned) in [
            (0...99, false), (0...100, true), (150...160, true), (200...300, true), (201...300, false),
        ] as [(ClosedRange<UInt64>, Bool)] {
            var request = RowRequest()
            request.range = range
            #expect(try await (BlockTraceScan(reader, request) != nil) == isScanned, "\(range)")
        }
    }

    @Test func `of whole traces times are read only where one begins before the range and lasts beyond it`() async throws {
        var spans = (0..<100).map { MadeSpan(UInt64($0 + 1)) }
        for index in spans.indices {
            spans[index].traceID = TraceID(high: 1, low: UInt64(index))
            (spans[index].start, spans[index].end) = (1_000 + UInt64(index), 1_010 + UInt64(index))
        }
        let block = write([view(of: spans)])
        for (range, readsTimes) in [
            (0...1_020, false), (1_050...2_000, false), (1_030...1_080, false), (1_050...1_054, true),
        ] as [(ClosedRange<UInt64>, Bool)] {
            let reader = try await block.open()
            var request = RowRequest()
            request.range = range
            let scan = try #require(try await BlockTraceScan(reader, request))
            let rows = try await scan.rows(of: 0)
            #expect((rows.byteCount > 0) == readsTimes, "\(range)")
            #expect(rows.traces.count == spans.count { Self.isIn($0, range) })
        }
    }
}

extension SpanFilter {
    fileprivate var isEverything: Bool { if case .all(let parts) = self { parts.isEmpty } else { false } }
}
