// SPDX-License-Identifier: Apache-2.0
internal import Dispatch
internal import FileIO
internal import Glibc
internal import ObjectStorage
internal import Testing

@Suite("A directory store", .timeLimit(.minutes(10)))
struct DirectoryObjectStoreTests {
    private func code(_ body: () async throws -> Void) async -> ObjectStoreError.Code? {
        do {
            try await body()
            return nil
        } catch { return (error as? ObjectStoreError)?.code }
    }

    private func staged(_ system: any FileSystem, _ root: String) throws -> [String] {
        try system.entries(of: root + "/.staging").map(\.name)
    }

    @Test("finds its objects again and removes what was left unfinished")
    func reopen() async throws {
        let directory = try TemporaryDirectory()
        let first = try await directoryStore(directory.path)
        try await first.put(ObjectKey("a/b"), [1, 2])
        let unfinished = try await first.writer(for: ObjectKey("a/c"))
        try await unfinished.write([3])
        #expect(try staged(LocalFileSystem(), directory.path).count == 1)
        let second = try await directoryStore(directory.path)
        #expect(try staged(LocalFileSystem(), directory.path).isEmpty)
        #expect(try await second.get(ObjectKey("a/b")) == [1, 2])
        #expect(try await !second.contains(ObjectKey("a/c")))
    }

    @Test("stores an object as a file of its key's path, with nothing else in it")
    func layout() async throws {
        let directory = try TemporaryDirectory()
        let store = try await directoryStore(directory.path)
        try await store.put(ObjectKey("blocks/t/1"), [7, 8])
        let file = try LocalFileSystem().open(directory.path + "/blocks/t/1", .read)
        #expect(try file.read(9, at: 0) == [7, 8])
        #expect(try staged(LocalFileSystem(), directory.path).isEmpty)
    }

    @Test("what the system has in memory comes though every reading thread is busy")
    func residentRead() async throws {
        let directory = try TemporaryDirectory()
        let readers = try BlockingExecutor(name: "readers", threadCount: 1)
        let store = try await DirectoryObjectStore(
            root: directory.path, readers: readers, writers: try BlockingExecutor(name: "writers", threadCount: 1))
        try await store.put(ObjectKey("a"), Array(0..<200))
        #expect(try await store.get(ObjectKey("a"), range: 3..<5) == [3, 4])
        let file = try LocalFileSystem().open(directory.path + "/a", .read)
        // Where the system can't tell what it has, every read goes to a thread.
        guard file.readResident(200, at: 0) != nil else { return }
        let gate = DispatchSemaphore(value: 0)
        let busy = Task { try await readers.run { gate.wait() } }
        #expect(try await store.get(ObjectKey("a"), range: 10..<200) == Array(10..<200))
        gate.signal()
        try await busy.value
        #expect(await code { _ = try await store.get(ObjectKey("a"), range: 10..<201) } != nil)
    }

    @Test("opened to read changes nothing and sees what others replace")
    func readOnly() async throws {
        let directory = try TemporaryDirectory()
        let root = directory.path + "/objects"
        let early = try await directoryStore(root, access: .readOnly)
        #expect(try await early.list(.all, after: nil, limit: 9).entries.isEmpty)
        #expect(try LocalFileSystem().status(of: root) == nil)
        let owner = try await directoryStore(root)
        let reader = try await directoryStore(root, access: .readOnly)
        for value in 0..<5 as Range<UInt8> {
            try await owner.put(ObjectKey("a"), [value])
            #expect(try await reader.get(ObjectKey("a")) == [value])
        }
        #expect(await code { try await reader.put(ObjectKey("a"), [9]) } == .refused)
        #expect(await code { try await reader.create(ObjectKey("b"), [9]) } == .refused)
        #expect(await code { try await reader.delete(ObjectKey("a")) } == .refused)
        #expect(await code { _ = try await reader.writer(for: ObjectKey("a")) } == .refused)
    }

    @Test("passes over files that are not objects")
    func foreignFiles() async throws {
        let directory = try TemporaryDirectory()
        let store = try await directoryStore(directory.path)
        try await store.put(ObjectKey("a"), [1])
        for name in [".hidden", "with space", "ümlaut"] {
            _ = try LocalFileSystem().open(directory.path + "/" + name, .createNew)
        }
        let page = try await store.list(.all, after: nil, limit: 9)
        #expect(page.entries.map(\.key.text) == ["a"])
    }

    @Test("says so when a folder stands where an object should, or the reverse")
    func conflicts() async throws {
        let directory = try TemporaryDirectory()
        let store = try await directoryStore(directory.path)
        try await store.put(ObjectKey("a/b"), [1])
        #expect(await code { try await store.put(ObjectKey("a"), [2]) } == .refused)
        #expect(await code { try await store.put(ObjectKey("a/b/c"), [2]) } != nil)
        #expect(try await store.get(ObjectKey("a/b")) == [1])
        #expect(try staged(LocalFileSystem(), directory.path).isEmpty)
    }

