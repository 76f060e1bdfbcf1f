// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import FileIO
internal import ObjectStorage
internal import ProtobufMessages
internal import StoreTesting
internal import Testing
internal import TraceModel
internal import TraceStorage

@Suite struct CompactorTests {
    private static let options: @Sendable (inout StoreConfiguration) -> Void = { configuration in
        configuration.compaction.fanIn = 2
        configuration.compaction.removalGrace = .zero
        configuration.retention = RetentionPolicy(seconds: 1_000_000)
    }

    /// A store with some blocks, and what stands in them.
    private static func store(
        _ system: SimulatedFileSystem, seed: UInt64, blockCount: Int,
        _ configure: (inout StoreConfiguration) -> Void = options
    ) async throws -> (OpenStore, StoreModel) {
        let opened = try await OpenStore.open(on: system, configure)
        var requests = StoreRequests(seed: seed)
        var model = StoreModel()
        for _ in 0..<blockCount {
            let request = try requests.next(spanCount: 30)
            model.send(request)
            _ = try await opened.store.append(request.received())
            model.acknowledge(request)
            try await opened.flushAll()
        }
        return (opened, model)
    }

    private static func objects(in system: SimulatedFileSystem) throws -> Int {
        try system.files(below: OpenStore.directory + "/store/tenants").count
    }

    @Test func `blocks become few, nothing is lost, and the objects of the inputs go`() async throws {
        let system = SimulatedFileSystem(seed: 1)
        let (opened, model) = try await Self.store(system, seed: 1, blockCount: 9)
        let compactor = opened.store.compactor
        #expect(compactor.figures.debtByteCount > 0)
        while try await compactor.mergeOnce(opened.logger) {}
        try await compactor.deleteRemovedObjects(opened.logger)
        let snapshot = opened.store.snapshot(of: .single)
        #expect(snapshot.blocks.map(\.level).sorted() == [0, 3])
        #expect(try Self.objects(in: system) == 2)
        let found = try await opened.store.copiesBySource(of: .single).flatMap { $0 }
        #expect(model.objection(to: found, of: .single) == nil)
        let figures = compactor.figures
        #expect(figures.debtByteCount == 0)
        #expect(figures.finishedJobCount == 7)
        #expect(figures.levels.map(\.blockCount) == [1, 1])
        #expect(figures.readByteCount > 0)
        #expect(opened.messages() == [])
    }

    @Test func `a snapshot can be read to its end although its blocks live no longer`() async throws {
        let system = SimulatedFileSystem(seed: 2)
        let (opened, model) = try await Self.store(system, seed: 2, blockCount: 4)
        let compactor = opened.store.compactor
        var found: [SpanCopy] = []
        do {
            let snapshot = opened.store.snapshot(of: .single)
            while try await compactor.mergeOnce(opened.logger) {}
            try await compactor.deleteRemovedObjects(opened.logger)
            for block in snapshot.blocks {
                let reader = try await opened.store.reader(for: block)
                var batch = SpanBatch(pool: testSlabs)
                for group in reader.footer.rowGroups.indices { try await reader.read(rowGroup: group, into: &batch) }
                found += batch.view().copies
            }
            withExtendedLifetime(snapshot) {}
        }
        #expect(model.objection(to: found, of: .single) == nil)
        #expect(try Self.objects(in: system) > 1)
        try await compactor.deleteRemovedObjects(opened.logger)
        #expect(try Self.objects(in: system) == 1)
    }

    @Test func `output is dropped if an input lives no longer`() async throws {
        let system = SimulatedFileSystem(seed: 3)
        let (opened, model) = try await Self.store(system, seed: 3, blockCount: 2)
        // Somebody else takes an input away meanwhile.
        let executor = try BlockingExecutor(name: "other", threadCount: 1)
        let objects = try await DirectoryObjectStore(
            root: OpenStore.directory + "/store", fileSystem: system, readers: executor, writers: executor)
        let gone = try #require(opened.store.snapshot(of: .single).blocks.first)
        _ = try await Manifest.load(from: objects).commit(
            Commit(id: CommitID(high: 1, low: 2), createdNanoseconds: 3, removed: [gone.reference]))
        #expect(try await opened.store.compactor.mergeOnce(opened.logger))
        #expect(opened.store.snapshot(of: .single).blocks.count == 1)
        #expect(try Self.objects(in: system) == 2)
        #expect(try await !opened.store.compactor.mergeOnce(opened.logger))
        _ = model
    }

