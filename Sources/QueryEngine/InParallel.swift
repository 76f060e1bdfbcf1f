// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Does some work for each item, for a few of them at a time where that is worth it.
///
/// The caller's task begins alone, and others help with what it has not done after a moment: to wake one costs more
/// than many an item whose bytes are at hand.
///
/// - Parameters:
///   - width: How many at a time.
///   - moment: That long the caller works alone.
/// - Returns: The results in the order of the items.
package func inParallel<Item: Sendable, Result: Sendable>(
    _ items: [Item], width: Int, alone moment: Duration = .milliseconds(1),
    _ work: @escaping @Sendable (Item) async throws -> Result
) async throws -> [Result] {
    let next = NextItem()
    let started = ContinuousClock.now
    var all = try await results(items, next, until: { width > 1 && ContinuousClock.now - started >= moment }, work)
    let helperCount = min(width, items.count - all.count) - 1
    guard helperCount > 0 else {
        all += try await results(items, next, work)
        return all.map(\.result)
    }
    return try await withThrowingTaskGroup(of: [(index: Int, result: Result)].self) { group in
        for _ in 0..<helperCount { group.addTask { try await results(items, next, work) } }
        all += try await results(items, next, work)
        while let part = try await group.next() { all += part }
        all.sort { $0.index < $1.index }
        return all.map(\.result)
    }
}

/// Takes one item after the other until others have taken the rest, or it is enough.
private func results<Item: Sendable, Result: Sendable>(
    _ items: [Item], _ next: NextItem, until isEnough: () -> Bool = { false },
    _ work: @Sendable (Item) async throws -> Result
) async throws -> [(index: Int, result: Result)] {
    var results: [(index: Int, result: Result)] = []
    while let index = next.take(below: items.count) {
        try Task.checkCancellation()
        results.append((index, try await work(items[index])))
        if isEnough() { break }
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
