// SPDX-License-Identifier: Apache-2.0

import QueryEngine
import Synchronization
import Testing

@Suite struct InParallelTests {
    @Test(arguments: [Duration.zero, .seconds(1_000)])
    func `results come in the order of the items`(alone: Duration) async throws {
        for count in 0..<20 {
            for width in 1...4 {
                let results = try await inParallel(Array(0..<count), width: width, alone: alone) { item in
                    if item.isMultiple(of: 3) { await Task.yield() }
                    return item * item
                }
                #expect(results == (0..<count).map { $0 * $0 })
            }
        }
    }

    @Test func `others help once the moment is over, and not before`() async throws {
        for (alone, isHelped) in [(Duration.zero, true), (.seconds(1_000), false)] {
            let running = Mutex((now: 0, most: 0))
            _ = try await inParallel(Array(0..<8), width: 3, alone: alone) { item in
                running.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
                // The first of two waits for the other one, if there may be one.
                if isHelped, item > 0 { while running.withLock({ $0.most }) < 2 { await Task.yield() } }
                running.withLock { $0.now -= 1 }
            }
            #expect((running.withLock { $0.most } > 1) == isHelped)
            #expect(running.withLock { $0.most } <= 3)
        }
    }

    @Test(arguments: [Duration.zero, .seconds(1_000)])
    func `an error is the answer`(alone: Duration) async {
        struct Failure: Error {}
        for failing in 0..<8 {
            await #expect(throws: Failure.self) {
                try await inParallel(Array(0..<8), width: 2, alone: alone) { if $0 == failing { throw Failure() } }
            }
        }
    }

    @Test(arguments: [Duration.zero, .seconds(1_000)])
    func `who is cancelled begins nothing more`(alone: Duration) async {
        let done = Mutex(0)
        let task = Task {
            try await inParallel(Array(0..<1_000), width: 2, alone: alone) { _ in
                done.withLock { $0 += 1 }
                while !Task.isCancelled { await Task.yield() }
            }
        }
        while done.withLock({ $0 }) == 0 { await Task.yield() }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(done.withLock { $0 } <= 2)
    }
}
