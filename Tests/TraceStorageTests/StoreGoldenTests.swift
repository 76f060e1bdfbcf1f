// SPDX-License-Identifier: Apache-2.0
internal import BlockFormat
internal import FileIO
internal import Foundation
internal import Testing
internal import TraceModel
internal import TraceStorage

/// The exact bytes of the store's objects: what version 1 wrote is read for ever.
///
/// A fixture that is new is written by `VIVACE_WRITE_GOLDEN=NAME swift test --filter StoreGoldenTests`; one that is
/// there never changes.
@Suite("Golden bytes of journal and manifest") struct StoreGoldenTests {
    private static func golden(_ name: String, writing bytes: [UInt8]) throws -> [UInt8] {
        let url = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden/\(name).hex")
        if ProcessInfo.processInfo.environment["VIVACE_WRITE_GOLDEN"] == name {
            let lines = stride(from: 0, to: bytes.count, by: 32).map { start in
                bytes[start..<min(bytes.count, start + 32)].map { byte in
                    String(decoding: [hexadecimalDigit(byte >> 4), hexadecimalDigit(byte & 15)], as: UTF8.self)
                }.joined()
            }
            try (lines.joined(separator: "\n") + "\n").write(to: url, atomically: true, encoding: .utf8)
        }
        let digits = try String(contentsOf: url, encoding: .utf8).utf8.compactMap { hexadecimalValue($0) }
        return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }

    private static func records(_ range: Range<Int>) throws -> [JournalRecord] {
        try range.map { number in
            var record = JournalRecord.numbered(number, payloadByteCount: 30 + number * 50)
            record.verdict = number == 2 ? [1, 0, 1, 1] : []
            record.tenant = try #require(TenantID(number % 2 == 0 ? "team-a" : "single-tenant"))
            return record
        }
    }

    @Test("a journal segment in a file that was used before")
    func recycledSegment() throws {
        let system = SimulatedFileSystem(seed: 1)
        let journal = try LocalJournal.simulated(on: system, segmentByteCount: 1024, compression: .lz4(acceleration: 8))
        for record in try Self.records(4..<8) {
            _ = try journal.append(record)
            _ = journal.writeGroup()
        }
        let old = try journal.rotate()
        _ = journal.writeGroup()
        try journal.deleteSegments(of: old)
        for record in try Self.records(0..<3) { _ = try journal.append(record) }
        while journal.writeGroup() {}
        let entry = try #require(try system.entries(of: journalDirectory).last { $0.name.hasSuffix(".journal") })
        let written = try system.open("\(journalDirectory)/\(entry.name)", .read).read(1 << 20, at: 0)
        let golden = try Self.golden("segment-v1", writing: written)
        let name = try #require(
            JournalSegmentName("0000000000-00000000000000070000000000000001-0000000001-\(entry.name.dropFirst(55))"))
        let (read, report) = try JournalSegmentReader.readAll(golden, of: name)
        #expect(read == (try Self.records(0..<3)))
        #expect(report.passedOver.isEmpty && report.tornTail == nil && report.durableRecordCount == nil)
        // What lay there before had no end mark when the fixture was made.
        let end = try #require(report.recordsEnd)
        #expect(written[..<end] == golden[..<end])
    }

    @Test("a journal segment that ended well")
    func endedSegment() throws {
        let (written, name) = try segment(of: try Self.records(0..<3), compression: .lz4(acceleration: 8), hasEndMark: true)
        let golden = try Self.golden("segment-v1-ended", writing: written)
        #expect(written == golden)
        let (read, report) = try JournalSegmentReader.readAll(golden, of: name)
        #expect(read == (try Self.records(0..<3)))
        #expect(report.durableRecordCount == 3 && report.passedOver.isEmpty && report.tornTail == nil)
    }

    private static func block(_ number: UInt64, _ tenant: String) throws -> BlockSummary {
        BlockSummary(
            id: BlockID(high: number, low: ~number), tenant: try #require(TenantID(tenant)), byteCount: 1 << 20,
            rowCount: 5_000, traceCount: 200, traceIDs: TraceID(high: 1, low: number)...TraceID(high: .max, low: 0),
            eventNanoseconds: 0...(.max), arrivalSeconds: 1_700_000_000...1_700_000_300, level: UInt8(number),
            formatVersion: 1)
    }

    private static func commit() throws -> Commit {
        let incarnation = IncarnationID(high: 0x0123_4567_89ab_cdef, low: 0xfedc_ba98_7654_3210)
        return Commit(
            id: CommitID(high: 11, low: 12), createdNanoseconds: 1_700_000_000_000_000_000,
            added: [try block(1, "single-tenant"), try block(2, "team-b"), try block(3, "a")],
            coveredGenerations: [0, 1, 3].map { JournalGenerationID(incarnation: incarnation, number: $0) })
    }

    @Test("a commit")
    func commit() throws {
        let removing = Commit(
            id: CommitID(high: 13, low: 14), createdNanoseconds: 1, added: [try Self.block(4, "a")],
            removed: [try Self.block(3, "a").reference])
        for (name, commit, sequence) in [("commit-v1", try Self.commit(), 0), ("commit-v1-removing", removing, 1)] {
            let golden = try Self.golden(name, writing: commit.encoded(sequence: UInt64(sequence)))
            #expect(commit.encoded(sequence: UInt64(sequence)) == golden)
            #expect(try Commit(decoding: golden, sequence: UInt64(sequence)) == commit)
        }
    }

    @Test("a checkpoint")
    func checkpoint() throws {
        var state = ManifestState()
        try state.apply(try Self.commit(), sequence: 0)
        let golden = try Self.golden("checkpoint-v1", writing: state.encodedCheckpoint())
        #expect(state.encodedCheckpoint() == golden)
        #expect(try ManifestState(decodingCheckpoint: golden, sequence: 1) == state)
    }

    @Test("a store's marker")
    func marker() throws {
        let marker = StoreMarker(storeID: StoreID(high: 21, low: 22), createdNanoseconds: 1_700_000_000_000_000_000)
        let golden = try Self.golden("store-v1", writing: marker.encoded())
        #expect(marker.encoded() == golden)
        #expect(try StoreMarker(decoding: golden) == marker)
    }
}
