// SPDX-License-Identifier: Apache-2.0

internal import Benchmark
internal import BlockFormat
internal import ByteCoding
internal import TraceAnalysis
internal import TraceModel
internal import TraceStorage

/// From a sealed head to a block, and back.
func blockBenchmarks() {
    let pool = SlabPool(retainedByteLimit: 256 << 20)
    Benchmark.perSpan("block: 1 sort") { _, corpus in
        for _ in 0..<Corpus.passCount { blackHole(SpanOrdering([corpus.spans]).rowCount) }
    }
    Benchmark.perSpan("block: 2 critical path of every trace") { benchmark, corpus in
        let ordering = SpanOrdering([corpus.spans])
        benchmark.startMeasurement()
        for _ in 0..<Corpus.passCount { blackHole(BlockBuild.criticalNanoseconds(ordering).count) }
        benchmark.stopMeasurement()
    }
    Benchmark.perSpan("block: 3 catalogue and parents") { benchmark, corpus in
        let builds = (0..<Corpus.passCount).map { _ in BlockInTheMaking(corpus, pool) }
        benchmark.startMeasurement()
        for build in builds { build.makeWriter() }
        benchmark.stopMeasurement()
    }
    Benchmark.perSpan("block: 4 encode") { benchmark, corpus in
        let builds = (0..<Corpus.passCount).map { _ in BlockInTheMaking(corpus, pool) }
        for build in builds { build.makeWriter() }
        benchmark.startMeasurement()
        for build in builds { blackHole(build.writtenByteCount()) }
        benchmark.stopMeasurement()
    }
    _ = Benchmark(
        "block: read all columns", configuration: .oneOf(.mega),
        closure: { (_: Benchmark, reader: BlockReader) in
            for _ in 0..<Corpus.passCount { blackHole(try await reader.readAll(pool: pool)) }
        },
        setup: { try await Corpus().block().reader() })
}

/// One block between two stages.
private final class BlockInTheMaking {
    private enum Stage: ~Copyable {
        case ordered(SpanOrdering, critical: FlatBuffer<UInt64>)
        case writing(BlockWriter)
        case done
    }

    private var stage: Stage
    private let pool: SlabPool

    init(_ corpus: Corpus, _ pool: SlabPool) {
        let ordering = SpanOrdering([corpus.spans])
        let critical = BlockBuild.criticalNanoseconds(ordering)
        stage = .ordered(ordering, critical: critical)
        self.pool = pool
    }

    func makeWriter() {
        var before = Stage.done
        swap(&before, &stage)
        guard case .ordered(let ordering, let critical) = consume before else { return }
        stage = .writing(
            BlockWriter(
                id: MemoryBlock.id, ordering: ordering, criticalNanoseconds: critical,
                criticalPathVersion: CriticalPathAnalyzer.version, pool: pool))
    }

    func writtenByteCount() -> Int {
        var before = Stage.done
        swap(&before, &stage)
        guard case .writing(var writer) = consume before else { return 0 }
        while let part = writer.nextPart() { blackHole(part) }
        return writer.byteCount
    }
}
