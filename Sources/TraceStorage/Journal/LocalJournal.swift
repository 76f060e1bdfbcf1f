// SPDX-License-Identifier: Apache-2.0

internal import Dispatch
package import FileIO
internal import Synchronization

/// A journal in a directory: one thread writes, and while it waits for the disk the next group
/// gathers.
///
/// **Rule.** Nothing becomes durable unless ``run()`` runs. **Lifetime.** Make it with ``open``,
/// run ``run()`` in a task group, and ``close()`` it when no more requests come. Only one journal
/// at a time may write to a directory: whoever holds the lock of the data directory opens it.
///
/// **After an error** of the disk the records that waited fail, and so does every waiter; the
/// segment is never written again, because after a failed synchronize the kernel may call lost
/// pages clean. The next record goes to a new segment.
package final class LocalJournal: Journal {
    private enum Phase { case new, running, ended }

    private struct State {
        var queue: JournalQueue<CheckedContinuation<Void, any Error>>
        var nextWaiterID: UInt64 = 0
        var phase = Phase.new
        /// Those in ``close()``.
        var endWaiters: [CheckedContinuation<Void, Never>] = []
        var figures = JournalFigures()
    }

    package let incarnation: IncarnationID
    private let directory: String
    private let fileSystem: any FileSystem
    private let options: JournalOptions
    /// What waits for the disk, as the budget knows it.
    private let memory: MemoryReservation?
    /// One thread writes, the other deletes.
    private let executor: BlockingExecutor
    private let state: Mutex<State>
    /// Locked while the disk works, but only by the writing thread.
    private let writer: Mutex<JournalSegmentWriter>
    private let spares: JournalSpares
    private let wake = DispatchSemaphore(value: 0)
    /// Signalled when nothing more is to be waited for.
    private let wakeEarly = DispatchSemaphore(value: 0)

    /// Makes the directory if it is missing; the new incarnation comes after those in it.
    /// - Parameters:
    ///   - incarnation: A new random ID.
    ///   - budget: Counts the records that wait for the disk; its limit holds beside that of the options.
    ///   - now: The wall clock in Unix nanoseconds; written into segments for whoever looks at
    ///     them.
    /// - Throws: `JournalError` `.failed` or `.noSpace`.
    package static func open(
        _ directory: String, fileSystem: any FileSystem = LocalFileSystem(),
        incarnation: IncarnationID, options: JournalOptions = JournalOptions(), budget: MemoryBudget? = nil,
        now: @escaping @Sendable () -> UInt64
    ) async throws -> LocalJournal {
        let executor = try BlockingExecutor(name: "journal", threadCount: 2)
        return try await executor.run {
            try LocalJournal(
                directory, fileSystem: fileSystem, incarnation: incarnation, options: options,
                budget: budget, executor: executor, now: now)
        }
    }

    /// As ``open``, on this thread, which has to wait for the disk.
    /// - Parameter executor: With at least two threads, for this journal alone.
    package init(
        _ directory: String, fileSystem: any FileSystem, incarnation: IncarnationID,
        options: JournalOptions, budget: MemoryBudget? = nil, executor: BlockingExecutor,
        now: @escaping @Sendable () -> UInt64
    ) throws(JournalError) {
        self.incarnation = incarnation
        self.directory = directory
        self.fileSystem = fileSystem
        self.options = options
        self.executor = executor
        memory = budget.map { MemoryReservation(0, .journal, of: $0) }
        let limit = min(options.queueByteLimit, budget?.limits[.journal] ?? .max)
        state = Mutex(State(queue: JournalQueue(byteLimit: limit)))
        spares = JournalSpares(limit: options.spareSegmentCount, byteCount: options.segmentByteCount)
        do throws(FileIOError) {
            try fileSystem.createDirectory(directory)
            let files = JournalDirectory(directory, fileSystem)
            let names = try files.segmentNames()
            try files.takeSpares(into: spares)
            // A name at the end of the numbers is nobody's that we know; to begin again at 0 is harmless.
            let start = names.last.map { $0.start &+ 1 } ?? 0
            writer = Mutex(JournalSegmentWriter(
                directory: directory, fileSystem: fileSystem, start: start,
                incarnation: incarnation, segmentByteCount: options.segmentByteCount, spares: spares,
                now: now))
        } catch {
            throw JournalError(error)
        }
    }

    package var figures: JournalFigures {
        let (known, queuedByteCount) = state.withLock { ($0.figures, $0.queue.byteCount) }
        var figures = known
        figures.queuedByteCount = queuedByteCount
        return figures
    }
}

