// SPDX-License-Identifier: Apache-2.0
internal import ObjectStorage

extension ObjectStoreContract {
    /// In the order of their bytes, which is not the order of a walk through folders.
    private static let sortedNames = [
        "A", "a!", "a-b", "a-b.c", "a.b/c", "a/b", "a/b-", "a/c/d", "a/c/d-", "a0", "aa", "b/x",
        "c", "c=",
    ]

    private static func fill(_ bench: Bench) async throws {
        for name in sortedNames.reversed() {
            try await bench.put(name, [UInt8](repeating: 1, count: name.utf8.count))
        }
    }

    static let listing: [Claim] = [
        Claim("order", "a listing gives all keys by their bytes, with sizes") { bench in
            try await fill(bench)
            let page = try await bench.store.list(bench.prefix(), after: nil, limit: 1000)
            try expect(bench.names(page) == sortedNames, "sorted, is \(bench.names(page))")
            let sizes = page.entries.map(\.byteCount)
            try expect(sizes == sortedNames.map(\.utf8.count), "the sizes fit")
            try expect(page.isLast, "nothing comes after")
        },
        Claim("pages", "pages of every size from every key join without gap or repeat") { bench in
            try await fill(bench)
            for start in [nil, "a.b/c", "a/b", "c="] as [String?] {
                let expected = sortedNames.filter { name in start.map { $0 < name } ?? true }
                for limit in 1...sortedNames.count + 1 {
                    var (names, isLast) = ([String](), false)
                    while !isLast {
                        let last = try (names.last ?? start).map { try bench.key($0) }
                        let page = try await bench.store.list(
                            bench.prefix(), after: last, limit: limit)
                        try expect(page.entries.count <= limit, "the limit holds")
                        try expect(!page.entries.isEmpty || page.isLast, "there is progress")
                        names += bench.names(page)
                        isLast = page.isLast
                    }
                    try expect(names == expected, "after \(start ?? "-") by \(limit): \(names)")
                }
            }
        },
        Claim("after", "a listing goes on after a key that is not there") { bench in
            try await fill(bench)
            for start in ["0", "a", "a-a", "a/", "a/c", "a/c/a", "a/zz", "ab", "z"] {
                let key = try bench.key(start.hasSuffix("/") ? start + "!" : start)
                let page = try await bench.store.list(bench.prefix(), after: key, limit: 1000)
                let expected = sortedNames.filter { bench.folder.text + "/" + $0 > key.text }
                try expect(bench.names(page) == expected, "after \(start): \(bench.names(page))")
            }
        },
        Claim("prefix", "a prefix ends anywhere, in a segment too") { bench in
            try await fill(bench)
            let prefixes = [
                "a", "a-", "a-b", "a.", "a/", "a/b", "a/c", "a/c/", "a/c/d", "a/c/d-", "b", "b/",
                "b/y", "c", "zz", "zz/",
            ]
            for prefix in prefixes {
                let page = try await bench.store.list(
                    bench.prefix(prefix), after: nil, limit: 1000)
                let expected = sortedNames.filter { $0.hasPrefix(prefix) }
                try expect(bench.names(page) == expected, "\(prefix): \(bench.names(page))")
            }
        },
        Claim("prefix-after", "prefix and start hold both") { bench in
            try await fill(bench)
            for (prefix, start) in [("a/", "a-b"), ("a/", "a/b"), ("a", "b"), ("b", "a")] {
                let page = try await bench.store.list(
                    bench.prefix(prefix), after: bench.key(start), limit: 1000)
                let expected = sortedNames.filter { $0.hasPrefix(prefix) && start < $0 }
                try expect(bench.names(page) == expected, "\(prefix) \(start)")
            }
        },
        Claim("many", "a listing of more than a page comes whole and in order") { bench in
            let names = (0..<ObjectPage.entryCountLimit + 3).map { "\($0 / 100)/\($0)" }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (index, name) in names.enumerated() {
                    if index >= 32 { try await group.next() }
                    group.addTask { try await bench.put(name, [1]) }
                }
                try await group.waitForAll()
            }
            var listed: [String] = []
            for try await entry in try bench.store.entries(bench.prefix()) {
                listed.append(String(entry.key.text.dropFirst(bench.folder.text.count + 1)))
            }
            try expect(listed == names.sorted(), "all \(names.count), is \(listed.count)")
        },
    ]
}
