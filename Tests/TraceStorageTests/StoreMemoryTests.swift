// SPDX-License-Identifier: Apache-2.0

internal import FileIO
internal import Logging
internal import StoreTesting
internal import Testing
internal import TraceModel
internal import TraceStorage

@Suite("A store's memory", .timeLimit(.minutes(1))) struct StoreMemoryTests {
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

    @Test("with full heads a request is refused as long as nothing is on its way into blocks") mutating func fullHeads()
        async throws
    {
        let opened = try await open(headsByteLimit: 2 << 20)
        try await fill(opened)
        await expectFailure(.overloaded) { _ = try await opened.store.append(try requests.next().received()) }
        try await opened.flushAll()
        _ = try await opened.store.append(try requests.next().received())
    }

    @Test("with full heads a request waits for a flush, and is taken then") mutating func waitingForRoom() async throws {
        let opened = try await open(headsByteLimit: 2 << 20)
        try await fill(opened)
        try opened.store.cut()
        let received = try (0..<5).map { _ in try requests.next().received() }
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
        let received = try requests.next().received()
        try await withThrowingTaskGroup { group in
            group.addTask { await expectFailure(.overloaded) { _ = try await opened.store.append(received) } }
            while opened.store.figures.waitingRequestCount < 1 { await Task.yield() }
            opened.store.beginClosing()
            try await group.waitForAll()
        }
        await expectFailure(.unavailable) { _ = try await opened.store.append(received) }
    }

    private func open(headsByteLimit: Int) async throws -> OpenStore {
        try await OpenStore.open(
            on: SimulatedFileSystem(seed: 1),
            budget: MemoryBudget(limits: [.heads: headsByteLimit, .cache: 1 << 20, .query: 1 << 30]))
    }

    /// Appends until the heads hold as much as they may.
    private mutating func fill(_ opened: OpenStore) async throws {
        while opened.budget.usedByteCount(by: .heads) < opened.budget.limits[.heads] ?? 0 {
            _ = try await opened.store.append(try requests.next(spanCount: 50).received())
        }
    }
}
