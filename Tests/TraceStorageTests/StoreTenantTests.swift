// SPDX-License-Identifier: Apache-2.0

internal import FileIO
internal import StoreTesting
internal import Testing
internal import TraceModel
internal import TraceStorage

@Suite("Tenants of a store", .timeLimit(.minutes(5))) struct StoreTenantTests {
    private let system = SimulatedFileSystem(seed: 6)

    private func tenant(_ name: String) throws -> TenantID { try #require(TenantID(name)) }

    private func append(_ requests: inout StoreRequests, _ tenant: TenantID, to opened: OpenStore) async throws -> SentRequest {
        requests.tenant = tenant
        let request = try requests.next()
        _ = try await opened.store.append(try request.received())
        return request
    }

    @Test("have files of their own, and names that lead nowhere else") func files() async throws {
        var requests = StoreRequests(seed: 6)
        let names = ["a", ".hidden", "...", "A", "a!-_.*'()", String(repeating: "x", count: 150), "single-tenant"]
        var opened = try await OpenStore.open(on: system) { $0.journalOptions.segmentByteCount = 1 << 20 }
        var sent: [TenantID: [SentRequest]] = [:]
        for round in 0..<3 {
            for name in names {
                let tenant = try tenant(name)
                sent[tenant, default: []].append(try await append(&requests, tenant, to: opened))
            }
            if round == 0 { try await opened.flushAll() }
        }
        for step in 0..<2 {
            for (tenant, requests) in sent {
                let found = try await opened.store.copiesBySource(of: tenant).flatMap { $0 }
                #expect(Set(found) == Set(requests.flatMap(\.copies)), "\(tenant)")
            }
            // From the journal, each to its own.
            if step == 0 {
                system.crash()
                opened = try await OpenStore.open(on: system)
            }
        }
        try await opened.flushAll()
        let folders = Set(try system.files(below: "/data/store/tenants").map { $0.split(separator: "/")[3] })
        #expect(folders.count == names.count)
        #expect(folders.isSuperset(of: ["a", "=2ehidden", "=2e..", "A", "single-tenant"]))
    }

    @Test("several are seen at one moment as if they were one") func snapshot() async throws {
        var requests = StoreRequests(seed: 7)
        let opened = try await OpenStore.open(on: system)
        for name in ["a", "b", "c"] { _ = try await append(&requests, tenant(name), to: opened) }
        try await opened.flushAll()
        for name in ["a", "b"] { _ = try await append(&requests, tenant(name), to: opened) }
        try opened.store.cut()
        _ = try await append(&requests, tenant("b"), to: opened)
        for (names, blocks, heads) in [("a", 1, 1), ("a|b", 2, 3), ("b|c", 2, 2), ("a|b|c|d", 3, 3), ("d|e", 0, 0)] {
            let snapshot = opened.store.snapshot(over: try #require(TenantSet(names)))
            #expect(snapshot.blocks.count == blocks && snapshot.heads.count == heads, "\(names)")
        }
    }

    @Test("are as many as may be: a new one is refused until another has no spans any more") func limit() async throws {
        var requests = StoreRequests(seed: 8)
        let brief = try tenant("a")
        let opened = try await OpenStore.open(on: system) { configuration in
            (configuration.tenantLimit, configuration.tenantSweepInterval) = (2, .zero)
            configuration.retention.overrides = [brief: 10]
            configuration.retention.allowsLargeDrop = true
            configuration.now = { 1_700_000_100_000_000_000 }
        }
        for name in ["a", "b", "a"] { _ = try await append(&requests, tenant(name), to: opened) }
        for _ in 0..<2 {
            let error = await #expect(throws: StoreError.self) {
                try await append(&requests, tenant("c"), to: opened)
            }
            #expect(error?.code == .overloaded && error?.refusal == .tenantLimit)
            #expect(error?.message.contains("2 tenants") == true)
            _ = try await append(&requests, tenant("b"), to: opened)
            try await opened.flushAll()
        }
        #expect(opened.store.figures.activeTenantCount == 2 && opened.store.figures.tenantLimit == 2)
        // The spans of one tenant expire before those of the others.
        try await opened.store.compactor.dropExpired(opened.logger)
        _ = try await append(&requests, tenant("c"), to: opened)
        #expect(try await opened.store.copiesBySource(of: brief).isEmpty)
        // Who is there at the start counts too.
        system.crash()
        let reopened = try await OpenStore.open(on: system) { $0.tenantLimit = 1 }
        _ = try await append(&requests, tenant("c"), to: reopened)
        let error = await #expect(throws: StoreError.self) { try await append(&requests, tenant("a"), to: reopened) }
        #expect(error?.refusal == .tenantLimit)
    }

    @Test("who brings no good span takes no place") func nothingGood() async throws {
        var requests = StoreRequests(seed: 9)
        let opened = try await OpenStore.open(on: system) {
            ($0.tenantLimit, $0.tenantSweepInterval) = (1, .seconds(3600))
        }
        for name in ["x", "y"] {
            let bad = ReceivedRequest(
                tenant: try tenant(name), arrivalNanoseconds: 1, contentEncoding: .identity, body: [0x0a, 0x7f], inflated: nil)
            let error = await #expect(throws: StoreError.self) { try await opened.store.append(bad) }
            #expect(error?.code == .malformed)
        }
        _ = try await append(&requests, tenant("a"), to: opened)
        let error = await #expect(throws: StoreError.self) { try await append(&requests, tenant("x"), to: opened) }
        #expect(error?.refusal == .tenantLimit)
    }
}
