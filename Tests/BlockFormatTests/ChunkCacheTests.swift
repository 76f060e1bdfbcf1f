// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import Synchronization
internal import Testing
internal import TraceModel

@Suite struct ChunkCacheTests {
    /// What a cache has said of its growth, and what it may hold.
    private final class Account: Sendable {
        let used = Mutex(0)
        let limit: Int

        init(limit: Int) { self.limit = limit }

        var room: Int { used.withLock { limit - $0 } }
    }

    private func cache(_ account: Account) -> ChunkCache {
        ChunkCache {
            account.room
        } onChange: { change in
            account.used.withLock { $0 += change }
        }
    }

    private func block() -> WrittenBlock {
        var choices = Choices(seed: 1)
        return write([view(of: choices.spans(20_000, traceCount: 2_000, names: ["a", "b", "c"], services: ["s", "t"]))])
    }

    /// Bytes that a scan of the whole block reads from storage.
    private func scan(_ reader: BlockReader) async throws -> Int {
        let filter = SpanFilter.holds(.duration, .compares(.greaterOrEqual, .integer(0)))
        let scan = try #require(try await BlockTraceScan(reader, RowRequest(filter)))
        var byteCount = 0
        for group in scan.groups { byteCount += try await scan.rows(of: group.index).byteCount }
        return byteCount
    }

    @Test func `what was read once is not read again while there is room`() async throws {
        let account = Account(limit: 1 << 30)
        let cache = cache(account)
        let written = block()
        let reader = try await BlockReader(id: written.id, source: MemorySource(bytes: written.bytes), chunks: cache)
        #expect(try await scan(reader) > 0)
        #expect(try await scan(reader) == 0)
        #expect(cache.figures.hits > 0 && cache.figures.byteCount == account.used.withLock { $0 })
        cache.shrink(by: .max)
        #expect(cache.figures.chunks == 0 && account.used.withLock { $0 } == 0)
        #expect(try await scan(reader) > 0)
    }

    @Test(arguments: [0, 1 << 10, 40 << 10, 100 << 10]) func `a cache never holds more than it may`(limit: Int) async throws {
        let account = Account(limit: limit)
        let cache = cache(account)
        let written = block()
        let reader = try await BlockReader(id: written.id, source: MemorySource(bytes: written.bytes), chunks: cache)
        for _ in 0..<3 {
            #expect(try await scan(reader) > 0)
            #expect(cache.figures.byteCount <= limit && account.room >= 0)
        }
    }

    @Test func `what it held goes back when it is gone`() async throws {
        let account = Account(limit: 1 << 30)
        do {
            let written = block()
            let reader = try await BlockReader(
                id: written.id, source: MemorySource(bytes: written.bytes), chunks: cache(account))
            _ = try await scan(reader)
            #expect(account.used.withLock { $0 } > 0)
        }
        #expect(account.used.withLock { $0 } == 0)
    }
}
