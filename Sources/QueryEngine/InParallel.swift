// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Does some work for each item, for a few of them at a time where that is worth it.
///
/// The caller's task does the first item, and others help with the rest only if that seems to take long: to wake one
/// costs more than many an item whose bytes are at hand.
///
/// - Parameter width: How many at a time.
/// - Returns: The results in the order of the items.
func inParallel<Item: Sendable, Result: Sendable>(
    _ items: [Item], width: Int, _ work: @escaping @Sendable (Item) async throws -> Result
) async throws -> [Result] {
    guard let first = items.first else { return [] }
    let started = ContinuousClock.now
    try Task.checkCancellation()
    var all = [(index: 0, result: try await work(first))]
    let rest = (ContinuousClock.now - started) * (items.count - 1)
    let next = NextItem(1)
    guard width > 1, rest > worthwhile else {
        all += try await results(items, next, work)
        return all.map(\.result)
    }
    return try await withThrowingTaskGroup(of: [(index: Int, result: Result)].self) { group in
        for _ in 1..<min(width, items.count) { group.addTask { try await results(items, next, work) } }
        all += try await results(items, next, work)
        while let part = try await group.next() { all += part }
        all.sort { $0.index < $1.index }
        return all.map(\.result)
    }
}

/// Less work is not shared.
private let worthwhile = Duration.milliseconds(1)

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
    private let index: Atomic<Int>

    init(_ first: Int) { index = Atomic(first) }

    func take(below count: Int) -> Int? {
        let taken = index.wrappingAdd(1, ordering: .relaxed).oldValue
        return taken < count ? taken : nil
    }
}
