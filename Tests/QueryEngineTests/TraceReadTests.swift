// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import FileIO
internal import ObjectStorage
internal import ProtobufMessages
internal import QueryEngine
internal import StoreTesting
internal import Testing
internal import TraceModel
internal import TraceStorage

/// What a trace by its ID asks of the object store, counted by the meter that stands before it.
@Suite(.timeLimit(.minutes(5))) struct TraceReadTests {
    /// Blocks of so many traces of so many spans; in one more trace, a giant, if it has any.
    struct Corpus: Sendable, CustomTestStringConvertible {
        var tracesInBlock: Int
        var spansInTrace: Int
        var spansInGiant = 0

        var testDescription: String { "\(spansInTrace) spans a trace, \(spansInGiant) in a giant" }
    }

    static let corpora = [
        Corpus(tracesInBlock: 700, spansInTrace: 30), Corpus(tracesInBlock: 7000, spansInTrace: 3),
        Corpus(tracesInBlock: 200, spansInTrace: 30, spansInGiant: 20_000),
    ]

    /// Reads that open a block: footer and schema.
    private static let openReads = 2
    /// Of an open block before its first trace: bloom filter, page of the trace index, dictionaries, in two runs at most.
    private static let firstTraceReads = 4

    /// A store of four blocks: the first two have IDs of the lower half, the others of the upper half.
    private struct Store {
        var filled: FilledStore
        /// By block.
        var traces: [[TraceID]] = []
        var giants: [TraceID] = []
        private var generator = SeededGenerator(seed: 11)

        init(_ corpus: Corpus) async throws {
            filled = try await FilledStore()
            for block in 0..<4 {
                traces.append((0..<corpus.tracesInBlock).map { _ in id(block) })
                var sizes = traces[block].map { ($0, corpus.spansInTrace) }
                if corpus.spansInGiant > 0 {
                    giants.append(id(block))
                    sizes.append((giants[block], corpus.spansInGiant))
                }
                for message in messages(sizes) { try await filled.append(message) }
                try await filled.opened.flushAll()
            }
        }

        /// An ID of the half that the block has.
        mutating func id(_ block: Int) -> TraceID {
            TraceID(high: generator.next() >> 1 | (block < 2 ? 0 : 1 << 63), low: generator.next())
        }

        private mutating func messages(_ sizes: [(TraceID, Int)]) -> [OTLPMessage.ExportTraceServiceRequest] {
            var messages: [OTLPMessage.ExportTraceServiceRequest] = []
            var scope = OTLPMessage.ScopeSpans()
            func close() {
                guard !scope.spans.isEmpty else { return }
                var group = OTLPMessage.ResourceSpans()
                group.scopeSpans = [scope]
                messages.append(.init(resourceSpans: [group]))
                scope.spans = []
            }
            for (id, count) in sizes {
                for number in 0..<count {
                    scope.spans.append(span(id, number))
                    if scope.spans.count == 2000 { close() }
                }
            }
            close()
            return messages
        }

        private mutating func span(_ id: TraceID, _ number: Int) -> OTLPMessage.Span {
            var span = OTLPMessage.Span()
            span.traceID = Self.bytes(id.high) + Self.bytes(id.low)
            span.spanID = Self.bytes(UInt64(number) + 1)
            span.name = Array("operation \(generator.next(below: 40))".utf8)
            span.startTimeUnixNano = 1_700_000_000_000_000_000 + generator.next() % 1_000_000_000
            span.endTimeUnixNano = span.startTimeUnixNano + 1_000_000
            span.attributes = [
                .init(key: Array("user".utf8), value: .string(Array("user \(generator.next() % 100_000)".utf8))),
                .init(key: Array("http.route".utf8), value: .string(Array("/\(generator.next(below: 30))".utf8))),
            ]
            return span
        }

        private static func bytes(_ number: UInt64) -> [UInt8] {
            (0..<8).map { UInt8(truncatingIfNeeded: number >> UInt64(56 - 8 * $0)) }
        }

        /// Looks a trace up.
        ///
        /// - Returns: Its spans, the reads that were made for it and the bytes that they brought.
        func look(_ id: TraceID) async throws -> (spanCount: Int, readCount: Int, byteCount: Int) {
            let before = filled.opened.store.figures.objectRequests[.get]
            let found = try await filled.engine.trace(id, tenant: .single)
            let after = filled.opened.store.figures.objectRequests[.get]
            return (
                found?.rows.count ?? 0, (after?.requestCount ?? 0) - (before?.requestCount ?? 0),
                (after?.receivedByteCount ?? 0) - (before?.receivedByteCount ?? 0)
            )
        }

        /// The row groups that hold a trace of a block, and their bytes.
        func rowGroups(_ id: TraceID) async throws -> (count: Int, byteCount: Int) {
            var groups = (count: 0, byteCount: 0)
            for block in filled.opened.store.snapshot(of: .single).blocks where block.traceIDs.contains(id) {
                let reader = try await filled.opened.store.reader(for: block)
                guard let anchor = try await reader.locate(id) else { continue }
                for group in reader.footer.rowGroups
                where group.firstRow < anchor.rows.upperBound && anchor.rows.lowerBound < group.firstRow + group.rowCount {
                    groups.count += 1
                    groups.byteCount += group.byteCount
                }
            }
            return groups
        }

        var openBlockCount: Int { filled.opened.store.figures.cache.blocks }
        var blockByteCount: Int { filled.opened.store.figures.blockByteCount }
    }

    @Test(arguments: corpora)
    func `a cold store is asked a few times, of the blocks that may have the trace alone`(corpus: Corpus) async throws {
        var store = try await Store(corpus)
        for block in 0..<4 {
            for id in [store.traces[block][0]] + store.giants.prefix(block + 1).suffix(1) {
                try await store.filled.reopen()
                let found = try await store.look(id)
                #expect(found.spanCount == (store.giants.contains(id) ? corpus.spansInGiant : corpus.spansInTrace))
                #expect(store.openBlockCount == 2, "the blocks of the other half are not opened")
                let groups = try await store.rowGroups(id)
                // The block that has it; of the other one what says that it has not, or a page if the filter is wrong.
                let other = Self.openReads + 2
                #expect(found.readCount <= Self.openReads + Self.firstTraceReads + groups.count + other)
                // Two ends of blocks, two filters, pages and dictionaries.
                #expect(found.byteCount <= groups.byteCount + 1 << 19)
            }
        }
        try await store.filled.reopen()
        for id in [TraceID(high: 0, low: 0), TraceID(high: .max, low: .max)] {
            let found = try await store.look(id)
            #expect(found.spanCount == 0 && found.readCount == 0)
        }
        #expect(store.openBlockCount == 0)
    }

    @Test(arguments: corpora)
    func `open blocks are asked for the trace's row groups and for nothing else`(corpus: Corpus) async throws {
        var store = try await Store(corpus)
        let step = corpus.tracesInBlock / 100
        // Every page of the index, every dictionary.
        for block in 0..<4 {
            for index in stride(from: 0, to: corpus.tracesInBlock, by: step) {
                _ = try await store.look(store.traces[block][index])
            }
        }
        for block in 0..<4 {
            let sample = stride(from: 1, to: corpus.tracesInBlock, by: step).map { store.traces[block][$0] }
            for id in sample + store.giants.prefix(block + 1).suffix(1) {
                let found = try await store.look(id)
                let groups = try await store.rowGroups(id)
                #expect(found.readCount == groups.count)
                #expect(found.byteCount == groups.byteCount)
                if !store.giants.contains(id) { #expect(found.readCount <= 2) }
            }
            for _ in 0..<1000 {
                let found = try await store.look(store.id(block))
                #expect(found.spanCount == 0 && found.readCount == 0)
            }
        }
    }
}
