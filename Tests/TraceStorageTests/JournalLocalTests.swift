// SPDX-License-Identifier: Apache-2.0
internal import FileIO
internal import Synchronization
internal import Testing
internal import TraceStorage

@Suite("A local journal", .timeLimit(.minutes(5))) struct JournalLocalTests {
    /// Runs a journal of this machine around `body`, closes it, and gives what is left.
    private func withJournal(
        _ directory: TemporaryDirectory, _ options: JournalOptions = JournalOptions(),
        _ body: (LocalJournal) async throws -> Void
    ) async throws {
        var generator = SystemRandomNumberGenerator()
        let journal = try await LocalJournal.open(
            directory.path + "/journal", incarnation: .random(using: &generator), options: options, now: { 0 })
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await journal.run() }
            try await body(journal)
            await journal.close()
            try await group.waitForAll()
        }
    }

    private func numbers(in directory: TemporaryDirectory) throws -> [[UInt64]] {
        let recovery = try JournalRecovery(directory.path + "/journal")
        return try recovery.generations.map { generation in
            let (records, reports) = try recovery.read(generation)
            #expect(reports.allSatisfy { $0.passedOver.isEmpty && $0.tornTail == nil })
            return records.map(\.arrivalNanoseconds)
        }
    }

    @Test("many appenders at once all become durable, each in its order")
    func concurrentAppenders() async throws {
        let directory = try TemporaryDirectory()
        var options = JournalOptions()
        options.segmentByteCount = 100_000
        try await withJournal(directory, options) { journal in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for appender in 0..<8 {
                    group.addTask {
                        for index in 0..<100 {
                            let ticket = try journal.append(.numbered(appender * 1000 + index, payloadByteCount: 700))
                            try await journal.waitUntilDurable(ticket)
                            #expect(journal.outcome(of: ticket).isDurable)
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(journal.figures.recordCount == 800)
            #expect(journal.figures.queuedByteCount == 0)
            #expect(journal.figures.groupCount <= 800)
            #expect(journal.figures.segmentCount > 1)
        }
        let numbers = try #require(try numbers(in: directory).first)
        for appender in 0..<8 as Range<UInt64> {
            #expect(numbers.filter { $0 / 1000 == appender } == (0..<100).map { appender * 1000 + $0 })
        }
    }

    @Test("closing writes what waits, and takes no more")
    func closing() async throws {
        let directory = try TemporaryDirectory()
        try await withJournal(directory) { journal in
            for number in 0..<50 { _ = try journal.append(.numbered(number)) }
            await journal.close()
            let error = #expect(throws: JournalError.self) { try journal.append(.numbered(50)) }
            #expect(error?.code == .closed)
        }
        #expect(try numbers(in: directory) == [Array(0..<50)])
        let files = try LocalFileSystem().entries(of: directory.path + "/journal")
        let file = try LocalFileSystem().open(directory.path + "/journal/" + #require(files.first).name, .read)
        #expect(try file.byteCount() < 10_000, "the room that was reserved is given back")
    }

    @Test("a cancelled run writes what waits and ends")
    func cancellation() async throws {
        let directory = try TemporaryDirectory()
        let journal = try await LocalJournal.open(
            directory.path + "/journal", incarnation: IncarnationID(high: 1, low: 1), now: { 0 })
        for number in 0..<50 { _ = try journal.append(.numbered(number)) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await journal.run() }
            group.cancelAll()
            try await group.waitForAll()
        }
        #expect(try numbers(in: directory) == [Array(0..<50)])
    }

    @Test("a cancelled waiter stops waiting; the record is written all the same")
    func cancelledWaiter() async throws {
        let system = SimulatedFileSystem(seed: 1)
        let journal = try LocalJournal.simulated(on: system)
        let ticket = try journal.append(.numbered(1))
        await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await journal.waitUntilDurable(ticket) }
            group.cancelAll()
            await #expect(throws: CancellationError.self) { try await group.waitForAll() }
        }
        #expect(journal.writeGroup())
        try await journal.waitUntilDurable(ticket)
    }

    @Test("a generation is released with all it holds, an earlier incarnation's too")
    func release() async throws {
        let directory = try TemporaryDirectory()
        try await withJournal(directory) { journal in
            _ = try journal.append(.numbered(1))
            let first = try journal.rotate()
            _ = try journal.append(.numbered(2))
            let second = try journal.rotate()
            _ = try journal.append(.numbered(3))
            let empty = try journal.rotate()
            #expect([first.number, second.number, empty.number] == [0, 1, 2])
            try await journal.release(second)
            try await journal.release(second)
        }
        #expect(try numbers(in: directory) == [[1], [3]])
        let left = try JournalRecovery(directory.path + "/journal").generations
        try await withJournal(directory) { journal in
            _ = try journal.append(.numbered(4))
            for generation in left { try await journal.release(generation.id) }
        }
        #expect(try numbers(in: directory) == [[4]])
    }

    @Test("too much that waits is refused, and taken again later")
    func overload() throws {
        let system = SimulatedFileSystem(seed: 1)
        let journal = try LocalJournal.simulated(on: system, queueByteLimit: 1000)
        _ = try journal.append(.numbered(1, payloadByteCount: 5000))
        let error = #expect(throws: JournalError.self) { try journal.append(.numbered(2)) }
        #expect(error?.code == .overloaded)
        #expect(journal.writeGroup())
        #expect(journal.outcome(of: try journal.append(.numbered(2))).isPending)
    }

    @Test("after a failed synchronize the segment is never written again", arguments: [
        FileOperation.write, .synchronize, .synchronizeDirectory,
    ])
    func failure(_ operation: FileOperation) async throws {
        let system = SimulatedFileSystem(seed: 4)
        let journal = try LocalJournal.simulated(on: system)
        if operation != .synchronizeDirectory {
            _ = try journal.append(.numbered(0))
            #expect(journal.writeGroup())
        }
        system.inject(SimulatedFault(operation, .ioFailure))
        let failing = try journal.append(.numbered(1))
        #expect(journal.writeGroup())
        #expect(journal.outcome(of: failing).errorCode == .failed)
        await #expect(throws: JournalError.self) { try await journal.waitUntilDurable(failing) }
        let before = try system.entries(of: journalDirectory)
        let later = try journal.append(.numbered(2))
        #expect(journal.writeGroup())
        try await journal.waitUntilDurable(later)
        #expect(try system.entries(of: journalDirectory).count == before.count + 1)
        #expect(journal.figures.failureCount == 1)
    }

    @Test("a full disk says so, and leaves no files behind that nobody needs")
    func fullDisk() throws {
        let system = SimulatedFileSystem(seed: 4)
        let journal = try LocalJournal.simulated(on: system)
        system.capacity = 1000
        for number in 0..<10 {
            let ticket = try journal.append(.numbered(number))
            #expect(journal.writeGroup())
            #expect(journal.outcome(of: ticket).errorCode == .noSpace)
        }
        #expect(try system.entries(of: journalDirectory).isEmpty)
        system.capacity = 1 << 30
        let ticket = try journal.append(.numbered(11))
        #expect(journal.writeGroup())
        #expect(journal.outcome(of: ticket).isDurable)
    }

    @Test("records that waited behind a failure fail with it, those before stay durable")
    func failuresAreTold() throws {
        let system = SimulatedFileSystem(seed: 4)
        let journal = try LocalJournal.simulated(on: system)
        var expected: [(JournalTicket, Bool)] = []
        for round in 0..<300 {
            let tickets = [try journal.append(.numbered(round)), try journal.append(.numbered(round))]
            if round % 2 == 1 { system.inject(SimulatedFault(.synchronize, .ioFailure)) }
            #expect(journal.writeGroup())
            expected += tickets.map { ($0, round % 2 == 0) }
        }
        for (ticket, isDurable) in expected {
            let outcome = journal.outcome(of: ticket)
            // Of old ones a durable record may count as failed, never the reverse.
            if !isDurable { #expect(outcome.errorCode == .failed) }
            if isDurable, ticket.number > 500 { #expect(outcome.isDurable) }
        }
    }

    @Test("records that wait count in the budget, whose limit holds") func memory() throws {
        let system = SimulatedFileSystem(seed: 1)
        let budget = MemoryBudget(limits: [.journal: 10_000])
        var options = JournalOptions()
        options.compression = .none
        let journal = try LocalJournal(
            "/journal", fileSystem: system, incarnation: IncarnationID(high: 1, low: 2), options: options,
            budget: budget, executor: sharedExecutor, now: { 0 })
        var failure: JournalError?
        while failure == nil {
            do throws(JournalError) {
                _ = try journal.append(.numbered(1, payloadByteCount: 900))
            } catch { failure = error }
            #expect(budget.usedByteCount(by: .journal) == journal.figures.queuedByteCount)
        }
        #expect(failure?.code == .overloaded)
        #expect((9_000...10_000).contains(budget.usedByteCount(by: .journal)))
        system.inject(SimulatedFault(.write, .ioFailure))
        while journal.writeGroup() {}
        #expect(budget.usedByteCount(by: .journal) == 0)
        _ = try journal.append(.numbered(1, payloadByteCount: 50_000))
        #expect(budget.usedByteCount(by: .journal) == journal.figures.queuedByteCount)
        while journal.writeGroup() {}
        #expect(budget.usedByteCount(by: .journal) == 0)
    }
}
