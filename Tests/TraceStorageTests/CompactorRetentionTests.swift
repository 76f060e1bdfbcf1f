// SPDX-License-Identifier: Apache-2.0

internal import FileIO
internal import ProtobufMessages
internal import StoreTesting
internal import Synchronization
internal import Testing
internal import TraceModel
internal import TraceStorage

@Suite struct CompactorRetentionTests {
    private static let begin: UInt64 = 1_700_000_000

    /// A clock that a test moves on.
    private final class Clock: Sendable {
        let seconds = Atomic<UInt64>(begin)
        func move(to second: UInt64) { seconds.store(begin + second, ordering: .relaxed) }
    }

    /// A store that keeps spans for ten seconds, and merges eight blocks into one.
    private static func store(
        seed: UInt64, _ clock: Clock, _ configure: @escaping (inout StoreConfiguration) -> Void = { _ in }
    ) async throws -> OpenStore {
        try await OpenStore.open(on: SimulatedFileSystem(seed: seed)) { configuration in
            configuration.compaction.removalGrace = .zero
            configuration.retention = RetentionPolicy(seconds: 10)
            configuration.retention.allowsLargeDrop = true
            configuration.now = { clock.seconds.load(ordering: .relaxed) * 1_000_000_000 }
            configure(&configuration)
        }
    }

    /// Requests that arrive in seconds 1, 2, …, a block each.
    private static func send(_ count: Int, seed: UInt64, to opened: OpenStore) async throws {
        var requests = StoreRequests(seed: seed, traceCount: 60)
        for _ in 0..<count {
            _ = try await opened.store.append(try requests.next(spanCount: 30).received())
            try await opened.flushAll()
        }
    }

    private static func stored(_ opened: OpenStore) async throws -> [SpanCopy] {
        try await opened.store.copiesBySource(of: .single).flatMap { $0 }
    }

    /// Of each span the best copy, of traces that have a span that arrived in `second` or later.
    private static func kept(_ copies: [SpanCopy], from second: UInt64) -> (best: Set<SpanCopy>, rowCount: Int) {
        var newest: [TraceID: UInt32] = [:]
        for copy in copies { newest[copy.key.traceID] = max(newest[copy.key.traceID] ?? 0, copy.arrivalSeconds) }
        let kept = copies.filter { UInt64(newest[$0.key.traceID] ?? 0) >= begin + second }
        var best: [SpanKey: SpanCopy] = [:]
        for copy in kept {
            if let other = best[copy.key], !copy.isBetter(than: other) { continue }
            best[copy.key] = copy
        }
        return (Set(best.values), kept.count)
    }

    @Test(arguments: 0..<24 as Range<UInt64>)
    func `merged blocks lack the traces of which every span is too old, and nothing else`(seed: UInt64) async throws {
        let clock = Clock()
        let opened = try await Self.store(seed: seed, clock)
        try await Self.send(8, seed: seed, to: opened)
        let before = try await Self.stored(opened)
        let second = 1 + seed % 9
        clock.move(to: 10 + second)
        let expected = Self.kept(before, from: second)
        #expect(try await opened.store.compactor.mergeOnce(opened.logger))
        let after = try await Self.stored(opened)
        #expect(after.count == expected.best.count)
        // Of equal copies either may stay.
        #expect(Set(after.map { $0.key }) == Set(expected.best.map { $0.key }))
        #expect(Set(after.map { $0.digest }) == Set(expected.best.map { $0.digest }))
        let figures = opened.store.compactor.figures
        #expect(figures.leftOutSpanCount == before.count - expected.rowCount)
        #expect(figures.duplicateSpanCount == expected.rowCount - expected.best.count)
        #expect(opened.store.snapshot(of: .single).blocks.map(\.level) == (expected.best.isEmpty ? [] : [1]))
        try await opened.store.compactor.deleteRemovedObjects(opened.logger)
        #expect(opened.messages() == [])
        #expect(opened.budget.usedByteCount(by: .compaction) == 0)
    }

