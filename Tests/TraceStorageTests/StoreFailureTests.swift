// SPDX-License-Identifier: Apache-2.0

internal import FileIO
internal import Logging
internal import ObjectStorage
internal import StoreTesting
internal import Testing
internal import TraceModel
internal import TraceStorage

@Suite("A store on a disk with a fault", .timeLimit(.minutes(5))) struct StoreFailureTests {
    private let system = SimulatedFileSystem(seed: 5)
    private var requests = StoreRequests(seed: 5)

    // MARK: Journal

    @Test("after a failed fsync the request is refused, and the next ones go to a new segment") mutating func failedFsync()
        async throws
    {
        var model = StoreModel()
        let opened = try await OpenStore.open(on: system) { $0.journalOptions.segmentByteCount = 1 << 20 }
        try await append(3, to: opened, &model)
        let before = try system.files(below: "/data/journal")
        system.inject(SimulatedFault(.synchronize, .ioFailure, pathSuffix: ".journal"))
        let unlucky = try requests.next()
        model.send(unlucky)
        await expectFailure(.unavailable) { _ = try await opened.store.append(try unlucky.received()) }
        try await append(2, to: opened, &model)
        #expect(Set(try system.files(below: "/data/journal")).subtracting(before).count == 1)
        system.crash()
        let reopened = try await OpenStore.open(on: system)
        try await expect(model, in: reopened)
    }

    @Test("on a full disk requests are refused until there is room") mutating func fullDisk() async throws {
        var model = StoreModel()
        let opened = try await OpenStore.open(on: system)
        try await append(2, to: opened, &model)
        system.capacity = 1000
        for _ in 0..<5 {
            let unlucky = try requests.next(spanCount: 200)
            model.send(unlucky)
            await expectFailure(.unavailable) { _ = try await opened.store.append(try unlucky.received()) }
            opened.store.reportJournalFailure(opened.logger)
        }
        let complaints = opened.messages(from: .error)
        #expect(complaints.count == 1 && complaints[0].contains("requests were refused"))
        try opened.store.cut()
        await #expect(throws: (any Error).self) { try await opened.store.flushOldest(opened.logger) }
        system.capacity = 1 << 30
        try await append(2, to: opened, &model)
        try await expect(model, in: opened)
        try await opened.flushAll()
        try await expect(model, in: opened)
        system.crash()
        let reopened = try await OpenStore.open(on: system)
        try await expect(model, in: reopened)
    }

    @Test("damage in the middle of the journal is passed over and reported, and all other requests are replayed")
    mutating func damagedJournal() async throws {
        let opened = try await OpenStore.open(on: system) { $0.journalOptions.segmentByteCount = 1 << 20 }
        var sent: [SentRequest] = []
        for _ in 0..<9 {
            sent.append(try requests.next(spanCount: 20))
            _ = try await opened.store.append(try sent[sent.count - 1].received())
        }
        let segment = try #require(try system.files(below: "/data/journal").first)
        system.crash()
        // The bytes up to the last of the records, which are followed by zeros.
        let byteCount = try system.bytes(of: segment).lastIndex { $0 != 0 } ?? 0
        try system.damage(segment, at: byteCount / 2)
        let reopened = try await OpenStore.open(on: system)
        #expect(reopened.messages(from: .error).contains { $0.contains("passed over") })
        let found = try await reopened.store.copiesBySource(of: sent[0].tenant).flatMap { $0 }
        let lost = sent.filter { !Set(found).isSuperset(of: $0.copies) }
        #expect(lost.count == 1)
        #expect(Set(found) == Set(sent.filter { $0.arrivalSeconds != lost.first?.arrivalSeconds }.flatMap(\.copies)))
    }

    @Test("the last request of the journal, damaged, is kept aside with a warning", arguments: [false, true])
    mutating func damagedEnd(isFollowed: Bool) async throws {
        let opened = try await OpenStore.open(on: system) { $0.journalOptions.segmentByteCount = 16 << 10 }
        var sent: [SentRequest] = []
        var segments: [String] = []
        // If the segment is followed by another, it ended well.
        while sent.count < 3 || isFollowed && segments.count < 2 {
            sent.append(try requests.next(spanCount: 20))
            _ = try await opened.store.append(try sent[sent.count - 1].received())
            segments = try system.files(below: "/data/journal")
        }
        system.crash()
        let end = try system.bytes(of: segments[0]).lastIndex { $0 != 0 } ?? 0
        try system.damage(segments[0], at: end - (isFollowed ? 40 : 0))
        let reopened = try await OpenStore.open(on: system)
        let figures = reopened.store.figures.recovery
        #expect(figures.suspectRequestCount == (isFollowed ? 0 : 1))
        #expect(figures.lostRequestCount == (isFollowed ? 1 : 0))
        let words = isFollowed ? "lost requests that were acknowledged" : "seems to be there"
        #expect(reopened.messages().contains { $0.contains(words) })
        #expect(try system.files(below: "/data/journal-damaged").contains { $0.contains(".tail-") } == !isFollowed)
        let found = try await reopened.store.copiesBySource(of: sent[0].tenant).flatMap { $0 }
        let lost = sent.filter { !Set(found).isSuperset(of: $0.copies) }
        #expect(lost.count == 1)
    }

    @Test("what can't be deleted of the journal is deleted after the next flush") mutating func failedRelease()
        async throws
    {
        var model = StoreModel()
        let opened = try await OpenStore.open(on: system) { $0.journalOptions.spareSegmentCount = 0 }
        try await append(2, to: opened, &model)
        system.inject(SimulatedFault(.unlink, .ioFailure, pathSuffix: ".journal"))
        try await opened.flushAll()
        #expect(!(try system.files(below: "/data/journal").isEmpty))
        #expect(opened.messages().contains { $0.contains("could not be deleted") })
        try await append(1, to: opened, &model)
        try await opened.flushAll()
        #expect(try system.files(below: "/data/journal") == [])
        try await expect(model, in: opened)
    }

    // MARK: Blocks and commits

    @Test("a commit of unknown outcome is made again as it is", arguments: [FileOperation.synchronizeDirectory, .link])
    mutating func unknownOutcome(operation: FileOperation) async throws {
        var model = StoreModel()
        let opened = try await OpenStore.open(on: system) { $0.journalOptions.spareSegmentCount = 0 }
        try await append(3, to: opened, &model)
        try opened.store.cut()
        // More often than a commit is tried: with the first the commit stands, with the second it does not.
        let suffix = operation == .link ? "manifest/00000000000000000000" : "/store/manifest"
        system.inject(SimulatedFault(operation, .ioFailure, pathSuffix: suffix, times: 7))
        for _ in 0..<2 {
            await #expect(throws: (any Error).self) { try await opened.store.flushOldest(opened.logger) }
            try await expect(model, in: opened)
        }
        #expect(try await opened.store.flushOldest(opened.logger))
        try await expect(model, in: opened)
        #expect(try system.files(below: "/data/store/manifest").count == 1)
        #expect(opened.budget.usedByteCount(by: .heads) == 0)
        #expect(try system.files(below: "/data/journal") == [])
    }

    @Test("if another process covers what is here, nothing is taken any more, and nothing that was acknowledged is lost")
    mutating func intruder() async throws {
        var model = StoreModel()
        let opened = try await OpenStore.open(on: system)
        try await append(3, to: opened, &model)
        let generation = try #require(try JournalRecovery("/data/journal", fileSystem: system).generations.first)
        try await commitOfIntruder(covering: generation.id)
        try opened.store.cut()
        #expect(try await opened.store.flushOldest(opened.logger))
        #expect(try await !opened.store.flushOldest(opened.logger))
        #expect(opened.messages(from: .critical).count == 1)
        let refused = try requests.next().received()
        let error = await expectFailure(.unavailable) { _ = try await opened.store.append(refused) }
        #expect(error?.message.contains("another process writes in /data") == true)
        #expect(opened.store.refusal != nil)
        #expect(opened.budget.usedByteCount(by: .heads) == 0)
        try await expect(model, in: opened)
        system.crash()
        let reopened = try await OpenStore.open(on: system)
        try await expect(model, in: reopened)
        try await append(1, to: reopened, &model)
        try await expect(model, in: reopened)
    }

    /// Commits what a process would that opened the directory in spite of the lock.
    private func commitOfIntruder(covering generation: JournalGenerationID) async throws {
        let executor = try BlockingExecutor(name: "intruder", threadCount: 1)
        let objects = try await DirectoryObjectStore(
            root: "/data/store", fileSystem: system, readers: executor, writers: executor)
        _ = try await Manifest.load(from: objects).commit(
            Commit(id: CommitID(high: 1, low: 2), createdNanoseconds: 3, added: [], coveredGenerations: [generation]))
    }

    @Test("a flush that fails at one tenant's block goes on from there and leaves no rubbish") mutating func failedBlock()
        async throws
    {
        var model = StoreModel()
        let opened = try await OpenStore.open(on: system)
        for name in ["a", "b", "c"] {
            requests.tenant = try #require(TenantID(name))
            try await append(1, to: opened, &model)
        }
        try opened.store.cut()
        system.inject(SimulatedFault(.write, .noSpace, pathSuffix: "store/.staging/2", times: 1))
        system.inject(SimulatedFault(.rename, .ioFailure, pathSuffix: ".vblock", after: 1, times: 2))
        system.inject(SimulatedFault(.synchronizeDirectory, .ioFailure, pathSuffix: "tenants/b/blocks", times: 1))
        var attemptCount = 0
        while attemptCount < 10 {
            attemptCount += 1
            if let isDone = try? await opened.store.flushOldest(opened.logger), isDone { break }
        }
        #expect((3...6).contains(attemptCount))
        for name in ["a", "b", "c"] {
            #expect(try system.files(below: "/data/store/tenants/\(name)").count == 1)
        }
        try await expect(model, in: opened, of: ["a", "b", "c"])
    }

    @Test("a block that was never committed is removed at the next start") mutating func orphan() async throws {
        var model = StoreModel()
        let opened = try await OpenStore.open(on: system)
        try await append(2, to: opened, &model)
        try await opened.flushAll()
        let block = try #require(try system.files(below: "/data/store/tenants").first)
        try system.link(block, to: block.parentPath + "/" + String(repeating: "7", count: 32) + ".vblock")
        try system.synchronizeDirectory(block.parentPath)
        system.crash()
        let reopened = try await OpenStore.open(on: system)
        #expect(try system.files(below: "/data/store/tenants") == [block])
        #expect(reopened.messages(from: .notice).contains { $0.contains("never committed") })
        try await expect(model, in: reopened)
    }

    // MARK: Opening

    @Test("a directory that another store holds can't be opened, and the error names the holder") func lockedDirectory()
        async throws
    {
        let holder = try await OpenStore.open(on: system)
        let error = await expectFailure(.unusable) { _ = try await OpenStore.open(on: system) }
        #expect("\(try #require(error))".contains("process 1 holds the lock"))
        _ = holder.store
    }

    @Test("so it is on a real disk, and the directory is free again when the store is gone") func lockedRealDirectory()
        async throws
    {
        let directory = try TemporaryDirectory()
        do {
            let holder = try await OpenStore.open(on: LocalFileSystem(), directory: directory.path)
            let error = await expectFailure(.unusable) {
                _ = try await OpenStore.open(on: LocalFileSystem(), directory: directory.path)
            }
            #expect("\(try #require(error))".contains("holds the lock"))
            _ = holder.store
        }
        _ = try await OpenStore.open(on: LocalFileSystem(), directory: directory.path)
    }

    @Test(
        "whatever fails at the start is a store error, and the next start goes well",
        arguments: [FileOperation.open, .read, .write, .list, .makeDirectory, .synchronize, .synchronizeDirectory, .link, .lock])
    mutating func failingStart(operation: FileOperation) async throws {
        var model = StoreModel()
        let opened = try await OpenStore.open(on: system)
        try await append(2, to: opened, &model)
        try await opened.flushAll()
        try await append(2, to: opened, &model)
        for passedCount in 0..<12 {
            system.crash()
            system.inject(SimulatedFault(operation, .ioFailure, after: passedCount))
            do {
                _ = try await OpenStore.open(on: system)
            } catch {
                #expect((error as? StoreError)?.code == .unavailable, "\(error)")
            }
        }
        system.crash()
        let reopened = try await insistently { try await OpenStore.open(on: system) }
        let found = try await insistently { try await reopened.store.copiesBySource(of: requests.tenant) }
        #expect(model.objection(to: found.flatMap { $0 }, of: requests.tenant) == nil)
    }

    @Test("a damaged commit is corruption, a store of a newer version unusable") mutating func damagedManifest() async throws {
        var model = StoreModel()
        let opened = try await OpenStore.open(on: system)
        try await append(1, to: opened, &model)
        try await opened.flushAll()
        system.crash()
        let commit = try #require(try system.files(below: "/data/store/manifest").first)
        try system.damage(commit, at: 20)
        await expectFailure(.corrupted) { _ = try await OpenStore.open(on: system) }
        let other = SimulatedFileSystem(seed: 1)
        try other.createDirectory("/data/store")
        let marker = StoreMarker(storeID: StoreID(high: 1, low: 2), createdNanoseconds: 3, minimumReaderVersion: 99)
        let file = try other.open("/data/store/vivace-store", .createNew)
        try file.write(marker.encoded(), at: 0)
        await expectFailure(.unusable) { _ = try await OpenStore.open(on: other) }
    }

    // MARK: Support

    private mutating func append(_ count: Int, to opened: OpenStore, _ model: inout StoreModel) async throws {
        for _ in 0..<count {
            let request = try requests.next()
            model.send(request)
            _ = try await opened.store.append(try request.received())
            model.acknowledge(request)
        }
    }

    private func expect(
        _ model: StoreModel, in opened: OpenStore, of tenants: [String] = [], _ location: SourceLocation = #_sourceLocation
    ) async throws {
        for tenant in tenants.isEmpty ? [requests.tenant] : tenants.compactMap({ TenantID($0) }) {
            let found = try await opened.store.copiesBySource(of: tenant).flatMap { $0 }
            #expect(model.objection(to: found, of: tenant) == nil, sourceLocation: location)
        }
    }

    private func insistently<R>(_ body: () async throws -> R) async throws -> R {
        for _ in 0..<12 {
            if let result = try? await body() { return result }
        }
        return try await body()
    }
}

/// Expects a store error of that code.
@discardableResult
func expectFailure(
    _ code: StoreError.Code, _ location: SourceLocation = #_sourceLocation, _ body: () async throws -> Void
) async -> StoreError? {
    do {
        try await body()
        Issue.record("did not fail", sourceLocation: location)
        return nil
    } catch {
        #expect((error as? StoreError)?.code == code, "\(error)", sourceLocation: location)
        return error as? StoreError
    }
}
