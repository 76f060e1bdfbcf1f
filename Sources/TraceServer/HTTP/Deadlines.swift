// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// What is done if something does not happen in time, such as closing the connection of a client that does not send.
///
/// For times of seconds that nearly always are called off: one task looks through them once a second, so that a
/// request pays for two short locks. A timer of the connection's event loop costs a wake-up of its thread, twice.
package final class Deadlines: Sendable {
    private struct Deadline {
        var time: ContinuousClock.Instant
        var action: @Sendable () -> Void
    }

    private struct State {
        var deadlines: [Int: Deadline] = [:]
        var nextKey = 0
    }

    private let state = Mutex(State())

    /// How long after its time a deadline may be noticed.
    private static let interval = Duration.seconds(1)

    package init() {}

    /// Does `action` at the first look after `time`, unless it is called off.
    ///
    /// - Returns: The key to call it off with.
    package func add(at time: ContinuousClock.Instant, _ action: @escaping @Sendable () -> Void) -> Int {
        state.withLock { state in
            state.nextKey += 1
            state.deadlines[state.nextKey] = Deadline(time: time, action: action)
            return state.nextKey
        }
    }

    /// Nothing happens if the deadline has passed.
    package func callOff(_ key: Int) { state.withLock { _ = $0.deadlines.removeValue(forKey: key) } }

    /// Deadlines that are neither called off nor past.
    package var count: Int { state.withLock { $0.deadlines.count } }

    /// Does what was due at `now`.
    package func act(at now: ContinuousClock.Instant) {
        let due = state.withLock { state in
            let due = state.deadlines.filter { $0.value.time <= now }
            for key in due.keys { state.deadlines[key] = nil }
            return due
        }
        for deadline in due.values { deadline.action() }
    }

    /// Keeps looking until the task is cancelled.
    package func run() async {
        while (try? await Task.sleep(for: Self.interval)) != nil { act(at: .now) }
    }
}
