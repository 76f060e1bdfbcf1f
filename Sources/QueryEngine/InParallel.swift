// SPDX-License-Identifier: Apache-2.0

/// Does some work for each item, for a few of them at a time.
///
/// - Parameter width: How many at a time.
/// - Returns: The results in the order of the items.
func inParallel<Item: Sendable, Result: Sendable>(
    _ items: [Item], width: Int, _ work: @escaping @Sendable (Item) async throws -> Result
) async throws -> [Result] {
    guard items.count > 1, width > 1 else {
        var results: [Result] = []
        for item in items {
            try Task.checkCancellation()
            results.append(try await work(item))
        }
        return results
    }
    return try await withThrowingTaskGroup(of: (Int, Result).self) { group in
        var results = [Result?](repeating: nil, count: items.count)
        var next = 0
        func begin() {
            guard next < items.count else { return }
            let (index, item) = (next, items[next])
            group.addTask {
                try Task.checkCancellation()
                return (index, try await work(item))
            }
            next += 1
        }
        for _ in 0..<width { begin() }
        while let (index, result) = try await group.next() {
            results[index] = result
            begin()
        }
        return results.compactMap { $0 }
    }
}
