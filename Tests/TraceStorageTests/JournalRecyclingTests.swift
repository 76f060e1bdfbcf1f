// SPDX-License-Identifier: Apache-2.0
internal import FileIO
internal import Testing
internal import TraceStorage

@Suite("Segments in files that were used before", .timeLimit(.minutes(10))) struct JournalRecyclingTests {
    private func files(_ system: SimulatedFileSystem) throws -> [String] {
        try system.entries(of: journalDirectory).map(\.name)
    }

    /// The numbers of all records that a restart finds, and the reports.
    private func replay(
        _ system: SimulatedFileSystem
    ) throws -> (numbers: [UInt64], reports: [JournalSegmentReport]) {
        let recovery = try JournalRecovery(journalDirectory, fileSystem: system)
        let read = try recovery.generations.map { try recovery.read($0) }
        return (read.flatMap { $0.records.map(\.arrivalNanoseconds) }, read.flatMap(\.reports))
    }

    /// A journal whose next segment goes into a file full of records, the numbers 0 to 19.
    private func recycling(_ system: SimulatedFileSystem) throws -> LocalJournal {
        let journal = try LocalJournal.simulated(on: system, segmentByteCount: 4096)
        for number in 0..<20 { _ = try journal.append(.numbered(number, payloadByteCount: 60)) }
        while journal.writeGroup() {}
        let generation = try journal.rotate()
        while journal.writeGroup() {}
        try journal.deleteSegments(of: generation)
        #expect(try files(system).allSatisfy { $0.hasSuffix(".spare") })
        #expect(try files(system).count == 1)
        return journal
    }

    @Test("a released segment's file is the next one's, whose old records nobody finds")
    func recycled() throws {
        let system = SimulatedFileSystem(seed: 1)
        let journal = try recycling(system)
        for number in 100..<103 {
            _ = try journal.append(.numbered(number, payloadByteCount: 60))
            #expect(journal.writeGroup())
        }
        #expect(journal.figures.segmentCount == 2)
        #expect(journal.figures.recycledSegmentCount == 1)
        let name = try #require(try files(system).first)
        let bytes = try system.open(journalDirectory + "/" + name, .read).read(4096, at: 0)
        #expect(bytes.count == 4096)
        // The old frames are there, whole, and one of them begins where the new ones end.
        let markers = bytes.indices.filter { bytes[$0...].starts(with: [0xF7, 0x56, 0x4A, 0x52, 0x4E, 0x4C, 0xE3, 0x9A]) }
        // 20 records and the end mark.
        #expect(markers.count == 21)
        let (numbers, reports) = try replay(system)
        #expect(numbers == [100, 101, 102])
        #expect(reports.allSatisfy { $0.passedOver.isEmpty && $0.tornTail == nil })
    }

    @Test("so it is wherever the power is cut in a segment before old frames", arguments: 0..<20 as Range<UInt64>)
    func powerCuts(seed: UInt64) throws {
        let rehearsal = SimulatedFileSystem(seed: seed)
        _ = try recycling(rehearsal)
        let first = rehearsal.stepCount
        func live(_ system: SimulatedFileSystem) throws -> (journal: LocalJournal, acknowledged: [UInt64]) {
            let journal = try recycling(system)
            var acknowledged: [UInt64] = []
            for number in 100..<112 as Range<UInt64> {
                // Groups of one and two frames, so that frames end where old ones end, and elsewhere.
                let size = number % 3 == 0 ? 33 : 60
                let ticket = try journal.append(.numbered(Int(number), payloadByteCount: size))
                if number % 4 != 1 { _ = journal.writeGroup() }
                if journal.outcome(of: ticket).isDurable { acknowledged.append(number) }
            }
            return (journal, acknowledged)
        }
        let whole = SimulatedFileSystem(seed: seed)
        _ = try live(whole)
        for step in first...whole.stepCount {
            let system = SimulatedFileSystem(seed: seed)
            system.cutPower(atStep: step)
            let acknowledged = try live(system).acknowledged
            system.restart()
            let numbers = try replay(system).numbers
            #expect(numbers == numbers.sorted() && Set(numbers).count == numbers.count)
            // Either the old generation, which was perhaps not released, or new records alone.
            let old = numbers.filter { $0 < 100 }
            #expect(old.isEmpty || old == Array(0..<20) && numbers.count == 20, "step \(step)")
            #expect(acknowledged.allSatisfy(numbers.contains), "step \(step)")
        }
    }

    @Test("no more files are kept than asked for, and none of another length")
    func limit() throws {
        let system = SimulatedFileSystem(seed: 2)
        let journal = try LocalJournal.simulated(on: system, segmentByteCount: 2000)
        for number in 0..<40 {
            _ = try journal.append(.numbered(number, payloadByteCount: number == 20 ? 5000 : 200))
            _ = journal.writeGroup()
        }
        let generation = try journal.rotate()
        _ = journal.writeGroup()
        #expect(try files(system).count > 4)
        try journal.deleteSegments(of: generation)
        #expect(try files(system).count == 2)
        // The next start takes them over, if they still fit.
        let same = try LocalJournal.simulated(on: system, incarnation: 2, segmentByteCount: 2000)
        _ = try same.append(.numbered(1))
        _ = same.writeGroup()
        #expect(same.figures.recycledSegmentCount == 1)
        _ = try LocalJournal.simulated(on: system, incarnation: 3, segmentByteCount: 4000)
        #expect(try files(system).count == 1)
    }

    @Test("a file that a synchronize failed on is never used again")
    func distrust() throws {
        let system = SimulatedFileSystem(seed: 3)
        let journal = try LocalJournal.simulated(on: system, segmentByteCount: 4096)
        _ = try journal.append(.numbered(1))
        #expect(journal.writeGroup())
        system.inject(SimulatedFault(.synchronize, .ioFailure))
        _ = try journal.append(.numbered(2))
        #expect(journal.writeGroup())
        let generation = try journal.rotate()
        #expect(!journal.writeGroup())
        try journal.deleteSegments(of: generation)
        #expect(try files(system).isEmpty)
    }

    @Test("a spare that can't be opened costs nothing but itself", arguments: [FileOperation.rename, .open])
    func unusableSpare(_ operation: FileOperation) throws {
        let system = SimulatedFileSystem(seed: 4)
        let journal = try recycling(system)
        system.inject(SimulatedFault(operation, .ioFailure))
        let ticket = try journal.append(.numbered(7))
        #expect(journal.writeGroup())
        #expect(journal.outcome(of: ticket).isDurable)
        #expect(journal.figures.recycledSegmentCount == 0)
        #expect(try replay(system).numbers == [7])
    }

    @Test("of an earlier incarnation no file is used again: it may have a second name")
    func others() throws {
        let system = SimulatedFileSystem(seed: 5)
        let first = try LocalJournal.simulated(on: system, segmentByteCount: 4096)
        _ = try first.append(.numbered(1))
        #expect(first.writeGroup())
        let recovery = try JournalRecovery(journalDirectory, fileSystem: system)
        let generation = try #require(recovery.generations.first)
        try recovery.keepAside(generation)
        let second = try LocalJournal.simulated(on: system, incarnation: 2, segmentByteCount: 4096)
        try second.deleteSegments(of: generation.id)
        #expect(try files(system).isEmpty)
        #expect(try system.entries(of: journalDirectory + "-damaged").count == 1)
    }
}