// MARK: Appending

extension LocalJournal {
    package func append(
        _ record: consuming JournalRecord
    ) throws(JournalError) -> JournalTicket {
        // Compressed and hashed before the lock, on the caller's core.
        let encoded = try record.encoded(with: options.compression)
        let (ticket, mustWake) = try state.withLock { (state) throws(JournalError) in
            let generation = JournalGenerationID(
                incarnation: incarnation, number: state.queue.openGeneration)
            let (number, mustWake) = try state.queue.append(encoded)
            memory?.count(state.queue.byteCount)
            return (JournalTicket(generation: generation, number: number), mustWake)
        }
        if mustWake { wake.signal() }
        return ticket
    }

    package func rotate() throws(JournalError) -> JournalGenerationID {
        let (closed, mustWake) = try state.withLock { (state) throws(JournalError) in
            try state.queue.rotate()
        }
        if mustWake { wake.signal() }
        return JournalGenerationID(incarnation: incarnation, number: closed)
    }

    package func close() async {
        stopAppending()
        await withCheckedContinuation { continuation in
            let isRunning = state.withLock { state in
                guard state.phase == .running else { return false }
                state.endWaiters.append(continuation)
                return true
            }
            if !isRunning { continuation.resume() }
        }
    }

    private func stopAppending() {
        wakeEarly.signal()
        if state.withLock({ $0.queue.close() }) { wake.signal() }
    }
}

// MARK: Waiting

extension LocalJournal {
    /// What has become of a record by now.
    package func outcome(of ticket: JournalTicket) -> JournalOutcome {
        precondition(ticket.generation.incarnation == incarnation, "a ticket of another journal")
        return state.withLock { $0.queue.outcome(of: ticket.number) }
    }

    package func waitUntilDurable(_ ticket: JournalTicket) async throws {
        if try isDurable(outcome(of: ticket)) { return }
        try await waitUntilResolved(ticket.number)
        _ = try isDurable(outcome(of: ticket))
    }

    private func isDurable(_ outcome: JournalOutcome) throws(JournalError) -> Bool {
        switch outcome {
        case .pending: false
        case .durable: true
        case .failed(let error): throw error
        }
    }

    private func waitUntilResolved(_ number: UInt64) async throws {
        let id = state.withLock { state in
            defer { state.nextWaiterID += 1 }
            return state.nextWaiterID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                register(continuation, id, for: number)
            }
        } onCancel: {
            state.withLock { $0.queue.stopWaiting(id) }?.resume(throwing: CancellationError())
        }
    }

    private func register(
        _ continuation: CheckedContinuation<Void, any Error>, _ id: UInt64, for number: UInt64
    ) {
        let isWaiting = state.withLock { state in
            guard case .pending = state.queue.outcome(of: number) else { return false }
            // A cancellation before this moment found nobody to resume.
            guard !Task.isCancelled else { return false }
            state.queue.wait(for: number, id, continuation)
            return true
        }
        if isWaiting { return }
        continuation.resume(with: Task.isCancelled ? .failure(CancellationError()) : .success(()))
    }
}

// MARK: Writing

