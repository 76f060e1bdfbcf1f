// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Calls on their way from the event loops to the tasks that perform them, first come first served.
///
/// A call goes straight to a waiting task, so that it costs one switch of threads. What waits here is bounded by the
/// memory for requests in flight, of which every call has a part.
final class CallQueue<Call: Sendable>: Sendable {
    private struct State {
        /// Nil where one was taken: what it holds is not held here any longer.
        var calls: [Call?] = []
        /// Where the first waiting call is: taking it moves no others.
        var firstCall = 0
        var waiting: [CheckedContinuation<Call?, Never>] = []
        var isFinished = false

        mutating func takeCall() -> Call? {
            guard firstCall < calls.count else { return nil }
            defer {
                calls[firstCall] = nil
                firstCall += 1
                compact()
            }
            return calls[firstCall]
        }

        /// Forgets taken calls once they are the greater part.
        private mutating func compact() {
            guard firstCall * 2 >= calls.count else { return }
            calls.removeFirst(firstCall)
            firstCall = 0
        }
    }

    private let state = Mutex(State())

    /// Adds a call; false if the queue is finished.
    func add(_ call: Call) -> Bool {
        let (isWelcome, task) = state.withLock { state in
            guard !state.isFinished else { return (false, nil as CheckedContinuation<Call?, Never>?) }
            if let task = state.waiting.popLast() { return (true, task) }
            state.calls.append(call)
            return (true, nil)
        }
        task?.resume(returning: call)
        return isWelcome
    }

    /// Hands a call to a task that waits for one; false if none does.
    func offer(_ call: Call) -> Bool {
        let task = state.withLock { $0.waiting.popLast() }
        task?.resume(returning: call)
        return task != nil
    }

    /// The next call; nil when the queue is finished and empty.
    func next() async -> Call? {
        await withCheckedContinuation { continuation in
            let answer: Call?? = state.withLock { state in
                if let call = state.takeCall() { return .some(call) }
                if state.isFinished { return .some(nil) }
                state.waiting.append(continuation)
                return nil
            }
            if let answer { continuation.resume(returning: answer) }
        }
    }

    /// Lets no more calls in; tasks get those that are there, then nil.
    func finish() {
        let waiting = state.withLock { state in
            state.isFinished = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for task in waiting { task.resume(returning: nil) }
    }
}
