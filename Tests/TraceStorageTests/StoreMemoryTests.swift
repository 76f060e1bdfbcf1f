// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import FileIO
internal import Logging
internal import StoreTesting
internal import Testing
internal import TraceModel
internal import TraceStorage

@Suite("A store's memory", .timeLimit(.minutes(5))) struct StoreMemoryTests {
    private var requests = StoreRequests(seed: 9)

    @Test("heads are counted while they are there, and not after their flush, also when they were replayed")
    mutating func headsAreCounted() async throws {
        let system = SimulatedFileSystem(seed: 1)
        let opened = try await OpenStore.open(on: system)
        for name in ["a", "b"] {
            requests.tenant = try #require(TenantID(name))
            for _ in 0..<10 { _ = try await opened.store.append(try requests.next().received()) }
        }
        let live = opened.budget.usedByteCount(by: .heads)
        #expect(live > 1 << 20)
        try opened.store.cut()
        #expect(opened.budget.usedByteCount(by: .heads) == live)
        try await opened.flushAll()
        #expect(opened.budget.usedByteCount(by: .heads) == 0)
        _ = try await opened.store.append(try requests.next().received())
        system.crash()
        let reopened = try await OpenStore.open(on: system)
        #expect(reopened.budget.usedByteCount(by: .heads) > 0)
        try await reopened.flushAll()
        #expect(reopened.budget.usedByteCount(by: .heads) == 0)
    }

    @Test("what is refused takes no memory in the end") mutating func refusedRequests() async throws {
        let opened = try await OpenStore.open(on: SimulatedFileSystem(seed: 1))
        for byteCount in 1..<200 {
            await expectFailure(.malformed) {
                _ = try await opened.store.append(
                    ReceivedRequest(
                        tenant: .single, arrivalNanoseconds: 1, contentEncoding: .identity,
                        body: [0x0a, 0x7f] + [UInt8](repeating: 0x0a, count: byteCount % 100), inflated: nil))
            }
        }
        #expect(opened.budget.usedByteCount(by: .heads) == 0)
        _ = try await opened.store.append(try requests.next().received())
        try await opened.flushAll()
        #expect(opened.budget.usedByteCount(by: .heads) == 0)
    }

    @Test("sealed heads count until the last reader of their snapshot is done") mutating func pinnedHeads()
        async throws
    {
        let opened = try await OpenStore.open(on: SimulatedFileSystem(seed: 1))
        _ = try await opened.store.append(try requests.next().received())
        let live = opened.budget.usedByteCount(by: .heads)
        var snapshots = [opened.store.snapshot(of: .single), opened.store.snapshot(of: .single)]
        try await opened.flushAll()
        #expect(opened.budget.usedByteCount(by: .heads) == live)
        snapshots.removeLast()
        #expect(opened.budget.usedByteCount(by: .heads) == live)
        snapshots.removeLast()
        #expect(opened.budget.usedByteCount(by: .heads) == 0)
    }

    @Test("the shortest spans don't overshoot the heads' share, however many come at once") func shortSpans()
        async throws
    {
        let limit = 16 << 20
        let opened = try await open(headsByteLimit: limit)
        var body: [UInt8] = []
        for number in 1...4000 as ClosedRange<UInt64> { body += Self.shortestSpan(number) }
        body = Self.field(1, Self.field(2, body))
        let request = ReceivedRequest(
            tenant: .single, arrivalNanoseconds: 1, contentEncoding: .identity, body: body, inflated: nil)
        let acceptedCount = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    var count = 0
                    while (try? await opened.store.append(request)) != nil { count += 1 }
                    return count
                }
            }
            return await group.reduce(0, +)
        }
        let used = opened.budget.usedByteCount(by: .heads)
        #expect(used <= limit && used > limit * 9 / 10)
        // They take a multiple of their bytes on the wire.
        #expect(acceptedCount * body.count * 3 < used)
    }

    /// A span with nothing but its IDs, as a field of its scope.
    private static func shortestSpan(_ number: UInt64) -> [UInt8] {
        let digits = (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
        return field(2, field(1, digits + digits) + field(2, digits))
    }

    private static func field(_ number: UInt8, _ body: [UInt8]) -> [UInt8] {
        var head = [number << 3 | 2]
        var length = body.count
        while length >= 128 {
            head.append(UInt8(length & 127) | 128)
            length >>= 7
        }
        return head + [UInt8(length)] + body
    }

    // MARK: Full heads

    @Test("with full heads a request is refused as long as nothing is on its way into blocks") mutating func fullHeads()
        async throws
    {
        let opened = try await open(headsByteLimit: 2 << 20)
        try await fill(opened)
        await expectFailure(.overloaded) { _ = try await opened.store.append(try large()) }
        try await opened.flushAll()
        _ = try await opened.store.append(try large())
    }

    @Test("with full heads a request waits for a flush, and is taken then") mutating func waitingForRoom() async throws {
        // Room for all of them together, in whichever shards they meet: nobody makes more a second time.
        let opened = try await open(headsByteLimit: 16 << 20)
        try await fill(opened)
        try opened.store.cut()
        let received = try (0..<5).map { _ in try large() }
        try await withThrowingTaskGroup { group in
            for request in received {
                group.addTask { _ = try await opened.store.append(request) }
            }
            while opened.store.figures.waitingRequestCount < received.count { await Task.yield() }
            try await opened.flushAll()
            try await group.waitForAll()
        }
        #expect(opened.store.figures.waitingRequestCount == 0)
    }

    @Test("whoever waits for room is refused when the store closes") mutating func closing() async throws {
        let opened = try await open(headsByteLimit: 2 << 20)
        try await fill(opened)
        try opened.store.cut()
        let received = try large()
        try await withThrowingTaskGroup { group in
            group.addTask { await expectFailure(.unavailable) { _ = try await opened.store.append(received) } }
            while opened.store.figures.waitingRequestCount < 1 { await Task.yield() }
            opened.store.beginClosing()
            try await group.waitForAll()
        }
        await expectFailure(.unavailable) { _ = try await opened.store.append(received) }
    }

    @Test("while the store runs nobody is refused only because nothing was sealed yet") mutating func runningStore()
        async throws
    {
        let opened = try await open(headsByteLimit: 2 << 20)
        let received = try (0..<60).map { _ in try large() }
        try await withThrowingTaskGroup { group in
            group.addTask { try await opened.store.run(logger: opened.logger) }
            while !opened.store.figures.isRunning { await Task.yield() }
            for request in received { _ = try await opened.store.append(request) }
            opened.store.beginClosing()
            try await group.waitForAll()
        }
        #expect(opened.store.figures.blockCount > 3)
        #expect(opened.budget.usedByteCount(by: .heads) == 0)
    }

    // MARK: Blocks

    @Test("a block waits for memory, and gives it back when it is written") mutating func waitingBuild() async throws {
        let opened = try await OpenStore.open(
            on: SimulatedFileSystem(seed: 1), budget: MemoryBudget(limits: [.heads: 1 << 30, .building: 20 << 20]))
        _ = try await opened.store.append(try requests.next().received())
        try opened.store.cut()
        var taken: [MemoryReservation] = [try await opened.budget.takeWaiting(15 << 20, for: .building)]
        try await withThrowingTaskGroup { group in
            group.addTask { _ = try await opened.store.flushOldest(opened.logger) }
            while opened.budget.waiterCount == 0 { await Task.yield() }
            #expect(opened.store.figures.blockCount == 0)
            taken = []
            try await group.waitForAll()
        }
        #expect(opened.store.figures.blockCount == 1)
        #expect(opened.budget.usedByteCount(by: .building) == 0)
        _ = taken
    }

    @Test("what is kept of open blocks counts as long as somebody has them, and gives way") mutating func openBlocks()
        async throws
    {
        let opened = try await OpenStore.open(
            on: SimulatedFileSystem(seed: 1), budget: MemoryBudget(limits: [.heads: 1 << 20, .cache: 1 << 20]))
        for _ in 0..<5 {
            _ = try await opened.store.append(try requests.next().received())
            try await opened.flushAll()
        }
        let blocks = opened.store.snapshot(of: .single).blocks
        var held = [try await opened.store.reader(for: blocks[0])]
        for block in blocks { _ = try await opened.store.reader(for: block) }
        #expect(opened.store.cache.figures.blocks == 5)
        let all = opened.budget.usedByteCount(by: .cache)
        #expect(all == opened.store.cache.figures.byteCount && all >= held[0].retainedByteCount * 3)
        // Another takes more than its share.
        opened.budget.takeAnyway(2 << 20, for: .query)
        #expect(opened.budget.cacheAllowance == 0)
        _ = try await opened.store.append(try requests.next().received())
        try await opened.flushAll()
        #expect(opened.store.cache.figures.blocks == 0)
        #expect(opened.budget.usedByteCount(by: .cache) == held[0].retainedByteCount)
        held = []
        #expect(opened.budget.usedByteCount(by: .cache) == 0)
        opened.budget.giveBack(2 << 20, for: .query)
    }

    // MARK: Support

    /// A request larger than what ``fill(_:)`` leaves free.
    private mutating func large() throws -> ReceivedRequest {
        while true {
            let request = try requests.next(spanCount: 200).received()
            if (request.inflated ?? request.body).count > 20_000 { return request }
        }
    }

    private func open(headsByteLimit: Int) async throws -> OpenStore {
        try await OpenStore.open(
            on: SimulatedFileSystem(seed: 1),
            budget: MemoryBudget(limits: [.heads: headsByteLimit, .cache: 1 << 20, .query: 1 << 30])
        ) {
            // As long as a busy machine may take.
            $0.roomWait = .seconds(600)
        }
    }

    /// Appends until there is no room left.
    private mutating func fill(_ opened: OpenStore) async throws {
        while true {
            do {
                _ = try await opened.store.append(try requests.next(spanCount: 20).received())
            } catch let error as StoreError where error.code == .overloaded { return }
        }
    }
}
