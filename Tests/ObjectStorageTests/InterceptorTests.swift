// SPDX-License-Identifier: Apache-2.0
internal import FileIO
internal import ObjectStorage
internal import Testing

@Suite("Interceptors", .timeLimit(.minutes(5)))
struct InterceptorTests {
    private let memory = MemoryObjectStore()

    private func code(_ body: () async throws -> Void) async -> ObjectStoreError.Code? {
        do {
            try await body()
            return nil
        } catch { return (error as? ObjectStoreError)?.code }
    }

    @Test("the meter counts requests, failures and bytes of every kind")
    func meter() async throws {
        let meter = RequestMeter()
        let store = InterceptedObjectStore(memory, by: meter)
        let key = try ObjectKey("a")
        try await store.put(key, chunks: [[1, 2], [3]])
        _ = await code { try await store.create(key, [1]) }
        _ = try await store.get(key)
        _ = try await store.get(key, range: 0..<2)
        _ = await code { _ = try await store.get(ObjectKey("b")) }
        _ = try await store.byteCount(of: key)
        _ = try await store.list(.all, after: nil, limit: 1)
        try await store.delete(key)
        try await store.write(key) { try await $0.write([1, 2, 3, 4]) }
        let writer = try await store.writer(for: key)
        await writer.abort()

        #expect(meter[.put].requestCount == 1)
        #expect(meter[.put].failureCount == 0)
        #expect(meter[.put].sentByteCount == 3)
        #expect(meter[.create].failureCount == 1)
        #expect(meter[.create].alreadyExistsCount == 1)
        #expect(meter[.get].requestCount == 3)
        #expect(meter[.get].failureCount == 1)
        #expect(meter[.get].notFoundCount == 1)
        #expect(meter[.get].latency.count == 3)
        #expect(meter[.get].receivedByteCount == 5)
        for kind in [.byteCount, .list, .delete, .writePart, .completeWriting, .abortWriting]
            as [ObjectRequest.Kind]
        {
            #expect(meter[kind].requestCount == 1, "\(kind)")
        }
        #expect(meter[.beginWriting].requestCount == 2)
        #expect(meter[.writePart].sentByteCount == 4)
        #expect(Set(meter.snapshot.keys) == Set(ObjectRequest.Kind.allCases))
    }

    @Test("a fault before the effect leaves the store alone, one after it does not")
    func moments() async throws {
        let store = InterceptedObjectStore(memory, by: FaultInjector.scripted([
            .init(.put, ObjectFault(.beforeEffect)),
            .init(.create, keyPrefix: "b", ObjectFault(.afterEffect)),
        ]))
        #expect(await code { try await store.put(ObjectKey("a"), [1]) } == .unavailable)
        #expect(try await !memory.contains(ObjectKey("a")))
        #expect(await code { try await store.create(ObjectKey("b"), [1]) } == .unavailable)
        #expect(try await memory.get(ObjectKey("b")) == [1])
        #expect(await code { try await store.create(ObjectKey("b"), [2]) } == .alreadyExists)
        try await store.put(ObjectKey("a"), [1])
    }

    @Test("a script hits the turn it names, once")
    func turns() async throws {
        let store = InterceptedObjectStore(memory, by: FaultInjector.scripted([
            .init(.put, after: 1, ObjectFault(.beforeEffect, .noSpace)),
            .init(.put, keyPrefix: "x", after: 3, ObjectFault(.beforeEffect, .refused)),
        ]))
        var codes: [ObjectStoreError.Code?] = []
        for _ in 0..<6 { codes.append(await code { try await store.put(ObjectKey("x"), []) }) }
        #expect(codes == [nil, .noSpace, nil, .refused, nil, nil])
    }

    @Test("seeded faults are the same for the same seed, and as many as asked for")
    func seeded() async throws {
        func run(_ seed: UInt64) async throws -> [Bool] {
            let store = InterceptedObjectStore(memory, by: FaultInjector.seeded(
                seed, beforeEffect: 0.2, afterEffect: 0.1, kinds: [.byteCount]))
            try await store.put(ObjectKey("a"), [1])
            var failures: [Bool] = []
            for _ in 0..<1000 {
                let failure = await code { _ = try await store.byteCount(of: ObjectKey("a")) }
                failures.append(failure != nil)
            }
            return failures
        }
        let first = try await run(1)
        #expect(try await run(1) == first)
        #expect(try await run(2) != first)
        #expect((200...400).contains(first.count { $0 }))
    }

    @Test("a rule may hold a request back until the test lets it go")
    func delay() async throws {
        let (gate, opener) = AsyncStream.makeStream(of: Void.self)
        let store = InterceptedObjectStore(memory, by: FaultInjector { request in
            if request.key == "slow" { for await _ in gate {} }
            return nil
        })
        async let slow: Void = store.put(ObjectKey("slow"), [1])
        try await store.put(ObjectKey("fast"), [1])
        #expect(try await !memory.contains(ObjectKey("slow")))
        opener.finish()
        try await slow
        #expect(try await memory.contains(ObjectKey("slow")))
    }
}
