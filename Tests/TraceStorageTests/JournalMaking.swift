// SPDX-License-Identifier: Apache-2.0
internal import FileIO
internal import Testing
internal import TraceModel
internal import TraceStorage

// What the journal's tests share: small records and journals in simulated directories.

let journalDirectory = "/data/journal"
/// A frame's head, and a count.
let endMarkByteCount = 40

extension JournalRecord {
    /// A small record that only `number` tells from others.
    static func numbered(_ number: Int, payloadByteCount: Int = 40) -> JournalRecord {
        JournalRecord(
            arrivalNanoseconds: UInt64(number), tenant: .single, mediaType: .otlpProtobuf,
            contentEncoding: .identity,
            payload: (0..<payloadByteCount).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ number) })
    }
}

/// Threads that no simulated journal uses, but each needs.
let sharedExecutor: BlockingExecutor = {
    do { return try BlockingExecutor(name: "simulation", threadCount: 2) } catch { fatalError("\(error)") }
}()

extension LocalJournal {
    /// A journal without a thread: `writeGroup()` writes.
    static func simulated(
        on fileSystem: any FileSystem, incarnation: UInt64 = 1, segmentByteCount: Int = 64 << 10,
        queueByteLimit: Int = 1 << 20, compression: JournalCompression = .none, spareSegmentCount: Int = 2
    ) throws(JournalError) -> LocalJournal {
        var options = JournalOptions()
        options.segmentByteCount = segmentByteCount
        options.queueByteLimit = queueByteLimit
        options.compression = compression
        options.spareSegmentCount = spareSegmentCount
        return try LocalJournal(
            journalDirectory, fileSystem: fileSystem,
            incarnation: IncarnationID(high: 7, low: incarnation), options: options,
            executor: sharedExecutor, now: { 1_700_000_000_000_000_000 })
    }
}

extension JournalOutcome {
    var isDurable: Bool { if case .durable = self { true } else { false } }
    var isPending: Bool { if case .pending = self { true } else { false } }
    var errorCode: JournalError.Code? { if case .failed(let error) = self { error.code } else { nil } }
}

extension JournalRecovery {
    /// All records of a generation, and the reports.
    func read(
        _ generation: RecoveredGeneration
    ) throws -> (records: [JournalRecord], reports: [JournalSegmentReport]) {
        var replay = replay(generation)
        var records: [JournalRecord] = []
        while let record = try replay.next() { records.append(record) }
        return (records, replay.reports)
    }
}

extension JournalSegmentReader {
    static func readAll(
        _ bytes: [UInt8], of name: JournalSegmentName
    ) throws -> (records: [JournalRecord], report: JournalSegmentReport) {
        var reader = try JournalSegmentReader(bytes, of: name)
        var records: [JournalRecord] = []
        while let record = reader.next() { records.append(record) }
        #expect(reader.next() == nil)
        return (records, reader.report)
    }
}

/// The bytes of a segment with these records, and its name; without its end mark unless asked for.
func segment(
    of records: [JournalRecord], segmentByteCount: Int = 64 << 10,
    compression: JournalCompression = .none, incarnation: UInt64 = 1, isClosed: Bool = true, hasEndMark: Bool = false
) throws -> (bytes: [UInt8], name: JournalSegmentName) {
    let system = SimulatedFileSystem(seed: 1)
    let journal = try LocalJournal.simulated(
        on: system, incarnation: incarnation, segmentByteCount: segmentByteCount,
        compression: compression, spareSegmentCount: 0)
    for record in records { _ = try journal.append(record) }
    while journal.writeGroup() {}
    if isClosed {
        _ = try journal.rotate()
        _ = journal.writeGroup()
    }
    let entry = try #require(try system.entries(of: journalDirectory).first)
    let file = try system.open("\(journalDirectory)/\(entry.name)", .read)
    let name = try #require(JournalSegmentName(entry.name))
    return (try file.read(file.byteCount() - (isClosed && !hasEndMark ? endMarkByteCount : 0), at: 0), name)
}
