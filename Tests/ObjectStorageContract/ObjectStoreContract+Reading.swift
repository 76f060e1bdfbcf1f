// SPDX-License-Identifier: Apache-2.0
internal import ObjectStorage

extension ObjectStoreContract {
    static let reading: [Claim] = [
        Claim("whole", "what was put comes back, whole and measured") { bench in
            for count in [0, 1, 2, 1000, 70_000] {
                let bytes = bench.pattern(count)
                try await bench.put("\(count)", bytes)
                try expect(try await bench.get("\(count)") == bytes, "\(count) bytes come back")
                let size = try await bench.store.byteCount(of: bench.key("\(count)"))
                try expect(size == count, "the size is \(count), is \(size)")
            }
        },
        Claim("missing", "what is not there is notFound") { bench in
            try await expectFailure(.notFound) { _ = try await bench.get("a") }
            try await expectFailure(.notFound) { _ = try await bench.get("a/b", 0..<1) }
            try await expectFailure(.notFound) {
                _ = try await bench.store.byteCount(of: bench.key("a"))
            }
            try expect(try await !bench.store.contains(bench.key("a")), "it is not contained")
        },
        Claim("folder", "the folder of an object is no object") { bench in
            try await bench.put("a/b", [1])
            try await expectFailure(.notFound) { _ = try await bench.get("a") }
            try await expectFailure(.notFound) { _ = try await bench.get("a", 0..<1) }
            try await expectFailure(.notFound) {
                _ = try await bench.store.byteCount(of: bench.key("a"))
            }
        },
        Claim("ranges", "a range gives exactly its bytes or throws invalidRange") { bench in
            let bytes = bench.pattern(7)
            try await bench.put("a", bytes)
            for start in 0...9 {
                for end in start...9 {
                    if start == end || end <= 7 {
                        let part = try await bench.get("a", start..<end)
                        let expected = start == end ? [] : Array(bytes[start..<end])
                        try expect(part == expected, "\(start)..<\(end) gives its bytes")
                    } else {
                        try await expectFailure(.invalidRange) {
                            _ = try await bench.get("a", start..<end)
                        }
                    }
                }
            }
        },
        Claim("empty-object", "an empty object exists and has no bytes to give") { bench in
            try await bench.put("a", [])
            try expect(try await bench.get("a") == [], "it is empty")
            try expect(try await bench.store.contains(bench.key("a")), "it exists")
            try await expectFailure(.invalidRange) { _ = try await bench.get("a", 0..<1) }
        },
        Claim("limit", "a whole object is refused above the limit, not cut") { bench in
            try await bench.put("a", [1, 2, 3])
            let key = try bench.key("a")
            try expect(try await bench.store.get(key, upTo: 3) == [1, 2, 3], "the limit fits")
            try await expectFailure(.tooLarge) { _ = try await bench.store.get(key, upTo: 2) }
        },
        Claim("large", "10 MB come back, whole and by ranges") { bench in
            let bytes = bench.pattern(10_000_000)
            try await bench.put("a", bytes)
            try expect(try await bench.get("a") == bytes, "it is whole")
            for range in [0..<1, 9_999_999..<10_000_000, 4_194_303..<4_194_305, 1..<9_999_999] {
                let part = try await bench.get("a", range)
                try expect(part.elementsEqual(bytes[range]), "\(range) gives its bytes")
            }
        },
        Claim("names", "every character that a key may have works") { bench in
            let names = [
                "A-Za-z0-9", "!", "-", "_", "a.b", "*", "'", "(", ")", "=", "a!-_.*'()=",
                String(repeating: "n", count: 255), "deep/er/and/deep.er",
            ]
            for (index, name) in names.enumerated() { try await bench.put(name, [UInt8(index)]) }
            for (index, name) in names.enumerated() {
                try expect(try await bench.get(name) == [UInt8(index)], "\(name) keeps its own")
            }
        },
    ]
}