    @Test func `nothing is left out while retention refuses to drop so much`() async throws {
        let clock = Clock()
        let opened = try await Self.store(seed: 30, clock) { $0.retention.allowsLargeDrop = false }
        try await Self.send(8, seed: 30, to: opened)
        let before = try await Self.stored(opened)
        clock.move(to: 17)
        #expect(try await opened.store.compactor.mergeOnce(opened.logger))
        #expect(try await Self.stored(opened).count == Self.kept(before, from: 0).best.count)
        #expect(opened.store.compactor.figures.leftOutSpanCount == 0)
    }

    @Test func `a clock that jumped is not believed by merges either`() async throws {
        let clock = Clock()
        let opened = try await Self.store(seed: 31, clock) { $0.retention = RetentionPolicy(seconds: 2 * 86_400) }
        try await Self.send(8, seed: 31, to: opened)
        let before = try await Self.stored(opened)
        clock.move(to: 3650 * 86_400)
        #expect(try await opened.store.compactor.mergeOnce(opened.logger))
        #expect(try await Self.stored(opened).count == Self.kept(before, from: 0).best.count)
    }

    /// A span of a trace of its own, with numbered keys.
    private static func request(_ number: UInt8, keys: Range<Int>, arrivalSecond: UInt64) throws -> SentRequest {
        var span = OTLPMessage.Span()
        span.traceID = [UInt8](repeating: number, count: 16)
        span.spanID = [UInt8](repeating: number, count: 8)
        span.attributes = keys.map { OTLPMessage.KeyValue(key: Array("key \($0)".utf8), value: .int(Int64($0))) }
        var scope = OTLPMessage.ScopeSpans()
        scope.spans = [span]
        var group = OTLPMessage.ResourceSpans()
        group.scopeSpans = [scope]
        return try SentRequest(
            OTLPMessage.ExportTraceServiceRequest(resourceSpans: [group]), .single,
            arrivalSeconds: UInt32(begin + arrivalSecond))
    }

    @Test func `blocks that are merged by rows lack them too`() async throws {
        let clock = Clock()
        let opened = try await Self.store(seed: 32, clock) { $0.compaction.fanIn = 2 }
        for (number, keys) in [(UInt8(1), 0..<700), (2, 500..<1300)] {
            let request = try Self.request(number, keys: keys, arrivalSecond: UInt64(number))
            _ = try await opened.store.append(request.received())
            try await opened.flushAll()
        }
        clock.move(to: 12)
        #expect(try await opened.store.compactor.mergeOnce(opened.logger))
        #expect(try await Self.stored(opened).map { $0.arrivalSeconds } == [UInt32(Self.begin) + 2])
        #expect(opened.store.compactor.figures.leftOutSpanCount == 1)
        #expect(opened.store.compactor.figures.duplicateSpanCount == 0)
    }

    /// Spans of traces of their own that arrive in one second.
    private static func request(traces: Range<Int>, arrivalSecond: UInt64) throws -> SentRequest {
        var scope = OTLPMessage.ScopeSpans()
        scope.spans = traces.map { number in
            var span = OTLPMessage.Span()
            let hash = UInt64(number + 1) &* 0x9e37_79b9_7f4a_7c15
            let bytes = (0..<8).map { UInt8(truncatingIfNeeded: hash >> UInt64(8 * $0)) }
            (span.traceID, span.spanID) = (bytes + bytes, bytes)
            return span
        }
        var group = OTLPMessage.ResourceSpans()
        group.scopeSpans = [scope]
        return try SentRequest(
            OTLPMessage.ExportTraceServiceRequest(resourceSpans: [group]), .single,
            arrivalSeconds: UInt32(begin + arrivalSecond))
    }

    /// Stores a block of traces that arrive in two seconds.
    private static func store(
        _ counts: [(second: UInt64, traceCount: Int)], from first: inout Int, in opened: OpenStore
    ) async throws {
        for (second, count) in counts {
            let request = try request(traces: first..<first + count, arrivalSecond: second)
            _ = try await opened.store.append(request.received())
            first += count
        }
        try await opened.flushAll()
    }