    @Test("makes its folders again when someone removed them")
    func removedFolder() async throws {
        let directory = try TemporaryDirectory()
        let store = try await directoryStore(directory.path)
        let system = LocalFileSystem()
        try await store.put(ObjectKey("a/b"), [1])
        try system.rename(directory.path + "/a", to: directory.path + "/gone")
        try await store.put(ObjectKey("a/c"), [2])
        try await store.create(ObjectKey("a/d"), [3])
        #expect(try await store.get(ObjectKey("a/c")) == [2])
    }

    @Test("reports a file that something else cut short as corrupted")
    func shortened() async throws {
        let directory = try TemporaryDirectory()
        let store = try await directoryStore(directory.path)
        try await store.put(ObjectKey("a"), [1, 2, 3])
        _ = try await store.get(ObjectKey("a"))
        try LocalFileSystem().open(directory.path + "/a", .update).truncate(to: 1)
        #expect(await code { _ = try await store.get(ObjectKey("a")) } == .corrupted)
    }

    /// How many files below the path this process has open.
    private func openFileCount(below path: String) throws -> Int {
        try LocalFileSystem().entries(of: "/proc/self/fd").count { entry in
            var target = [CChar](repeating: 0, count: 4096)
            let count = unsafe readlink("/proc/self/fd/" + entry.name, &target, target.count)
            let start = path.utf8.map { CChar(bitPattern: $0) }
            return target.prefix(max(0, count)).starts(with: start)
        }
    }

    @Test("keeps no more files open than it may, and reads all of them right")
    func manyFiles() async throws {
        let directory = try TemporaryDirectory()
        let store = try await directoryStore(directory.path, openFileLimit: 3)
        for value in 0..<20 as Range<UInt8> { try await store.put(ObjectKey("\(value)"), [value]) }
        for _ in 0..<3 {
            for value in 0..<20 as Range<UInt8> {
                #expect(try await store.get(ObjectKey("\(value)")) == [value])
            }
        }
        #expect(try openFileCount(below: directory.path) == 3)
        try await store.delete(ObjectKey("19"))
        #expect(try openFileCount(below: directory.path) == 2)
    }

    @Test("a full disk is noSpace, leaves no rubbish, and the old object stays")
    func noSpace() async throws {
        let system = SimulatedFileSystem(seed: 1, capacity: 1000)
        let store = try await directoryStore("/data", on: system)
        let key = try ObjectKey("a")
        try await store.put(key, [1])
        let large = [UInt8](repeating: 2, count: 2000)
        #expect(await code { try await store.put(key, large) } == .noSpace)
        #expect(await code { try await store.create(ObjectKey("b"), large) } == .noSpace)
        #expect(await code { try await store.write(key) { try await $0.write(large) } } == .noSpace)
        #expect(try await store.get(key) == [1])
        #expect(try staged(system, "/data").isEmpty)
    }

    @Test("a failing disk is unavailable and leaves no rubbish", arguments: [
        .open, .write, .synchronize, .rename, .link, .synchronizeDirectory,
    ] as [FileOperation])
    func failures(operation: FileOperation) async throws {
        let system = SimulatedFileSystem(seed: 1)
        let store = try await directoryStore("/data", on: system)
        func fails(_ body: () async throws -> Void) async -> Bool {
            system.inject(SimulatedFault(operation, .ioFailure))
            let result = await code(body)
            return result == .unavailable
        }
        if operation != .link {
            #expect(await fails { try await store.put(ObjectKey("a"), [1]) })
            #expect(await fails {
                try await store.write(ObjectKey("a")) { try await $0.write([1]) }
            })
        }
        if operation != .rename {
            #expect(await fails { try await store.create(ObjectKey("b"), [1]) })
        }
        #expect(try staged(system, "/data").isEmpty)
        try await store.put(ObjectKey("a"), [2])
        #expect(try await store.get(ObjectKey("a")) == [2])
    }

    @Test("a cancelled writer's rubbish is removed")
    func cancelledWriter() async throws {
        let system = SimulatedFileSystem(seed: 1)
        let store = try await directoryStore("/data", on: system)
        await withThrowingTaskGroup(of: Void.self) { group in
            let (written, didWrite) = AsyncStream.makeStream(of: Void.self)
            group.addTask {
                try await store.write(ObjectKey("a")) { writer in
                    try await writer.write([1])
                    didWrite.finish()
                    // Never yields: ends when the task is cancelled.
                    for await _ in AsyncStream<Void>.makeStream().stream {}
                    try await writer.write([2])
                }
            }
            for await _ in written {}
            group.cancelAll()
            await #expect(throws: CancellationError.self) { try await group.next() }
        }
        #expect(try staged(system, "/data").isEmpty)
        #expect(try await !store.contains(ObjectKey("a")))
    }
}
