// SPDX-License-Identifier: Apache-2.0

internal import Benchmark
internal import BlockFormat
internal import ByteCoding
internal import FileIO
internal import Logging
internal import QueryEngine
internal import TraceModel
internal import TraceStorage

/// Whole traces by their ID; figures are per trace, which has 21 spans on average.
func traceByIDBenchmarks() {
    let pool = SlabPool(retainedByteLimit: 8 << 20)
    perTrace("by ID: block, open already", setup: { try await OpenBlock() }) { block, id in
        try await read(id, of: block.reader, pool)
    }
    perTrace("by ID: block, opened for it", setup: { try await OpenBlock() }) { block, id in
        try await read(id, of: try await block.block.reader(), pool)
    }
    perTrace("by ID: block, not in it", setup: { try await OpenBlock() }) { block, id in
        try await read(TraceID(high: id.high, low: ~id.low), of: block.reader, pool)
    }
    perTrace("by ID: head of 100,000 spans", setup: { try OpenHead() }) { head, id in
        var batch = SpanBatch(pool: pool)
        batch.append(rowsOf: id, from: head.corpus.spans)
        return batch.rowCount
    }
    perTrace("by ID: query engine on a directory", setup: { try await OpenDirectory() }) { directory, id in
        try await directory.engine.trace(id, tenant: .single)?.rows.count ?? 0
    }
}

/// Looks up a thousand traces, all over the source, each measured as `find`.
private func perTrace<Source: TraceSource>(
    _ name: String, setup: @escaping () async throws -> Source,
    find: @escaping (Source, TraceID) async throws -> Int
) {
    _ = Benchmark(
        name, configuration: .oneOf(.kilo),
        closure: { (benchmark: Benchmark, source: Source) in
            let ids = source.traceIDs
            for lookup in benchmark.scaledIterations {
                blackHole(try await find(source, ids[lookup * 7919 % ids.count]))
            }
        },
        setup: setup)
}

private func read(_ id: TraceID, of reader: BlockReader, _ pool: SlabPool) async throws -> Int {
    guard try await reader.mayContain(id), let anchor = try await reader.locate(id) else { return 0 }
    var batch = SpanBatch(pool: pool)
    _ = try await reader.read(anchor, into: &batch)
    return batch.rowCount
}

/// Where traces of the corpus are looked up.
private protocol TraceSource: Sendable {
    var traceIDs: [TraceID] { get }
}

private struct OpenHead: TraceSource {
    let corpus: Corpus
    var traceIDs: [TraceID] { corpus.traceIDs }

    init() throws { corpus = try Corpus() }
}

private struct OpenBlock: TraceSource {
    let traceIDs: [TraceID]
    let block: MemoryBlock
    let reader: BlockReader

    init() async throws {
        let corpus = try Corpus()
        traceIDs = corpus.traceIDs
        block = corpus.block()
        reader = try await block.reader()
    }
}

/// A store in a temporary directory that wrote the corpus as blocks and was opened again.
private struct OpenDirectory: TraceSource {
    let traceIDs: [TraceID]
    let engine: QueryEngine
    private let directory: TemporaryDirectory

    init() async throws {
        let corpus = try Corpus()
        traceIDs = corpus.traceIDs
        directory = try TemporaryDirectory()
        try await Self.store(corpus, in: directory)
        let budget = MemoryBudget(total: 1 << 30)
        engine = QueryEngine(store: try await Self.open(directory, budget), budget: budget)
    }

    private static let logger = Logger(label: "benchmark") { _ in SwiftLogNoOpLogHandler() }

    private static func open(_ directory: TemporaryDirectory, _ budget: MemoryBudget) async throws -> TraceStore {
        let configuration = StoreConfiguration(
            directory: directory.path, headsByteLimit: budget.limits[.heads] ?? 0,
            now: { Corpus.arrivalNanoseconds })
        return try await TraceStore.open(configuration, budget: budget, logger: logger)
    }

    private static func store(_ corpus: Corpus, in directory: TemporaryDirectory) async throws {
        let store = try await open(directory, MemoryBudget(total: 1 << 30))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await store.run(logger: logger) }
            for request in corpus.requests {
                _ = try await store.append(
                    ReceivedRequest(
                        tenant: .single, arrivalNanoseconds: Corpus.arrivalNanoseconds, contentEncoding: .identity,
                        body: request, inflated: nil))
            }
            store.beginClosing()
            try await group.waitForAll()
        }
    }
}
