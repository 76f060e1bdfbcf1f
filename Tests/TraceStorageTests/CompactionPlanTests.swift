// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import FileIO
internal import Testing
internal import TraceModel
internal import TraceStorage

@Suite struct CompactionPlanTests {
    /// A manifest that is driven by hand, and knows how often each of its spans was written.
    struct World {
        var state = ManifestState()
        var generator: SeededGenerator
        var options = CompactionOptions()
        /// By block: how often the spans in it were written since they were cut, at most.
        var rewrites: [BlockID: Int] = [:]
        var now: UInt64 = 1_700_000_000
        var writtenByteCount = 0
        private var nextID: UInt64 = 1

        init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

        mutating func block(
            _ tenant: TenantID, byteCount: Int, arrivals: ClosedRange<UInt64>, level: UInt8 = 0
        ) -> BlockSummary {
            defer { nextID += 1 }
            let first = TraceID(high: UInt64(nextID), low: 1)
            return BlockSummary(
                id: BlockID(high: generator.next(), low: nextID), tenant: tenant, byteCount: byteCount,
                rowCount: max(1, byteCount / 30), traceCount: max(1, byteCount / 900), traceIDs: first...first,
                eventNanoseconds: 0...1, arrivalSeconds: arrivals, level: level, formatVersion: 1)
        }

        mutating func commit(added: [BlockSummary], removed: [BlockSummary] = []) throws {
            let commit = Commit(
                id: CommitID(high: generator.next(), low: generator.next()), createdNanoseconds: now * 1_000_000_000,
                added: added, removed: removed.map(\.reference))
            try state.apply(commit, sequence: state.nextSequence)
        }

        mutating func cut(_ tenant: TenantID, byteCount: Int) throws {
            let arrivals = now - UInt64(generator.next(below: 300))...now
            try commit(added: [block(tenant, byteCount: byteCount, arrivals: arrivals)])
        }

        func plan(closesAllWindows: Bool = false) -> CompactionPlan {
            CompactionPlan(state, nowSeconds: now, options, closesAllWindows: closesAllWindows)
        }

        /// Does a job: the output is as large as its inputs, or a little smaller.
        mutating func work(_ job: CompactionJob) throws {
            let byteCount = job.byteCount - generator.next(below: max(1, job.byteCount / 4))
            let count = (byteCount + options.blockByteLimit - 1) / options.blockByteLimit
            let arrivals =
                (job.inputs.map(\.arrivalSeconds.lowerBound).min() ?? 0)...(job.inputs.map(\.arrivalSeconds.upperBound)
                .max() ?? 0)
            let output = (0..<max(1, count)).map { _ in
                block(job.tenant, byteCount: byteCount / max(1, count), arrivals: arrivals, level: job.outputLevel)
            }
            let most = job.inputs.map { rewrites[$0.id, default: 0] }.max() ?? 0
            for block in output { rewrites[block.id] = most + 1 }
            writtenByteCount += byteCount
            try commit(added: output, removed: job.inputs)
        }
    }

    static let tenants = ["a", "b"].compactMap { TenantID($0) }

    @Test(arguments: 0..<60 as Range<UInt64>)
    func `whatever arrives, debt is worked off, blocks stay few and no span is written often`(seed: UInt64) throws {
        var world = World(seed: seed)
        world.options.fanIn = 2 + Int(seed % 7)
        world.options.blockByteLimit = 200_000
        var cutCounts: [UInt64: Int] = [:]
        for _ in 0..<400 {
            world.now += UInt64(world.generator.next(below: seed % 3 == 0 ? 900 : 60))
            // Mostly small blocks, sometimes none for long, sometimes large ones.
            let size = world.generator.next(below: 20) == 0 ? 90_000 : 100 + world.generator.next(below: 3000)
            try world.cut(Self.tenants[world.generator.next(below: 2)], byteCount: size)
            cutCounts[world.now / 3600, default: 0] += 1
            try check(world.plan(), world)
            // The compactor keeps up at times.
            for _ in 0..<world.generator.next(below: 4) {
                if let job = world.plan().jobs.first { try world.work(job) }
            }
        }
        world.now += 10_000
        var jobCount = 0
        while let job = world.plan().jobs.first {
            try check(world.plan(), world)
            try world.work(job)
            jobCount += 1
            #expect(jobCount < 2000, "planning does not end")
        }
        #expect(world.plan().byteCount == 0)
        checkBlockCounts(world, cutCounts)
        #expect((world.rewrites.values.max() ?? 0) <= Int(world.options.levelLimit))
    }

    /// No block stands in two jobs; jobs keep to one tenant, one window, blocks that live, and rising levels.
    private func check(_ plan: CompactionPlan, _ world: World) throws {
        var seen: Set<BlockID> = []
        for job in plan.jobs {
            #expect(job.inputs.count >= 2)
            #expect(job.inputs.count <= world.options.fanIn * 2)
            for block in job.inputs {
                #expect(seen.insert(block.id).inserted)
                #expect(block.tenant == job.tenant)
                #expect(world.state.block(block.reference) == block)
                #expect(block.arrivalSeconds.upperBound / 3600 == job.windowStart / 3600)
                #expect(block.level < job.outputLevel)
                #expect(block.byteCount < world.options.blockByteLimit / 2)
            }
            #expect(job.outputLevel <= world.options.levelLimit)
        }
        #expect(world.plan() == plan, "the same question gets the same answer")
    }

    private func checkBlockCounts(_ world: World, _ cutCounts: [UInt64: Int]) {
        for tenant in Self.tenants {
            var counts: [UInt64: Int] = [:]
            for block in world.state.liveBlocks(of: tenant) where block.byteCount < world.options.blockByteLimit / 2 {
                counts[block.arrivalSeconds.upperBound / 3600, default: 0] += 1
            }
            for (window, count) in counts {
                var (levels, rest) = (1, cutCounts[window] ?? 1)
                while rest >= world.options.fanIn {
                    rest /= world.options.fanIn
                    levels += 1
                }
                #expect(count <= (world.options.fanIn - 1) * (levels + 1), "window \(window)")
            }
        }
    }

    @Test func `a busy hour writes every span some three times`() throws {
        var world = World(seed: 1)
        world.now = 1_700_002_800
        // 720 cuts of 8 MB.
        var cutByteCount = 0
        for _ in 0..<720 {
            world.now += 5
            try world.cut(Self.tenants[0], byteCount: 8_000_000)
            cutByteCount += 8_000_000
            while let job = world.plan().jobs.first { try world.work(job) }
        }
        world.now += 4200
        while let job = world.plan().jobs.first { try world.work(job) }
        #expect(world.writtenByteCount <= cutByteCount * 3)
        #expect(world.state.blockCount <= 20)
    }

    @Test func `a small block is not the reason to write a large one again`() throws {
        var world = World(seed: 2)
        let large = world.block(Self.tenants[0], byteCount: 100_000_000, arrivals: world.now...world.now, level: 2)
        let small = world.block(Self.tenants[0], byteCount: 1000, arrivals: world.now...world.now)
        try world.commit(added: [large, small])
        #expect(world.plan(closesAllWindows: true).jobs.isEmpty)
        let others = (0..<2).map { _ in world.block(Self.tenants[0], byteCount: 900, arrivals: world.now...world.now) }
        try world.commit(added: others)
        let jobs = world.plan(closesAllWindows: true).jobs
        #expect(jobs.count == 1)
        #expect(jobs.first?.inputs.count == 3)
    }
}
