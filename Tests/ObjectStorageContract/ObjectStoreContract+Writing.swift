// SPDX-License-Identifier: Apache-2.0
internal import ObjectStorage

extension ObjectStoreContract {
    static let writing: [Claim] = [
        Claim("overwrite", "put replaces, shorter or longer, at once for every read") { bench in
            for bytes in [[1, 2, 3], [4], [5, 6, 7, 8, 9], []] as [[UInt8]] {
                try await bench.put("a", bytes)
                try expect(try await bench.get("a") == bytes, "the newest is read")
                let part = try await bench.get("a", 0..<bytes.count)
                try expect(part == bytes, "a range reads the newest")
            }
        },
        Claim("chunks", "chunks become one object in their order") { bench in
            let key = try bench.key("a")
            try await bench.store.put(key, chunks: [[1], [], [2, 3], [4]])
            try expect(try await bench.get("a") == [1, 2, 3, 4], "put joins")
            try await bench.store.put(key, chunks: [])
            try expect(try await bench.get("a") == [], "no chunks are an empty object")
            try await bench.store.create(bench.key("b"), chunks: [[1], [], [2, 3]])
            try expect(try await bench.get("b") == [1, 2, 3], "create joins")
        },
        Claim("create", "create refuses what is there and leaves it alone") { bench in
            try await bench.store.create(bench.key("a"), [1])
            try await expectFailure(.alreadyExists) {
                try await bench.store.create(bench.key("a"), [2])
            }
            try await bench.put("b", [3])
            try await expectFailure(.alreadyExists) {
                try await bench.store.create(bench.key("b"), [4])
            }
            try expect(try await bench.get("a") == [1], "the created one stays")
            try expect(try await bench.get("b") == [3], "the put one stays")
            try await bench.store.delete(bench.key("a"))
            try await bench.store.create(bench.key("a"), [5])
            try expect(try await bench.get("a") == [5], "after a deletion there is room")
        },
        Claim("race", "of 16 concurrent creates exactly one wins") { bench in
            for round in 0..<8 {
                let key = try bench.key("new-folder-\(round)/a")
                let winners = try await withThrowingTaskGroup(of: UInt8?.self) { group in
                    for racer in 0..<16 as Range<UInt8> {
                        group.addTask { try await race(bench.store, key, racer) }
                    }
                    return try await group.reduce(into: []) { $0 += $1.map { [$0] } ?? [] }
                }
                try expect(winners.count == 1, "one wins, not \(winners)")
                let bytes = try await bench.store.get(key)
                try expect(bytes == [UInt8](repeating: winners[0], count: 99), "its bytes stay")
            }
        },
        Claim("delete", "delete removes, and is silent when there is nothing") { bench in
            try await bench.put("a/b", [1])
            _ = try await bench.get("a/b", 0..<1)
            try await bench.store.delete(bench.key("a/b"))
            try await expectFailure(.notFound) { _ = try await bench.get("a/b") }
            try await expectFailure(.notFound) { _ = try await bench.get("a/b", 0..<1) }
            try await bench.store.delete(bench.key("a/b"))
            try await bench.store.delete(bench.key("never/was"))
            let page = try await bench.store.list(bench.prefix(), after: nil, limit: 9)
            try expect(page == ObjectPage(entries: [], isLast: true), "nothing is listed")
        },
        Claim("no-mixture", "readers beside overwriting writers never meet a mixture") { bench in
            let key = try bench.key("a")
            try await bench.store.put(key, [UInt8](repeating: 0, count: 50_000))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for value in 1...4 as ClosedRange<UInt8> {
                    group.addTask {
                        for _ in 0..<5 {
                            let bytes = [UInt8](repeating: value, count: 50_000 + Int(value))
                            try await bench.store.put(key, chunks: [bytes])
                        }
                    }
                    group.addTask {
                        for _ in 0..<20 {
                            let bytes = try await bench.store.get(key)
                            let value = bytes[0]
                            try expect(bytes.count == 50_000 + Int(value), "the size fits")
                            try expect(bytes.allSatisfy { $0 == value }, "one writer's bytes")
                        }
                    }
                }
                try await group.waitForAll()
            }
        },
    ]

    /// - Returns: the racer, if it won.
    private static func race(
        _ store: any ObjectStore, _ key: ObjectKey, _ racer: UInt8
    ) async throws -> UInt8? {
        do {
            try await store.create(key, [UInt8](repeating: racer, count: 99))
            return racer
        } catch let error as ObjectStoreError where error.code == .alreadyExists {
            return nil
        }
    }
}
