// SPDX-License-Identifier: Apache-2.0
internal import Dispatch
internal import Glibc
internal import Synchronization

/// Runs blocking calls for async code on a few threads of its own.
///
/// **Rule.** Whatever can wait for a disk goes through one of these. **Why.** Swift has as many
/// cooperative threads as cores, often two: two slow reads on them stop the whole program. Dispatch
/// queues don't help, they share the cooperative threads' pool on Linux. **Advice.** Give work that
/// must not wait for other work (the journal) an executor of its own.
package final class BlockingExecutor: Sendable {
    private let queue: JobQueue
    private let name: String

    /// Starts the threads; they end when the executor is let go.
    /// - Parameters:
    ///   - name: Appears in errors.
    ///   - threadCount: How many calls run at once.
    ///   - queueLimit: How many may wait for a thread; each costs its closure and a suspended task.
    ///   - niceness: 0 to 19: how much the threads give way to others that want a core.
    /// - Throws: `.tooManyOpenFiles` if the system gives no thread.
    package init(
        name: String, threadCount: Int, queueLimit: Int = 4096, niceness: Int32 = 0
    ) throws(FileIOError) {
        precondition(threadCount > 0 && queueLimit > 0)
        self.name = name
        queue = JobQueue(limit: queueLimit, niceness: niceness)
        for _ in 0..<threadCount {
            guard startThread(working: queue) else {
                queue.stop()
                throw FileIOError(.tooManyOpenFiles, .start, name, detail: "no thread to be had")
            }
        }
    }

    deinit { queue.stop() }

    /// Runs `body` on one of the threads and gives its result back.
    ///
    /// - Parameter evenIfCancelled: Whether a cancelled task's call is made all the same, as
    ///   cleaning up needs it. Otherwise it throws `CancellationError` if it had not begun; a call
    ///   that has begun is always finished and its result given back.
    /// - Throws: what `body` throws; `FileIOError` `.busy` if the queue is full.
    package func run<Answer: Sendable>(
        evenIfCancelled: Bool = false, _ body: @escaping @Sendable () throws -> Answer
    ) async throws -> Answer {
        let isCancelled = CancellationFlag()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isAccepted = queue.append {
                    if isCancelled.value.load(ordering: .relaxed), !evenIfCancelled {
                        continuation.resume(throwing: CancellationError())
                    } else {
                        continuation.resume(with: Result(catching: body))
                    }
                }
                if !isAccepted {
                    continuation.resume(throwing: FileIOError(
                        .busy, .start, name, detail: "too many calls wait for a thread"))
                }
            }
        } onCancel: {
            isCancelled.value.store(true, ordering: .relaxed)
        }
    }
}

private final class CancellationFlag: Sendable {
    let value = Atomic(false)
}

/// Jobs in the order of their arrival, taken by the threads.
private final class JobQueue: Sendable {
    typealias Job = @Sendable () -> Void

    private struct State {
        var jobs: [Job?] = []
        /// Those before it are done.
        var headIndex = 0
        var isStopped = false

        mutating func popFirst() -> Job? {
            guard headIndex < jobs.count else { return nil }
            defer { headIndex += 1 }
            return jobs[headIndex].take()
        }

        /// Frees the slots of what is done, once they are half of all: amortized O(1).
        mutating func compact() {
            guard headIndex * 2 >= jobs.count else { return }
            jobs.removeFirst(headIndex)
            headIndex = 0
        }
    }

    private let limit: Int
    private let state = Mutex(State())
    /// Counts the jobs that wait, plus every stop signal.
    private let waiting = DispatchSemaphore(value: 0)

    private let niceness: Int32

    init(limit: Int, niceness: Int32) {
        self.limit = limit
        self.niceness = niceness
    }

    /// - Returns: false if the queue is full; the job is then dropped.
    func append(_ job: @escaping Job) -> Bool {
        let isAccepted = state.withLock { state in
            guard state.jobs.count - state.headIndex < limit else { return false }
            state.compact()
            state.jobs.append(job)
            return true
        }
        if isAccepted { waiting.signal() }
        return isAccepted
    }

    func stop() {
        state.withLock { $0.isStopped = true }
        waiting.signal()
    }

    /// Works until the queue was stopped and is empty.
    func work() {
        // On Linux this is the calling thread's own; where it is not allowed the thread is merely less polite.
        if niceness > 0 { _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, niceness) }
        while true {
            waiting.wait()
            let (job, isStopped) = state.withLock { ($0.popFirst(), $0.isStopped) }
            if let job {
                job()
            } else if isStopped {
                waiting.signal()  // the next thread's turn to hear it
                return
            }
        }
    }
}

/// - Returns: false if the system has no thread to give.
private func startThread(working queue: JobQueue) -> Bool {
    // Safe: the retained reference is handed to the thread, which releases it, or is released
    // here if there is no thread.
    let reference = unsafe Unmanaged.passRetained(queue)
    var thread = pthread_t()
    let errorNumber = unsafe pthread_create(
        &thread, nil,
        { argument in
            if let argument = unsafe argument {
                unsafe Unmanaged<JobQueue>.fromOpaque(argument).takeRetainedValue().work()
            }
            return nil
        }, reference.toOpaque())
    guard errorNumber == 0 else {
        unsafe reference.release()
        return false
    }
    pthread_detach(thread)
    return true
}
