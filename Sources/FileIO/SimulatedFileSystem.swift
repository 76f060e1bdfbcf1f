// SPDX-License-Identifier: Apache-2.0
internal import Synchronization

/// A failure to come: the operations that match fail with `code`.
package struct SimulatedFault: Sendable {
    package var operation: FileOperation
    /// Only paths that end like this; empty means all.
    package var pathSuffix: String
    package var code: FileIOError.Code
    /// How many matching operations go well before.
    package var passedCount: Int
    /// How many then fail.
    package var failureCount: Int

    package init(
        _ operation: FileOperation, _ code: FileIOError.Code, pathSuffix: String = "",
        after passedCount: Int = 0, times failureCount: Int = 1
    ) {
        self.operation = operation
        self.code = code
        self.pathSuffix = pathSuffix
        self.passedCount = passedCount
        self.failureCount = failureCount
    }
}

/// A file system in memory for tests of durability: it fails on demand, and a power cut loses what
/// was not synchronized. The same seed and the same calls give the same outcome.
///
/// Every operation that changes or synchronizes something is a *step*. To try a power cut at every
/// step: run once, read `stepCount`, then for each step run again on a new file system after
/// `cutPower(atStep:)`, call `restart()`, and look at what is left.
package final class SimulatedFileSystem: FileSystem {
    struct State {
        var disk = SimulatedDisk()
        var generator: SeededGenerator
        var capacity: Int
        var faults: [SimulatedFault] = []
        var stepCount = 0
        var powerCutStep: Int?
        var hasPower = true
        /// Counts restarts: files and locks from before are dead.
        var epoch = 0
        var lockedPaths: Set<String> = []
    }

    let state: Mutex<State>

    /// - Parameter capacity: How many bytes all files together may hold.
    package init(seed: UInt64, capacity: Int = 1 << 40) {
        state = Mutex(State(generator: SeededGenerator(seed: seed), capacity: capacity))
    }

    /// How many steps were taken.
    package var stepCount: Int { state.withLock { $0.stepCount } }

    /// The bytes all files together may hold; less than they hold means: full.
    package var capacity: Int {
        get { state.withLock { $0.capacity } }
        set { state.withLock { $0.capacity = newValue } }
    }

    package func inject(_ fault: SimulatedFault) {
        state.withLock { $0.faults.append(fault) }
    }

    /// The step with this number (the next one's is `stepCount`) fails, perhaps after its effect,
    /// and so does everything after it until `restart()`.
    package func cutPower(atStep step: Int) {
        state.withLock { $0.powerCutStep = step }
    }

    /// Decides what survived and goes on with it. Files and locks from before are dead.
    package func restart() {
        state.withLock { state in
            state.disk.losePower(&state.generator)
            state.hasPower = true
            state.powerCutStep = nil
            state.epoch += 1
            state.lockedPaths = []
        }
    }

    /// A power cut between two steps, and the restart.
    package func crash() { restart() }
}

extension SimulatedFileSystem.State {
    /// Reads, if there is power and no fault.
    mutating func look<Answer>(
        _ operation: FileOperation, _ path: String,
        _ body: (inout Self) throws(FileIOError) -> Answer
    ) throws(FileIOError) -> Answer {
        try checkPower(operation, path)
        if let code = takeFault(operation, path) {
            throw FileIOError(code, operation, path, detail: "injected fault")
        }
        return try body(&self)
    }

    /// Changes or synchronizes, as one step.
    /// - Parameter failing: What an injected fault does beside failing.
    mutating func step<Answer>(
        _ operation: FileOperation, _ path: String,
        failing: (inout Self) -> Void = { _ in },
        _ body: (inout Self) throws(FileIOError) -> Answer
    ) throws(FileIOError) -> Answer {
        try checkPower(operation, path)
        let isPowerCut = stepCount == powerCutStep
        stepCount += 1
        if isPowerCut {
            if generator.next(below: 2) == 0 { _ = try? body(&self) }
            hasPower = false
            try checkPower(operation, path)
        }
        if let code = takeFault(operation, path) {
            failing(&self)
            throw FileIOError(code, operation, path, detail: "injected fault")
        }
        return try body(&self)
    }

    private func checkPower(_ operation: FileOperation, _ path: String) throws(FileIOError) {
        if !hasPower {
            throw FileIOError(.ioFailure, operation, path, detail: "simulated power cut")
        }
    }

    private mutating func takeFault(
        _ operation: FileOperation, _ path: String
    ) -> FileIOError.Code? {
        for index in faults.indices
        where faults[index].operation == operation && path.hasSuffix(faults[index].pathSuffix) {
            if faults[index].passedCount > 0 {
                faults[index].passedCount -= 1
                continue
            }
            if faults[index].failureCount > 0 {
                faults[index].failureCount -= 1
                return faults[index].code
            }
        }
        return nil
    }
}
