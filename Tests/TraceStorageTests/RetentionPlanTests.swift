// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import FileIO
internal import Testing
internal import TraceModel
internal import TraceStorage

@Suite struct RetentionPlanTests {
    private static let day: UInt64 = 86_400

    private static func state(ages: [UInt64], byteCounts: [Int], now: UInt64) throws -> (ManifestState, [BlockSummary]) {
        var world = CompactionPlanTests.World(seed: 3)
        world.now = now
        let blocks = zip(ages, byteCounts).map { age, byteCount in
            world.block(.single, byteCount: byteCount, arrivals: now - age - 60...now - age)
        }
        try world.commit(added: blocks)
        return (world.state, blocks)
    }

    @Test func `a block goes when its newest spans are older than they are kept`() throws {
        let now: UInt64 = 1_700_000_000
        let (state, blocks) = try Self.state(
            ages: [15 * Self.day, 14 * Self.day + 1, 14 * Self.day, 0], byteCounts: [10, 10, 10, 1000], now: now)
        let plan = RetentionPlan(state, nowSeconds: now, RetentionPolicy())
        #expect(plan.expired == [blocks[0], blocks[1]])
        #expect(plan.refusal == nil)
        var policy = RetentionPolicy()
        policy.overrides[.single] = 20 * Self.day
        #expect(RetentionPlan(state, nowSeconds: now, policy).expired.isEmpty)
    }

    @Test func `more than a fifth of the store is not dropped without being told`() throws {
        let now: UInt64 = 1_700_000_000
        let (state, blocks) = try Self.state(ages: [20 * Self.day, 0], byteCounts: [21, 79], now: now)
        var policy = RetentionPolicy()
        let refused = RetentionPlan(state, nowSeconds: now, policy)
        #expect(refused.expired.isEmpty)
        #expect(refused.refusal != nil)
        policy.allowsLargeDrop = true
        #expect(RetentionPlan(state, nowSeconds: now, policy).expired == [blocks[0]])
        let (just, _) = try Self.state(ages: [20 * Self.day, 0], byteCounts: [20, 80], now: now)
        #expect(RetentionPlan(just, nowSeconds: now, RetentionPolicy()).expired.count == 1)
    }

    @Test func `a clock that jumped ahead is not believed`() throws {
        let now: UInt64 = 1_700_000_000
        let (state, blocks) = try Self.state(
            ages: [13 * Self.day + 1, 12 * Self.day, 0], byteCounts: [10, 10, 80], now: now)
        // Ten years on, no more than a day has passed since the newest commit.
        let plan = RetentionPlan(state, nowSeconds: now + 3650 * Self.day, RetentionPolicy())
        #expect(plan.expired == [blocks[0]])
    }

    @Test func `what is left out of blocks written anew is as old as blocks that go`() throws {
        let now: UInt64 = 1_700_000_000
        let (state, _) = try Self.state(ages: [0, 5], byteCounts: [10, 10], now: now)
        var policy = RetentionPolicy()
        policy.overrides[CompactionPlanTests.tenants[0]] = Self.day
        let plan = RetentionPlan(state, nowSeconds: now, policy)
        #expect(plan.cutOffSeconds(of: .single) == now - 14 * Self.day)
        #expect(plan.cutOffSeconds(of: CompactionPlanTests.tenants[0]) == now - Self.day)
        let jumped = RetentionPlan(state, nowSeconds: now + 3650 * Self.day, policy)
        #expect(jumped.cutOffSeconds(of: .single) == now - 13 * Self.day)
        #expect(RetentionPlan(state, nowSeconds: 0, policy).cutOffSeconds(of: .single) == 0)
    }

    @Test func `nothing is left out while too much would be dropped, in whole blocks or in parts of them`() throws {
        let now: UInt64 = 1_700_000_000
        var policy = RetentionPolicy()
        let (refused, _) = try Self.state(ages: [20 * Self.day, 0], byteCounts: [21, 79], now: now)
        #expect(RetentionPlan(refused, nowSeconds: now, policy).cutOffSeconds(of: .single) == nil)
        // Half of a block's 61 seconds are too old.
        let (partly, _) = try Self.state(ages: [14 * Self.day - 30, 0], byteCounts: [50, 50], now: now)
        let plan = RetentionPlan(partly, nowSeconds: now, policy)
        #expect(plan.cutOffSeconds(of: .single) == nil)
        #expect(plan.refusal == nil)
        policy.allowsLargeDrop = true
        #expect(RetentionPlan(partly, nowSeconds: now, policy).cutOffSeconds(of: .single) == now - 14 * Self.day)
        let (few, _) = try Self.state(ages: [14 * Self.day - 30, 0], byteCounts: [39, 61], now: now)
        #expect(RetentionPlan(few, nowSeconds: now, RetentionPolicy()).cutOffSeconds(of: .single) != nil)
    }

    @Test func `what merges left out within a day counts with what they would leave out`() throws {
        let now: UInt64 = 1_700_000_000
        let (state, _) = try Self.state(ages: [14 * Self.day - 30, 0], byteCounts: [20, 80], now: now)
        func plan(leftOut: Int) -> RetentionPlan {
            RetentionPlan(state, nowSeconds: now, RetentionPolicy(), leftOutByteCount: leftOut)
        }
        // Of 112 bytes that there were 22 may be left out.
        #expect(plan(leftOut: 12).allowsLeavingOut(10))
        #expect(!plan(leftOut: 12).allowsLeavingOut(11))
        #expect(plan(leftOut: 0).cutOffSeconds(of: .single) != nil)
        #expect(plan(leftOut: 20).cutOffSeconds(of: .single) == nil)
        var ledger = LeftOutLedger()
        let begin = ContinuousClock.now
        for hour in 0..<50 { ledger.add(1, at: begin + .seconds(3600 * hour)) }
        #expect(ledger.byteCount(at: begin + .seconds(3600 * 49)) == 24)
        #expect(ledger.byteCount(at: begin + .seconds(3600 * 72)) == 1)
        #expect(ledger.byteCount(at: begin + .seconds(3600 * 73)) == 0)
    }