    @Test func `output that is too large is split, and every trace is whole in one block`() async throws {
        let system = SimulatedFileSystem(seed: 4)
        let (opened, model) = try await Self.store(system, seed: 4, blockCount: 8) { configuration in
            Self.options(&configuration)
            configuration.compaction.fanIn = 8
            configuration.compaction.blockTraceLimit = 40
        }
        while try await opened.store.compactor.mergeOnce(opened.logger) {}
        let found = try await opened.store.copiesBySource(of: .single)
        #expect(model.objection(to: found.flatMap { $0 }, of: .single) == nil)
    }

    /// A span whose attributes are numbered keys.
    private static func request(keys: Range<Int>, arrivalSeconds: UInt32) throws -> SentRequest {
        var span = OTLPMessage.Span()
        span.traceID = [UInt8](repeating: 7, count: 16)
        span.spanID = [UInt8](repeating: UInt8(arrivalSeconds % 100 + 1), count: 8)
        span.attributes = keys.map { OTLPMessage.KeyValue(key: Array("key \($0)".utf8), value: .int(Int64($0))) }
        var scope = OTLPMessage.ScopeSpans()
        scope.spans = [span]
        var group = OTLPMessage.ResourceSpans()
        group.scopeSpans = [scope]
        return try SentRequest(
            OTLPMessage.ExportTraceServiceRequest(resourceSpans: [group]), .single, arrivalSeconds: arrivalSeconds)
    }

    @Test func `blocks with more columns than a merge of columns takes are merged by rows`() async throws {
        let system = SimulatedFileSystem(seed: 8)
        let opened = try await OpenStore.open(on: system, Self.options)
        var model = StoreModel()
        for (index, keys) in [0..<700, 500..<1300].enumerated() {
            let request = try Self.request(keys: keys, arrivalSeconds: 1_700_000_001 + UInt32(index))
            model.send(request)
            _ = try await opened.store.append(request.received())
            model.acknowledge(request)
            try await opened.flushAll()
        }
        #expect(try await opened.store.compactor.mergeOnce(opened.logger))
        let blocks = opened.store.snapshot(of: .single).blocks
        #expect(blocks.map(\.level) == [1])
        #expect(blocks.map(\.rowCount) == [2])
        let found = try await opened.store.copiesBySource(of: .single).flatMap { $0 }
        #expect(model.objection(to: found, of: .single) == nil)
    }

    @Test func `a damaged input stops its job, is said, and stays as it is`() async throws {
        let system = SimulatedFileSystem(seed: 5)
        let (opened, _) = try await Self.store(system, seed: 5, blockCount: 2)
        let before = opened.store.snapshot(of: .single).blocks
        let path = try #require(try system.files(below: OpenStore.directory + "/store/tenants").first)
        try system.damage(path, at: 100)
        await #expect(throws: BlockError.self) { try await opened.store.compactor.mergeOnce(opened.logger) }
        #expect(opened.store.snapshot(of: .single).blocks == before)
        #expect(opened.store.compactor.figures.failedJobCount == 1)
        #expect(try Self.objects(in: system) == 2)
        #expect(opened.budget.usedByteCount(by: .compaction) == 0)
    }

    @Test func `retention drops whole blocks, and says why it does not`() async throws {
        let system = SimulatedFileSystem(seed: 6)
        let (opened, _) = try await Self.store(system, seed: 6, blockCount: 3) { configuration in
            Self.options(&configuration)
            configuration.retention = RetentionPolicy(seconds: 0)
            configuration.now = { 1_700_000_003_500_000_000 }
        }
        try await opened.store.compactor.dropExpired(opened.logger)
        #expect(opened.store.snapshot(of: .single).blocks.count == 3)
        #expect(opened.store.compactor.figures.retentionRefusal != nil)
        #expect(opened.messages().count == 1)
        let (allowed, _) = try await Self.store(SimulatedFileSystem(seed: 7), seed: 6, blockCount: 3) { configuration in
            Self.options(&configuration)
            configuration.retention = RetentionPolicy(seconds: 0)
            configuration.retention.allowsLargeDrop = true
            configuration.now = { 1_700_000_003_500_000_000 }
        }
        try await allowed.store.compactor.dropExpired(allowed.logger)
        // They arrived in seconds 1, 2 and 3; what arrived in second 3 is not older than it is kept.
        #expect(allowed.store.snapshot(of: .single).blocks.count == 1)
        #expect(allowed.store.compactor.figures.expiredBlockCount == 2)
    }
}