extension LocalJournal {
    /// Writes what is appended until the journal is closed or the task cancelled, and what waits
    /// then; returns when the last segment is closed. May run once.
    package func run() async throws {
        let isFirst = state.withLock { state in
            defer { state.phase = .running }
            return state.phase == .new
        }
        precondition(isFirst, "a journal runs once")
        defer { end() }
        try await withTaskCancellationHandler {
            try await executor.run(evenIfCancelled: true) { self.writeUntilClosed() }
        } onCancel: {
            stopAppending()
        }
    }

    private func writeUntilClosed() {
        var began = ContinuousClock.now
        while true {
            gather(since: began)
            began = .now
            if writeGroup() { continue }
            switch state.withLock({ $0.queue.pause() }) {
            case .goOn: continue
            case .sleep: wake.wait()
            case .end:
                writer.withLock { $0.closeSegment(givesBackRoom: true) }
                // Nobody may come back here: the room is given back too.
                while let spare = spares.take() { try? fileSystem.unlink(spare) }
                return
            }
        }
    }

    /// Lets the next group gather until it is time for another synchronize: where requests come faster than that, one
    /// serves several of them; where they don't, nobody waits.
    private func gather(since began: ContinuousClock.Instant) {
        let elapsed = began.duration(to: .now)
        guard elapsed < options.groupInterval else { return }
        let rest = Int((options.groupInterval - elapsed).components.attoseconds / 1_000_000_000)
        _ = wakeEarly.wait(timeout: .now() + .nanoseconds(rest))
    }

    private func end() {
        let waiters = state.withLock { state in
            state.phase = .ended
            defer { state.endWaiters = [] }
            return state.endWaiters
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Writes the next group on this thread; what ``run()`` does over and over, and simulations
    /// step by step.
    /// - Returns: false if nothing waited.
    package func writeGroup() -> Bool {
        writer.withLock { writer in
            let (group, openGeneration) = state.withLock { state in
                let group = state.queue.takeGroup(room: writer.room, capacity: writer.capacity)
                return (group, state.queue.openGeneration)
            }
            guard let group else {
                writer.closeSegment(before: openGeneration)
                return false
            }
            let result: Result<Void, FileIOError>
            do throws(FileIOError) {
                result = .success(try writer.write(group))
            } catch {
                result = .failure(error)
            }
            finish(group, result, writer.figures)
            return true
        }
    }

    private func finish(
        _ group: JournalGroup, _ result: Result<Void, FileIOError>, _ figures: JournalFigures
    ) {
        let waiters = state.withLock { state in
            state.figures = figures
            defer { memory?.count(state.queue.byteCount) }
            switch result {
            case .success: return state.queue.complete(group)
            case .failure(let error): return state.queue.fail(JournalError(error))
            }
        }
        for waiter in waiters { waiter.resume() }
    }
}

// MARK: Releasing

extension LocalJournal {
    package func release(_ generation: JournalGenerationID) async throws {
        if generation.incarnation == incarnation {
            let last = state.withLock { state in
                precondition(generation.number < state.queue.openGeneration, "not rotated yet")
                return state.queue.lastNumber(of: generation.number)
            }
            // Else a record that still waits would come back after a restart.
            if let last { try await waitUntilResolved(last) }
        }
        try await executor.run { try self.deleteSegments(of: generation) }
    }

    /// The part of ``release(_:)`` that waits for the disk, on this thread; all records of the
    /// generation must have been written.
    package func deleteSegments(of generation: JournalGenerationID) throws(JournalError) {
        do throws(FileIOError) {
            // Others' may have second names, under which somebody wants to look at them.
            let spares = generation.incarnation == incarnation && spares.isEnabled ? spares : nil
            try JournalDirectory(directory, fileSystem).deleteSegments(of: generation, for: spares)
        } catch {
            throw JournalError(error)
        }
        state.withLock { state in
            if generation.incarnation == incarnation { state.queue.forget(generation.number) }
        }
    }
}
