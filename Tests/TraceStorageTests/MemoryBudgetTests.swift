// SPDX-License-Identifier: Apache-2.0

internal import Synchronization
internal import Testing
internal import TraceStorage

@Suite("The memory budget", .timeLimit(.minutes(5))) struct MemoryBudgetTests {
    @Test("the shares are the whole", arguments: [1 << 30, 256 << 20, 1_000_003]) func shares(total: Int) {
        let budget = MemoryBudget(total: total)
        #expect(budget.limits.values.reduce(0, +) == total)
        #expect(MemoryHolder.allCases.allSatisfy { (budget.limits[$0] ?? 0) > 0 })
    }

    @Test("nobody takes more than the holder's limit, and what must be taken makes the caches give way") func limits() {
        let budget = MemoryBudget(limits: [.heads: 10, .query: 5, .cache: 20])
        #expect(budget.take(10, for: .heads) && !budget.take(1, for: .heads) && budget.take(0, for: .heads))
        #expect(budget.cacheAllowance == 20)
        budget.takeAnyway(7, for: .heads, insteadOf: 2)
        #expect(budget.usedByteCount(by: .heads) == 15)
        #expect(budget.cacheAllowance == 15)
        budget.takeAnyway(30, for: .query)
        #expect(budget.cacheAllowance == 0)
        budget.giveBack(30, for: .query)
        budget.giveBack(15, for: .heads)
        #expect(budget.cacheAllowance == 20)
    }

    @Test("a reservation counts what it is told, and goes back with its last reference") func reservation() {
        let budget = MemoryBudget(limits: [.heads: 10])
        var held: [MemoryReservation] = [MemoryReservation(0, .heads, of: budget)]
        held[0].count(8)
        #expect(budget.take(2, for: .heads))
        held[0].count(5, insteadOf: 2)
        #expect(budget.usedByteCount(by: .heads) == 5 && held[0].byteCount == 5)
        held = []
        #expect(budget.usedByteCount(by: .heads) == 0)
    }

    @Test("whoever waits gets memory in turn; what is larger than the limit goes alone") func waiting() async throws {
        let budget = MemoryBudget(limits: [.building: 10])
        let admitted = Admitted()
        try await withThrowingTaskGroup { group in
            var first: MemoryReservation? = try await budget.takeWaiting(6, for: .building)
            for (index, byteCount) in [5, 4, 100, 1].enumerated() {
                group.addTask {
                    let reservation = try await budget.takeWaiting(byteCount, for: .building)
                    let used = budget.usedByteCount(by: .building)
                    #expect(used <= 10 || used == byteCount)
                    admitted.add(byteCount)
                    while byteCount == 4, !admitted.byteCounts.contains(5) { await Task.yield() }
                    withExtendedLifetime(reservation) {}
                }
                while budget.waiterCount <= index { await Task.yield() }
            }
            // The least would fit, but does not overtake.
            #expect(admitted.byteCounts.isEmpty)
            _ = first.take()
            try await group.waitForAll()
        }
        #expect(Set(admitted.byteCounts.prefix(2)) == [5, 4])
        #expect(admitted.byteCounts.suffix(2) == [100, 1])
        #expect(budget.usedByteCount(by: .building) == 0)
    }

    @Test("whoever stops waiting takes nothing and lets those behind go on") func cancellation() async throws {
        let budget = MemoryBudget(limits: [.building: 10])
        let first = try await budget.takeWaiting(6, for: .building)
        let large = Task { try await budget.takeWaiting(9, for: .building) }
        while budget.waiterCount < 1 { await Task.yield() }
        let small = Task { try await budget.takeWaiting(4, for: .building).byteCount }
        while budget.waiterCount < 2 { await Task.yield() }
        large.cancel()
        await #expect(throws: CancellationError.self) { try await large.value }
        #expect(try await small.value == 4)
        #expect(budget.waiterCount == 0)
        withExtendedLifetime(first) {}
    }
}

/// Who got memory, in order.
private final class Admitted: Sendable {
    private let held = Mutex<[Int]>([])

    var byteCounts: [Int] { held.withLock { $0 } }

    func add(_ byteCount: Int) { held.withLock { $0.append(byteCount) } }
}
