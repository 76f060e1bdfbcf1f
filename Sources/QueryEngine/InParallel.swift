// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Does some work for each item, for a few of them at a time.
///
/// The caller's task does a share itself: waking another one costs more than many an item.
///
/// - Parameter width: How many at a time.
/// - Returns: The results in the order of the items.
func inParallel<Item: Sendable, Result: Sendable>(
    _ items: [Item], width: Int, _ work: @escaping @Sendable (Item) async throws -> Result
) async throws -> [Result] {
    let next = NextItem()
    guard items.count > 1, width > 1 else { return try await results(items, next, work).map(\.result) }
    return try await withThrowingTaskGroup(of: [(index: Int, result: Result)].self) { group in
        for _ in 1..<min(width, items.count) { group.addTask { try await results(items, next, work) } }
        var all = try await results(items, next, work)
        while let part = try await group.next() { all += part }
        all.sort { $0.index < $1.index }
        return all.map(\.result)
    }
}

/// Takes one item after the other until others have taken the rest.
private func results<Item: Sendable, Result: Sendable>(
    _ items: [Item], _ next: NextItem, _ work: @Sendable (Item) async throws -> Result
) async throws -> [(index: Int, result: Result)] {
    var results: [(index: Int, result: Result)] = []
    while let index = next.take(below: items.count) {
        try Task.checkCancellation()
        results.append((index, try await work(items[index])))
    }
    return results
}

private final class NextItem: Sendable {
    private let index = Atomic(0)

    func take(below count: Int) -> Int? {
        let taken = index.wrappingAdd(1, ordering: .relaxed).oldValue
        return taken < count ? taken : nil
    }
}
