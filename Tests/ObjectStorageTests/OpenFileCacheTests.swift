// SPDX-License-Identifier: Apache-2.0
internal import FileIO
internal import ObjectStorage
internal import Testing

@Suite("The cache of open files")
struct OpenFileCacheTests {
    private let system = SimulatedFileSystem(seed: 1)

    private func object(_ name: String) throws -> OpenFileCache.OpenObject {
        OpenFileCache.OpenObject(file: try system.open("/" + name, .createNew), byteCount: 0)
    }

    private func kept(_ names: [String], in cache: inout OpenFileCache) throws -> [String] {
        try names.filter { cache.object(for: try ObjectKey($0)) != nil }
    }

    @Test("lets go what was not used for longest")
    func leastRecentlyUsed() throws {
        var cache = OpenFileCache(capacity: 2)
        for name in ["a", "b"] {
            cache.insert(try object(name), for: try ObjectKey(name), openedIn: cache.generation)
        }
        _ = cache.object(for: try ObjectKey("a"))
        cache.insert(try object("c"), for: try ObjectKey("c"), openedIn: cache.generation)
        #expect(cache.count == 2)
        #expect(try kept(["a", "b", "c"], in: &cache) == ["a", "c"])
    }

    @Test("does not take a file that was opened before a replacement")
    func generations() throws {
        var cache = OpenFileCache(capacity: 2)
        let generation = cache.generation
        let old = try object("a")
        cache.remove(try ObjectKey("a"))
        cache.insert(old, for: try ObjectKey("a"), openedIn: generation)
        #expect(cache.count == 0)
        cache.insert(old, for: try ObjectKey("a"), openedIn: cache.generation)
        cache.remove(try ObjectKey("a"))
        #expect(cache.count == 0)
    }

    @Test("of no capacity keeps nothing")
    func nothing() throws {
        var cache = OpenFileCache(capacity: 0)
        cache.insert(try object("a"), for: try ObjectKey("a"), openedIn: cache.generation)
        #expect(cache.count == 0)
    }

    @Test("lets go of a file only when its readers do")
    func readersKeepFiles() throws {
        var cache = OpenFileCache(capacity: 1)
        var first: OpenFileCache.OpenObject? = try object("a")
        weak let file = first?.file
        if let first {
            cache.insert(first, for: try ObjectKey("a"), openedIn: cache.generation)
        }
        cache.insert(try object("b"), for: try ObjectKey("b"), openedIn: cache.generation)
        #expect(file != nil)
        first = nil
        #expect(file == nil)
    }
}
