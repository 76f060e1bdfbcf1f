// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ByteCoding
internal import ProtobufMessages
internal import Testing
internal import TraceModel

/// A ``TraceSummary`` that tests can make.
struct ExpectedSummary: Hashable {
    var id: TraceID
    var firstRow: Int
    var spanCount: Int
    var start: UInt64
    var duration: UInt64
    var errorCount: Int
    /// Service and name.
    var root: [[UInt8]]
}

extension ExpectedSummary {
    init(_ summary: TraceSummary) {
        self.init(
            id: summary.id, firstRow: summary.firstRow, spanCount: summary.spanCount, start: summary.start,
            duration: summary.duration, errorCount: summary.errorCount,
            root: summary.root.map { [$0.service, $0.name] } ?? [])
    }
}

@Suite struct TraceIndexTests {
    /// Summaries by looking at every span.
    static func naive(_ spans: [MadeSpan]) -> [ExpectedSummary] {
        var firstRow = 0
        return Dictionary(grouping: spans, by: \.traceID).sorted { $0.key < $1.key }.map { id, spans in
            let start = spans.map(\.start).min() ?? 0
            let root = spans.inBlockOrder.first { $0.parent == 0 }
            let summary = ExpectedSummary(
                id: id, firstRow: firstRow, spanCount: spans.count, start: start,
                duration: spans.map { $0.end > start ? $0.end - start : 0 }.max() ?? 0,
                errorCount: spans.count { $0.status == 2 },
                root: root.map { [Array($0.service.utf8), Array($0.name.utf8)] } ?? [])
            firstRow += spans.count
            return summary
        }
    }

    /// By trace: what each service has.
    static func naiveServices(_ spans: [MadeSpan]) -> [Set<ServiceCounts>] {
        Dictionary(grouping: spans, by: \.traceID).sorted { $0.key < $1.key }.map { _, spans in
            Set(
                Dictionary(grouping: spans, by: \.service).map { service, spans in
                    ServiceCounts(
                        service: Array(service.utf8), spanCount: spans.count, errorCount: spans.count { $0.status == 2 })
                })
        }
    }

    @Test(arguments: [(0, 1, 1), (1, 50, 10), (2, 3000, 900), (3, 6000, 2500), (4, 9000, 1), (5, 4096, 100_000)])
    func `summaries say what the spans say`(seed: UInt64, count: Int, traceCount: Int) async throws {
        var choices = Choices(seed: seed)
        let spans = choices.spans(
            count, traceCount: traceCount, names: ["a", "b", ""], services: ["x", "y", "", "z"])
        let reader = try await write([view(of: spans)]).open()
        let expected = Self.naive(spans)
        let found = try await reader.allSummaries().map { ExpectedSummary($0) }
        #expect(found == expected)
        let counts = try await reader.serviceCounts(ofTraces: Array(expected.indices))
        #expect(counts.map(Set.init) == Self.naiveServices(spans))
        let some = expected.indices.filter { $0 % 7 == 3 }
        #expect(try await reader.serviceCounts(ofTraces: some) == some.map { counts[$0] })
        for summary in expected.prefix(500) {
            let anchor = try #require(try await reader.locate(summary.id))
            #expect(anchor.rows == summary.firstRow..<(summary.firstRow + summary.spanCount))
            #expect(anchor.start == summary.start)
        }
    }

    @Test func `a parent of other length or of zeros makes a root`() async throws {
        var group = Request().resourceSpans
        group.append(.init())
        group[0].scopeSpans.append(.init())
        let parents: [[UInt8]] = [[9], [0, 0, 0, 0, 0, 0, 0, 0], [1, 2, 3, 4, 5, 6, 7, 8]]
        for (index, parent) in parents.enumerated() {
            var span = ParentedSpan(parent: parent, trace: UInt8(index + 1)).span
            span.name = Array("root".utf8)
            group[0].scopeSpans[0].spans.append(span)
        }
        let reader = try await write([try Source([Request(resourceSpans: group)]).view]).open()
        let summaries = try await reader.allSummaries()
        #expect(summaries.map { $0.root != nil } == [true, true, false])
    }

    @Test func `traces that are not there are not found`() async throws {
        var choices = Choices(seed: 8)
        let spans = choices.spans(5000, traceCount: 3000, names: ["a"], services: ["x"])
        let known = Set(spans.map(\.traceID))
        let reader = try await write([view(of: spans)]).open()
        for id in known { #expect(try await reader.mayContain(id)) }
        var passed = 0
        for _ in 0..<20_000 {
            let id = TraceID(high: choices.next(), low: choices.next())
            if known.contains(id) { continue }
            if try await reader.mayContain(id) { passed += 1 }
            #expect(try await reader.locate(id) == nil)
        }
        #expect(passed <= 200)
        for id in [TraceID(high: 0, low: 0), TraceID(high: .max, low: .max)] {
            #expect(try await !reader.mayContain(id))
            #expect(try await reader.locate(id) == nil)
        }
    }

    @Test(arguments: [
        (1, 5000), (2, 5000), (3, 3000), (40, 500), (43, 500), (1000, 50), (20_000, 3), (200_000, 1),
    ])
    func `the bloom filter misses none and passes one in a hundred at most`(keys: Int, repeats: Int) {
        var choices = Choices(seed: UInt64(keys))
        var passed = 0
        var asked = 0
        for _ in 0..<repeats {
            var filter = BloomFilter(keyCount: keys)
            // Random IDs, and IDs that only count.
            let base = choices.next()
            let isCounting = choices.oneIn(2)
            let ids = (0..<keys).map { index in
                isCounting ? TraceID(high: 0, low: base &+ UInt64(index))
                    : TraceID(high: choices.next(), low: choices.next())
            }
            for id in ids { filter.insert(id) }
            var missed = 0
            for id in ids where !filter.mayContain(id) { missed += 1 }
            #expect(missed == 0)
            for _ in 0..<max(20, keys) {
                let id = isCounting
                    ? TraceID(high: 0, low: base &+ UInt64(keys) &+ choices.next() % 1_000_000)
                    : TraceID(high: choices.next(), low: choices.next())
                asked += 1
                if filter.mayContain(id) { passed += 1 }
            }
        }
        #expect(passed * 100 <= asked, "\(passed) of \(asked)")
    }

    @Test func `a bloom filter is read as it was written, and nothing else is a filter`() throws {
        var filter = BloomFilter(keyCount: 100)
        let ids = (0..<100).map { TraceID(high: UInt64($0) << 40, low: UInt64($0)) }
        for id in ids { filter.insert(id) }
        var out = ByteWriter()
        filter.write(into: &out)
        let bytes = out.array()
        let back = try BloomFilter(bytes.rawSpan)
        var missed = 0
        for id in ids where !back.mayContain(id) { missed += 1 }
        #expect(missed == 0)
        for length in 0..<bytes.count {
            #expect(throws: ByteCodingError.self) { _ = try BloomFilter(Array(bytes[..<length]).rawSpan) }
        }
        for count in [0, 1, 2, 4, 1 << 24, UInt32.max] as [UInt32] {
            var damaged = bytes
            for byte in 0..<4 { damaged[byte] = UInt8(truncatingIfNeeded: count >> UInt32(8 * byte)) }
            #expect(throws: ByteCodingError.self) { _ = try BloomFilter(damaged.rawSpan) }
        }
    }
}
