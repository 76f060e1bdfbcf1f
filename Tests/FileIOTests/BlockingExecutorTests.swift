// SPDX-License-Identifier: Apache-2.0
internal import Dispatch
internal import FileIO
internal import Synchronization
internal import Testing

/// Holds an executor's thread until it is opened.
private final class Gate: Sendable {
    private let entered = AsyncStream.makeStream(of: Void.self)
    private let opened = DispatchSemaphore(value: 0)

    /// Called on the executor's thread.
    func pass() {
        entered.continuation.yield()
        opened.wait()
    }

    func waitUntilEntered() async { for await _ in entered.stream { return } }
    func open() { opened.signal() }
}

/// What happened on other threads.
private final class Record<Value: Sendable>: Sendable {
    private let mutex: Mutex<Value>
    init(_ value: Value) { mutex = Mutex(value) }
    var value: Value { mutex.withLock { $0 } }
    func change(_ body: @Sendable (inout Value) -> Void) { mutex.withLock { body(&$0) } }
}

@Suite("The blocking executor", .timeLimit(.minutes(5)))
struct BlockingExecutorTests {
    @Test("gives results and errors back")
    func results() async throws {
        let executor = try BlockingExecutor(name: "test", threadCount: 2)
        #expect(try await executor.run { 42 } == 42)
        let error = FileIOError(.noSpace, .write, "/x")
        await #expect(throws: error) { try await executor.run { throw error } }
    }

    @Test("runs every call once, never more at a time than it has threads", arguments: [1, 3])
    func width(threadCount: Int) async throws {
        let executor = try BlockingExecutor(name: "test", threadCount: threadCount)
        let figures = Record((running: 0, greatest: 0))
        let sum = try await withThrowingTaskGroup(of: Int.self) { group in
            for index in 0..<2000 {
                group.addTask {
                    try await executor.run {
                        figures.change {
                            $0.running += 1
                            $0.greatest = max($0.greatest, $0.running)
                        }
                        defer { figures.change { $0.running -= 1 } }
                        return index
                    }
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(sum == 2000 * 1999 / 2)
        #expect(figures.value.greatest <= threadCount)
    }

    @Test("a full queue refuses at once instead of growing")
    func limit() async throws {
        let executor = try BlockingExecutor(name: "test", threadCount: 1, queueLimit: 1)
        let gate = Gate()
        async let first: Void = executor.run { gate.pass() }
        await gate.waitUntilEntered()
        // One of the two gets the only place; the other one is the first to end.
        let codes = await withTaskGroup(of: FileIOError.Code?.self) { group in
            for _ in 0..<2 {
                group.addTask {
                    do {
                        try await executor.run {}
                        return nil
                    } catch { return (error as? FileIOError)?.code }
                }
            }
            let refused = await group.next() ?? nil
            gate.open()
            return [refused, await group.next() ?? nil]
        }
        try await first
        #expect(codes == [.busy, nil])
    }

    @Test("a cancelled call that waits is not made, unless it has to be")
    func cancellation() async throws {
        let executor = try BlockingExecutor(name: "test", threadCount: 1)
        let gate = Gate()
        let made = Record<[String]>([])
        async let first: Void = executor.run { gate.pass() }
        await gate.waitUntilEntered()
        await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                do {
                    try await executor.run { made.change { $0.append("work") } }
                    return false
                } catch { return error is CancellationError }
            }
            group.cancelAll()
            gate.open()
            #expect(await group.next() == true)
        }
        try await first
        let task = Task {
            try await executor.run(evenIfCancelled: true) { made.change { $0.append("cleanup") } }
        }
        task.cancel()
        try await task.value
        #expect(made.value == ["cleanup"])
    }
}
