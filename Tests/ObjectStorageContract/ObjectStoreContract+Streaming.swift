// SPDX-License-Identifier: Apache-2.0
internal import ObjectStorage

extension ObjectStoreContract {
    static let streaming: [Claim] = [
        Claim("invisible", "a writer's object is not there before it is complete") { bench in
            let writer = try await bench.store.writer(for: bench.key("a/b"))
            try await writer.write([1, 2])
            try await expectFailure(.notFound) { _ = try await bench.get("a/b") }
            let page = try await bench.store.list(bench.prefix(), after: nil, limit: 9)
            try expect(page.entries.isEmpty, "nothing is listed")
            try await writer.write([3])
            try await writer.complete()
            try expect(try await bench.get("a/b") == [1, 2, 3], "then it is, joined")
        },
        Claim("replace", "a writer leaves the old object until it is complete") { bench in
            try await bench.put("a", [9])
            let writer = try await bench.store.writer(for: bench.key("a"))
            try await writer.write([1, 2])
            try expect(try await bench.get("a") == [9], "the old one stays")
            try await writer.complete()
            try expect(try await bench.get("a") == [1, 2], "the new one replaces it")
            try expect(try await bench.get("a", 1..<2) == [2], "for ranges too")
        },
        Claim("abort", "an aborted writer leaves nothing, a completed one what it wrote") { bench in
            let writer = try await bench.store.writer(for: bench.key("a"))
            try await writer.write([1])
            await writer.abort()
            await writer.abort()
            try await expectFailure(.notFound) { _ = try await bench.get("a") }
            let other = try await bench.store.writer(for: bench.key("b"))
            try await other.write([1])
            try await other.complete()
            await other.abort()
            try expect(try await bench.get("b") == [1], "abort after the end does nothing")
        },
        Claim("scoped", "a body that throws leaves nothing, one that returns an object") { bench in
            struct Stop: Error {}
            do {
                try await bench.store.write(bench.key("a")) { writer in
                    try await writer.write([1])
                    throw Stop()
                }
            } catch is Stop {}
            try await expectFailure(.notFound) { _ = try await bench.get("a") }
            let answer = try await bench.store.write(bench.key("a")) { writer in
                try await writer.write([2])
                return 7
            }
            try expect(answer == 7, "the body's answer comes back")
            try expect(try await bench.get("a") == [2], "the object is there")
        },
        Claim("no-parts", "a writer without parts makes an empty object") { bench in
            try await bench.store.write(bench.key("a")) { _ in }
            try expect(try await bench.get("a") == [], "it is empty")
            try await bench.store.write(bench.key("b")) { try await $0.write([]) }
            try expect(try await bench.get("b") == [], "an empty part adds nothing")
        },
        Claim("parts", "parts of all sizes, 12 MB in all, become one object") { bench in
            let bytes = bench.pattern(12_000_000)
            try await bench.store.write(bench.key("a")) { writer in
                var (offset, partByteCount) = (0, 1)
                while offset < bytes.count {
                    let part = bytes[offset...].prefix(partByteCount)
                    try await writer.write(Array(part))
                    offset += part.count
                    partByteCount = partByteCount * 3 + 1
                }
            }
            try expect(try await bench.get("a") == bytes, "all parts in their order")
        },
        Claim("two-writers", "of two writers the one that completes last stays, whole") { bench in
            let first = try await bench.store.writer(for: bench.key("a"))
            let second = try await bench.store.writer(for: bench.key("a"))
            try await first.write([1, 1])
            try await second.write([2])
            try await second.complete()
            try expect(try await bench.get("a") == [2], "the second is there")
            try await first.complete()
            try expect(try await bench.get("a") == [1, 1], "the first replaced it")
        },
    ]
}
