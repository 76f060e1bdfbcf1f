// SPDX-License-Identifier: Apache-2.0
internal import FileIO
internal import Testing
internal import TraceStorage

/// A history of a journal, step by step on one thread, and what it promised.
private struct JournalHistory {
    let system: SimulatedFileSystem
    var generator: SeededGenerator
    /// Numbers of the records of each generation, in the order of their handing over.
    var appended: [JournalGenerationID: [UInt64]] = [:]
    var acknowledged: Set<UInt64> = []
    /// Generations whose release began, and those whose release returned.
    var releasing: Set<JournalGenerationID> = []
    var released: Set<JournalGenerationID> = []
    /// Generations of earlier incarnations.
    var old: Set<JournalGenerationID> = []
    private var recordCount = 0

    init(seed: UInt64) {
        system = SimulatedFileSystem(seed: seed)
        generator = SeededGenerator(seed: seed &* 77)
    }

    /// One incarnation, to its end or to the power cut.
    mutating func live(operationCount: Int) throws {
        let journal: LocalJournal
        do {
            journal = try LocalJournal.simulated(
                on: system, incarnation: generator.next(), segmentByteCount: 1500)
        } catch { return }
        var pending: [(JournalTicket, UInt64)] = []
        var closed: [JournalGenerationID] = []
        for _ in 0..<operationCount {
            switch generator.next(below: 10) {
            case 0...4: pending.append(try append(to: journal))
            case 5...7: _ = journal.writeGroup()
            case 8: closed.append(try journal.rotate())
            default: release(one: closed, journal, pending)
            }
            pending.removeAll { ticket, number in
                let outcome = journal.outcome(of: ticket)
                if outcome.isDurable { acknowledged.insert(number) }
                return !outcome.isPending
            }
        }
    }

    private mutating func append(to journal: LocalJournal) throws -> (JournalTicket, UInt64) {
        recordCount += 1
        let size = generator.next(below: 20) == 0 ? 3000 : generator.next(below: 300)
        let ticket = try journal.append(.numbered(recordCount, payloadByteCount: size))
        appended[ticket.generation, default: []].append(UInt64(recordCount))
        return (ticket, UInt64(recordCount))
    }

    private mutating func release(
        one closed: [JournalGenerationID], _ journal: LocalJournal, _ pending: [(JournalTicket, UInt64)]
    ) {
        let candidates = (closed + old).sorted().filter { id in !pending.contains { $0.0.generation == id } }
        guard !candidates.isEmpty else { return }
        let generation = candidates[generator.next(below: candidates.count)]
        releasing.insert(generation)
        do {
            try journal.deleteSegments(of: generation)
            released.insert(generation)
        } catch {}
    }

    /// Restarts, reads everything, and checks it against the promises.
    mutating func restartAndCheck(_ comment: Comment) throws {
        system.restart()
        // Faults that are left over hit the reading; it says so, and may be tried again.
        for _ in 0..<20 {
            do {
                let (recovered, order) = try recover()
                check(recovered, comment)
                #expect(order == order.sorted(), comment)
                old = Set(recovered.keys)
                return
            } catch let error as JournalError where error.code == .failed {}
        }
        Issue.record(comment)
    }

    /// The numbers of the records of each generation, and of the first record of each in order.
    private func recover() throws -> ([JournalGenerationID: [UInt64]], [UInt64]) {
        let recovery = try JournalRecovery(journalDirectory, fileSystem: system)
        var recovered: [JournalGenerationID: [UInt64]] = [:]
        for generation in recovery.generations {
            #expect(recovered[generation.id] == nil)
            let (records, reports) = try recovery.read(generation)
            // A power cut is never taken for a loss.
            #expect(reports.allSatisfy { $0.lostRecordCount == 0 && ($0.durableRecordCount == nil || $0.passedOver.isEmpty) })
            for record in records {
                #expect(record == .numbered(Int(record.arrivalNanoseconds), payloadByteCount: record.payload.count))
            }
            recovered[generation.id] = records.map(\.arrivalNanoseconds)
        }
        return (recovered, recovery.generations.compactMap { recovered[$0.id]?.first })
    }

    private func check(_ recovered: [JournalGenerationID: [UInt64]], _ comment: Comment) {
        for (generation, numbers) in recovered {
            #expect(!released.contains(generation), comment)
            // Each at most once, in order, and only what was handed over for this generation.
            #expect(numbers == (appended[generation] ?? []).filter(Set(numbers).contains), comment)
        }
        for (generation, numbers) in appended where !releasing.contains(generation) {
            let found = Set(recovered[generation] ?? [])
            #expect(numbers.filter(acknowledged.contains).allSatisfy(found.contains), comment)
        }
    }
}

@Suite("A journal through power cuts and faults", .timeLimit(.minutes(3))) struct JournalSimulationTests {
    @Test(
        "every acknowledged record is recovered once and in order, wherever the power is cut",
        arguments: 0..<40 as Range<UInt64>
    )
    func everyPowerCut(seed: UInt64) throws {
        var rehearsal = JournalHistory(seed: seed)
        try rehearsal.live(operationCount: 60)
        for step in 0...rehearsal.system.stepCount {
            var history = JournalHistory(seed: seed)
            history.system.cutPower(atStep: step)
            try history.live(operationCount: 60)
            try history.restartAndCheck("seed \(seed), power cut at step \(step)")
        }
    }

    @Test(
        "so it is through many lives with failing disks", arguments: 0..<400 as Range<UInt64>
    )
    func manyLives(seed: UInt64) throws {
        var history = JournalHistory(seed: 1000 + seed)
        let operations: [FileOperation] = [
            .write, .synchronize, .synchronizeDirectory, .preallocate, .open, .unlink, .rename,
        ]
        for life in 0..<5 {
            for _ in 0..<history.generator.next(below: 4) {
                let operation = operations[history.generator.next(below: operations.count)]
                let code: FileIOError.Code = history.generator.next(below: 2) == 0 ? .ioFailure : .noSpace
                history.system.inject(SimulatedFault(operation, code, after: history.generator.next(below: 30)))
            }
            if history.generator.next(below: 2) == 0 {
                history.system.cutPower(
                    atStep: history.system.stepCount + history.generator.next(below: 150))
            }
            try history.live(operationCount: 80)
            try history.restartAndCheck("seed \(seed), life \(life)")
        }
    }
}
