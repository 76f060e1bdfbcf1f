// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import FileIO
internal import StoreTesting
internal import Synchronization
internal import Testing
internal import TraceModel
internal import TraceStorage

@Suite("A trace in heads", .timeLimit(.minutes(5))) struct TraceInHeadTests {
    @Test(
        "all its rows are found, wherever they lie in whatever head", arguments: 0..<4 as Range<UInt64>)
    func allRows(seed: UInt64) async throws {
        let system = SimulatedFileSystem(seed: seed)
        let opened = try await OpenStore.open(on: system) { $0.shardCount = 1 + Int(seed % 2) }
        var requests = StoreRequests(seed: seed, traceCount: seed == 3 ? 2 : 60)
        var ids: Set<TraceID> = [TraceID(high: 1, low: 2)]
        for round in 0..<60 {
            let request = try requests.next(spanCount: 60)
            ids.formUnion(request.copies.map(\.key.traceID))
            _ = try await opened.store.append(try request.received())
            if round == 40 { try opened.store.cut() }
            if round % 20 == 19 { expect(ids, in: opened.store.snapshot(of: .single)) }
        }
        #expect(opened.store.figures.sealedGenerationCount == 1)
        // Several filters a head, and rows behind the last.
        let rowCounts = opened.store.snapshot(of: .single).heads.map(\.spans.rowCount)
        #expect(rowCounts.contains { $0 > 600 && $0 % 256 != 0 })
        // Replayed heads too.
        let before = opened.store.figures.headSpanCount
        system.crash()
        let reopened = try await OpenStore.open(on: system)
        #expect(reopened.store.figures.headSpanCount == before)
        expect(ids, in: reopened.store.snapshot(of: .single))
    }

    @Test("rows that were taken back are not found, and later ones in their place are") func takenBack() async throws {
        let opened = try await OpenStore.open(on: SimulatedFileSystem(seed: 1)) {
            $0.shardCount = 1
            $0.journalDecorator = { RefusingJournal($0) }
        }
        var requests = StoreRequests(seed: 2, traceCount: 40)
        var ids: Set<TraceID> = []
        var refusedCount = 0
        for _ in 0..<90 {
            let request = try requests.next(spanCount: 60)
            ids.formUnion(request.copies.map(\.key.traceID))
            do {
                _ = try await opened.store.append(try request.received())
            } catch let error as StoreError where error.code == .overloaded {
                refusedCount += 1
            }
        }
        #expect(refusedCount == 30)
        #expect(opened.store.snapshot(of: .single).heads.allSatisfy { $0.spans.rowCount > 600 })
        expect(ids, in: opened.store.snapshot(of: .single))
    }

    /// Compares with what looking at every row finds.
    private func expect(_ ids: Set<TraceID>, in snapshot: StoreSnapshot) {
        for id in ids {
            var found = SpanBatch(pool: testSlabs)
            snapshot.append(rowsOf: id, to: &found)
            var expected = SpanBatch(pool: testSlabs)
            for head in snapshot.heads { expected.append(rowsOf: id, from: head.spans) }
            #expect(found.view().copies == expected.view().copies)
        }
        for head in snapshot.heads {
            let (spans, traces) = (head.spans, head.traces)
            #expect(traces.ofRows.count == spans.rowCount)
            #expect((0..<spans.rowCount).allSatisfy { traces.id(Int(traces.ofRows[$0])) == spans.traceID($0) })
            // In the order of their first rows, each once.
            var met: Set<TraceID> = []
            let first = (0..<spans.rowCount).map(spans.traceID).filter { met.insert($0).inserted }
            #expect((0..<traces.count).map(traces.id) == first)
        }
    }
}

/// Refuses every third record.
private final class RefusingJournal: Journal {
    private let base: SteppedJournal
    private let count = Atomic<Int>(0)

    init(_ base: LocalJournal) { self.base = SteppedJournal(base) }

    var figures: JournalFigures { base.figures }

    func append(_ record: consuming JournalRecord) throws(JournalError) -> JournalTicket {
        guard count.wrappingAdd(1, ordering: .relaxed).newValue % 3 != 0 else {
            throw JournalError(.overloaded, "refused")
        }
        return try base.append(record)
    }

    func waitUntilDurable(_ ticket: JournalTicket) async throws { try await base.waitUntilDurable(ticket) }
    func rotate() throws(JournalError) -> JournalGenerationID { try base.rotate() }
    func release(_ generation: JournalGenerationID) async throws { try await base.release(generation) }
    func run() async throws { try await base.run() }
    func close() async { await base.close() }
}