    @Test func `many jobs together leave out no more than a fifth of the store`() async throws {
        let clock = Clock()
        let opened = try await Self.store(seed: 34, clock) { configuration in
            configuration.retention = RetentionPolicy(seconds: 10_000)
            configuration.compaction.fanIn = 2
        }
        // Nearly all is old, which the blocks' first and last arrivals do not tell: a fiftieth, if it were even.
        var first = 0
        for _ in 0..<16 { try await Self.store([(1, 180), (10_500, 20)], from: &first, in: opened) }
        clock.move(to: 10_200)
        while try await opened.store.compactor.mergeOnce(opened.logger) {}
        let figures = opened.store.compactor.figures
        #expect(figures.finishedJobCount == 15)
        #expect(figures.leftOutSpanCount > 0)
        #expect(figures.leftOutSpanCount * 5 <= first)
        #expect(try await Self.stored(opened).count == first - figures.leftOutSpanCount)
    }

    @Test func `a block that may not be written anew now is when the store has grown`() async throws {
        let clock = Clock()
        let opened = try await Self.store(seed: 35, clock) { configuration in
            configuration.retention = RetentionPolicy(seconds: 10_000)
        }
        var first = 0
        // It seems to lose some three fifths, and loses nearly all.
        try await Self.store([(1, 290), (10_200, 10)], from: &first, in: opened)
        for _ in 0..<2 { try await Self.store([(15_000, 350)], from: &first, in: opened) }
        clock.move(to: 16_000)
        let compactor = opened.store.compactor
        #expect(compactor.figures.waitingJobCount == 1)
        while try await compactor.mergeOnce(opened.logger) {}
        #expect(compactor.figures.waitingJobCount == 0)
        #expect(compactor.figures.leftOutSpanCount == 0)
        for _ in 0..<3 { try await Self.store([(15_000, 350)], from: &first, in: opened) }
        #expect(compactor.figures.waitingJobCount == 1)
        while try await compactor.mergeOnce(opened.logger) {}
        #expect(compactor.figures.leftOutSpanCount == 290)
        #expect(compactor.figures.waitingJobCount == 0)
    }

    @Test func `a block that is written anew does not become several`() async throws {
        let clock = Clock()
        let opened = try await Self.store(seed: 36, clock) { configuration in
            configuration.retention = RetentionPolicy(seconds: 10_000)
            configuration.retention.allowsLargeDrop = true
            configuration.compaction.blockTraceLimit = 1200
        }
        var first = 0
        try await Self.store([(1, 2900), (10_200, 100)], from: &first, in: opened)
        clock.move(to: 16_000)
        while try await opened.store.compactor.mergeOnce(opened.logger) {}
        #expect(opened.store.snapshot(of: .single).blocks.map(\.rowCount) == [100])
        #expect(opened.store.compactor.figures.leftOutSpanCount == 2900)
    }

    @Test func `a block that is mostly too old is written anew, one that only looks so is not`() async throws {
        let clock = Clock()
        let opened = try await Self.store(seed: 33, clock) { configuration in
            configuration.retention = RetentionPolicy(seconds: 10_000)
            configuration.retention.allowsLargeDrop = true
        }
        // A block of four traces, three of them old; and one with an old trace and four young ones; in two windows.
        for seconds in [[1, 2, 3, 10_200], [1, 9900, 9901, 9902, 9903]] as [[UInt64]] {
            for (index, second) in seconds.enumerated() {
                let request = try Self.request(
                    UInt8(seconds.count * 10 + index), keys: 0..<2, arrivalSecond: second)
                _ = try await opened.store.append(request.received())
            }
            try await opened.flushAll()
        }
        clock.move(to: 16_000)
        let compactor = opened.store.compactor
        #expect(compactor.figures.waitingJobCount == 2)
        while try await compactor.mergeOnce(opened.logger) {}
        let found = try await Self.stored(opened).map { UInt64($0.arrivalSeconds) - Self.begin }
        #expect(found.sorted() == [1, 9900, 9901, 9902, 9903, 10_200])
        #expect(compactor.figures.leftOutSpanCount == 3)
        #expect(compactor.figures.finishedJobCount == 1)
        #expect(compactor.figures.waitingJobCount == 0)
        #expect(opened.store.snapshot(of: .single).blocks.map(\.level) == [0, 0])
    }
}
