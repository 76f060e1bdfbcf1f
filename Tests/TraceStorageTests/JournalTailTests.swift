// SPDX-License-Identifier: Apache-2.0
internal import FileIO
internal import Testing
internal import TraceStorage

/// What is said of the last records of a segment when they fail.
@Suite("The end of a journal segment") struct JournalTailTests {
    private let three = (0..<3).map { JournalRecord.numbered($0, payloadByteCount: 700) }

    /// Bytes of a segment without the mark, followed by zeros as far as room was reserved.
    private func open(_ records: [JournalRecord]) throws -> (bytes: [UInt8], end: Int, name: JournalSegmentName) {
        let (bytes, name) = try segment(of: records)
        return (bytes + [UInt8](repeating: 0, count: 4096), bytes.count, name)
    }

    @Test("a flipped bit in a segment that ended well is a loss, also in its last record")
    func endedWell() throws {
        let (bytes, name) = try segment(of: three, hasEndMark: true)
        let marked = bytes.count - endMarkByteCount
        let frameByteCount = (marked - 64) / 3
        for offset in 64..<marked {
            var damaged = bytes
            damaged[offset] ^= 1 << UInt8(offset % 8)
            let hit = (offset - 64) / frameByteCount
            let (records, report) = try JournalSegmentReader.readAll(damaged, of: name)
            #expect(records == three.indices.filter { $0 != hit }.map { three[$0] })
            #expect(report.lostRecordCount == 1)
            #expect(report.passedOver == [64 + hit * frameByteCount..<64 + (hit + 1) * frameByteCount])
            #expect(report.tornTail == nil && report.suspects.isEmpty)
        }
    }

    @Test("a damaged end mark costs only what it would have said")
    func damagedMark() throws {
        let (bytes, name) = try segment(of: three, hasEndMark: true)
        for offset in bytes.count - endMarkByteCount..<bytes.count {
            var damaged = bytes
            damaged[offset] ^= 0x80
            let (records, report) = try JournalSegmentReader.readAll(damaged, of: name)
            #expect(records == three)
            #expect(report.durableRecordCount == nil && report.lostRecordCount == 0 && report.passedOver.isEmpty)
            #expect(report.tornTail?.lowerBound == bytes.count - endMarkByteCount)
        }
    }

    @Test("without the mark a flipped bit in the last record makes it suspect")
    func flippedBits() throws {
        let (bytes, end, name) = try open(three)
        let start = end - (end - 64) / 3
        for offset in start..<end {
            var damaged = bytes
            damaged[offset] ^= 1 << UInt8(offset % 8)
            let (records, report) = try JournalSegmentReader.readAll(damaged, of: name)
            #expect(records == Array(three[..<2]))
            #expect(report.suspects == [start..<end])
            #expect(report.tornTail == start..<end && report.lostRecordCount == 0)
        }
    }

    @Test("a group of which sectors were not written in a new file is no suspect, whichever they are")
    func missingSectors() throws {
        let (bytes, end, name) = try open(three)
        // The group is all three; their sectors but for the first, which has the segment's head in it.
        let sectors = stride(from: 0, to: end, by: 512).map { max(64, $0)..<min(end, $0 + 512) }
        for written in 0..<1 << sectors.count {
            var torn = bytes
            for (index, sector) in sectors.enumerated() where written >> index & 1 == 0 {
                torn.replaceSubrange(sector, with: repeatElement(0, count: sector.count))
            }
            let (records, report) = try JournalSegmentReader.readAll(torn, of: name)
            #expect(report.suspects.isEmpty, "sectors \(String(written, radix: 2))")
            #expect(records.allSatisfy { three.contains($0) })
        }
    }

    @Test("in a file that was used before a record is suspect if its seal holds")
    func recycled() throws {
        let system = SimulatedFileSystem(seed: 1)
        let journal = try LocalJournal.simulated(on: system, segmentByteCount: 4096)
        for number in 0..<4 { _ = try journal.append(.numbered(number, payloadByteCount: 800)) }
        while journal.writeGroup() {}
        let old = try journal.rotate()
        while journal.writeGroup() {}
        try journal.deleteSegments(of: old)
        for record in three { _ = try journal.append(record) }
        while journal.writeGroup() {}
        let recovery = try JournalRecovery(journalDirectory, fileSystem: system)
        let name = try #require(recovery.generations.first?.segments.first)
        let path = "\(journalDirectory)/\(name.text)"
        let bytes = try system.open(path, .read).read(4096, at: 0)
        let frameByteCount = (try segment(of: three).bytes.count - 64) / 3
        let last = 64 + 2 * frameByteCount..<64 + 3 * frameByteCount
        for offset in last {
            var damaged = bytes
            damaged[offset] ^= 1
            let report = try JournalSegmentReader.readAll(damaged, of: name).report
            #expect(report.suspects == (offset < last.lowerBound + 32 ? [] : [last]))
        }
        var damaged = bytes
        damaged[last.upperBound - 1] ^= 1
        try system.open(path, .update).write(damaged, at: 0)
        let generation = try #require(recovery.generations.first)
        let report = try #require(try recovery.read(generation).reports.first)
        for _ in 0..<2 { try recovery.keepAside(tailOf: report) }
        let kept = try system.entries(of: journalDirectory + "-damaged").map(\.name)
        #expect(kept == ["\(name.text).tail-\(last.lowerBound)"])
        let copy = try system.open("\(journalDirectory)-damaged/\(kept[0])", .read)
        #expect(try copy.read(4096, at: 0) == Array(damaged[last]))
    }
}