    @Test func `whole blocks go, whatever merges left out`() throws {
        let now: UInt64 = 1_700_000_000
        let (state, blocks) = try Self.state(ages: [20 * Self.day, 0], byteCounts: [20, 80], now: now)
        let plan = RetentionPlan(state, nowSeconds: now, RetentionPolicy(), leftOutByteCount: 100)
        #expect(plan.expired == [blocks[0]])
        #expect(plan.refusal == nil)
    }

    @Test func `a block is written anew when most of it is too old and the rest stays for longer than a window`() throws {
        var world = CompactionPlanTests.World(seed: 4)
        let cutOff = world.now - 14 * Self.day
        let tenant = CompactionPlanTests.tenants[0]
        let ranges: [ClosedRange<UInt64>] = [
            cutOff - 7200...cutOff + 3600, cutOff - 3700...cutOff + 3599, cutOff - 3600...cutOff + 3700,
            cutOff - 7200...cutOff - 1,
        ]
        // Complete ones, and of the last level.
        let blocks = ranges.map { world.block(tenant, byteCount: 600 << 20, arrivals: $0, level: 6) }
        let rest = (0..<40).map { _ in
            world.block(CompactionPlanTests.tenants[1], byteCount: 600 << 20, arrivals: world.now...world.now, level: 6)
        }
        try world.commit(added: blocks + rest)
        let retention = RetentionPlan(world.state, nowSeconds: world.now, RetentionPolicy())
        func jobs(keptWhole: Set<BlockID> = []) -> [CompactionJob] {
            CompactionPlan(
                world.state, nowSeconds: world.now, world.options, retention: retention, keptWhole: keptWhole
            ).jobs
        }
        #expect(jobs().map(\.inputs) == [[blocks[0]]])
        #expect(jobs().first?.outputLevel == 6)
        #expect(jobs().first?.isRewrite == true)
        #expect(jobs(keptWhole: [blocks[0].id]).isEmpty)
        #expect(world.plan().jobs.isEmpty)
    }

    @Test(arguments: 0..<40 as Range<UInt64>)
    func `writing anew ends, keeps every span that is young, and never drops a block twice`(seed: UInt64) throws {
        var world = CompactionPlanTests.World(seed: seed)
        world.options.blockByteLimit = 200_000
        world.options.windowSeconds = 300
        var policy = RetentionPolicy(seconds: 5000)
        policy.allowsLargeDrop = true
        world.options.fanIn = 16
        // By block: arrivals of its spans, each standing for a trace; the dictionary that the blocks must agree with.
        var spans: [BlockID: [UInt64]] = [:]
        var rewriteCount = 0
        func retention() -> RetentionPlan { RetentionPlan(world.state, nowSeconds: world.now, policy) }
        for _ in 0..<200 {
            world.now += UInt64(world.generator.next(below: 400))
            // At times what waited for long arrives at once with what is new.
            let age = world.generator.next(below: 3) == 0 ? 4900 : 200
            let arrivals = (0..<30).map { _ in world.now - UInt64(world.generator.next(below: age)) }.sorted()
            let block = world.block(
                CompactionPlanTests.tenants[0], byteCount: 3000, arrivals: arrivals[0]...arrivals[29])
            try world.commit(added: [block])
            spans[block.id] = arrivals
            let expired = retention().expired
            try world.commit(added: [], removed: expired)
            for block in expired { #expect(spans.removeValue(forKey: block.id)?.last.map { $0 < world.now - 5000 } == true) }
            var keptWhole: Set<BlockID> = []
            for _ in 0..<500 {
                let plan = CompactionPlan(
                    world.state, nowSeconds: world.now, world.options, retention: retention(), keptWhole: keptWhole)
                #expect(Set(plan.jobs.flatMap(\.inputs).map(\.id)).count == plan.jobs.reduce(0) { $0 + $1.inputs.count })
                guard let job = plan.jobs.first else { break }
                let cutOff = try #require(retention().cutOffSeconds(of: job.tenant))
                let all = job.inputs.flatMap { spans[$0.id] ?? [] }.sorted()
                let kept = all.filter { $0 >= cutOff }
                if job.isRewrite {
                    guard kept.count * 2 < all.count else {
                        keptWhole.insert(job.inputs[0].id)
                        continue
                    }
                    rewriteCount += 1
                }
                for input in job.inputs { spans[input.id] = nil }
                guard let first = kept.first, let last = kept.last else {
                    try world.commit(added: [], removed: job.inputs)
                    continue
                }
                let output = world.block(
                    job.tenant, byteCount: kept.count * 100, arrivals: first...last, level: job.outputLevel)
                try world.commit(added: [output], removed: job.inputs)
                spans[output.id] = kept
            }
            let plan = CompactionPlan(
                world.state, nowSeconds: world.now, world.options, retention: retention(), keptWhole: keptWhole)
            #expect(plan.jobs.isEmpty, "planning does not end")
            #expect(Set(spans.keys) == Set(world.state.liveBlocks(of: CompactionPlanTests.tenants[0]).map(\.id)))
        }
        #expect(rewriteCount > 0)
    }

    @Test func `a clock that went back drops nothing`() throws {
        let now: UInt64 = 1_700_000_000
        let (state, _) = try Self.state(ages: [0, 5], byteCounts: [10, 10], now: now)
        #expect(RetentionPlan(state, nowSeconds: 0, RetentionPolicy(seconds: 0)).expired.isEmpty)
    }
}
