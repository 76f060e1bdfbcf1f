// SPDX-License-Identifier: Apache-2.0
internal import ByteCoding
internal import FileIO
internal import Testing
internal import TraceModel
internal import TraceStorage

@Suite("Journal records and segments") struct JournalRecordTests {
    private static let compressions: [JournalCompression] = [.none, .lz4(acceleration: 1), .lz4(acceleration: 32)]

    @Test("every record comes back equal", arguments: compressions)
    func roundTrip(_ compression: JournalCompression) throws {
        var generator = SeededGenerator(seed: 3)
        var records: [JournalRecord] = []
        for mediaType in JournalMediaType.allCases {
            for encoding in JournalContentEncoding.allCases {
                for size in [0, 1, 7, 64, 1000, 5000] {
                    let isNoise = generator.next(below: 2) == 0
                    let payload = (0..<size).map { UInt8(isNoise ? generator.next(below: 256) : $0 / 100) }
                    let name = String(repeating: "t", count: 1 + generator.next(below: 150))
                    records.append(JournalRecord(
                        arrivalNanoseconds: generator.next(), tenant: try #require(TenantID(name)),
                        mediaType: mediaType, contentEncoding: encoding,
                        verdict: Array(repeating: 9, count: generator.next(below: 20)), payload: payload))
                }
            }
        }
        let (bytes, name) = try segment(of: records, segmentByteCount: 256 << 10, compression: compression)
        let (read, report) = try JournalSegmentReader.readAll(bytes, of: name)
        #expect(read == records)
        #expect(report.recordCount == records.count)
        #expect(report.passedOver.isEmpty && report.tornTail == nil)
    }

    @Test("the layout is the documented one, byte for byte")
    func golden() throws {
        let record = JournalRecord(
            arrivalNanoseconds: 0x0102, tenant: try #require(TenantID("ab")), mediaType: .otlpJSON,
            contentEncoding: .gzip, verdict: [0xEE], payload: [1, 2, 3])
        let (bytes, name) = try segment(of: [record])
        #expect(name.text == "0000000000-00000000000000070000000000000001-0000000000-0000000000.journal")
        var expected: [UInt8] = Array("VIVACEJ1".utf8) + [1, 0, 0, 0, 0, 0, 0, 0]
        expected += [0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 1]
        expected += [UInt8](repeating: 0, count: 16)
        expected += littleEndian(1_700_000_000_000_000_000)
        expected += littleEndian(XXH3.hash(expected.rawSpan))
        let body: [UInt8] = [2, 1, 0, 0, 0, 0, 0, 0, 1, 1, 0, 2, 1, 0, 0, 0, 3, 0, 0, 0, 3, 0, 0, 0]
            + [0x61, 0x62, 0xEE, 1, 2, 3]
        var head: [UInt8] = [0xF7, 0x56, 0x4A, 0x52, 0x4E, 0x4C, 0xE3, 0x9A, 30, 0, 0, 0, 0, 0, 0, 0]
        head += littleEndian(XXH3.hash(body.rawSpan))
        let seedBytes: [UInt8] = Array(expected[16..<48])
        head += littleEndian(XXH3.hash(head.rawSpan, seed: XXH3.hash(seedBytes.rawSpan)))
        #expect(bytes == expected + head + body)
    }

    private func littleEndian(_ value: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
    }

    private let three = (0..<3).map { JournalRecord.numbered($0) }

    @Test("a segment that ends early gives the records that are whole", arguments: [false, true])
    func truncations(isFilledUp: Bool) throws {
        let (bytes, name) = try segment(of: three)
        let frameByteCount = (bytes.count - 64) / 3
        for length in 0...bytes.count {
            var cut = Array(bytes.prefix(length))
            if isFilledUp { cut += [UInt8](repeating: 0, count: bytes.count + 100 - length) }
            let (records, report) = try JournalSegmentReader.readAll(cut, of: name)
            let wholeCount = max(0, length - 64) / frameByteCount
            if records.count != wholeCount {
                // The bytes that are missing were zeros anyway.
                #expect(isFilledUp && records == Array(three.prefix(records.count)))
                continue
            }
            #expect(records == Array(three.prefix(wholeCount)))
            #expect(report.passedOver.allSatisfy { $0.upperBound <= 64 })
            if (length - 64) % frameByteCount == 0 { #expect(report.tornTail == nil) }
        }
    }

    @Test("a flipped bit costs at most the record that it hits, and is reported")
    func bitFlips() throws {
        let (bytes, name) = try segment(of: three)
        let frameByteCount = (bytes.count - 64) / 3
        for offset in bytes.indices {
            for bit in 0..<8 {
                var damaged = bytes
                damaged[offset] ^= 1 << UInt8(bit)
                let (records, report) = try JournalSegmentReader.readAll(damaged, of: name)
                guard offset >= 64 else {
                    #expect(records == three)
                    #expect(report.passedOver == [0..<64])
                    continue
                }
                let hit = (offset - 64) / frameByteCount
                let start = 64 + hit * frameByteCount
                #expect(records == three.indices.filter { $0 != hit }.map { three[$0] })
                if hit < 2 {
                    #expect(report.passedOver == [start..<start + frameByteCount])
                    #expect(report.tornTail == nil)
                } else {
                    #expect(report.passedOver.isEmpty)
                    #expect(report.tornTail?.lowerBound == start)
                }
            }
        }
    }

    @Test("what lies where another segment was never reads as a record")
    func staleSegment() throws {
        let (stale, _) = try segment(of: three, incarnation: 1)
        let (fresh, name) = try segment(of: [three[0]], incarnation: 2)
        #expect(stale.count > fresh.count)
        let (records, report) = try JournalSegmentReader.readAll(fresh + stale[fresh.count...], of: name)
        #expect(records == [three[0]])
        #expect(report.tornTail?.lowerBound == fresh.count)
    }

    @Test("a payload that holds frames is not taken for them when what is around it is damaged")
    func hostilePayload() throws {
        let (inner, _) = try segment(of: three, incarnation: 2)
        var hostile = JournalRecord.numbered(5)
        let marker: [UInt8] = [0xF7, 0x56, 0x4A, 0x52, 0x4E, 0x4C, 0xE3, 0x9A]
        hostile.payload = Array(inner[64...]) + (0..<200).flatMap { _ in marker }
        var (bytes, name) = try segment(of: [three[0], hostile, three[1]])
        let frameByteCount = 64 + (inner.count - 64) / 3
        bytes[frameByteCount] ^= 1  // the marker of the second frame
        let (records, report) = try JournalSegmentReader.readAll(bytes, of: name)
        #expect(records == [three[0], three[1]])
        #expect(report.passedOver.count == 1)
    }

    @Test("a segment of a newer version is refused, not skipped")
    func newerVersion() throws {
        var (bytes, name) = try segment(of: three)
        bytes[8] = 2
        bytes.replaceSubrange(56..<64, with: littleEndian(XXH3.hash(Array(bytes[..<56]).rawSpan)))
        let error = #expect(throws: JournalError.self) { try JournalSegmentReader(bytes, of: name) }
        #expect(error?.code == .unsupported)
    }

    @Test("random bytes give no record and do no harm")
    func noise() throws {
        let (bytes, name) = try segment(of: three)
        var generator = SeededGenerator(seed: 11)
        for _ in 0..<2000 {
            var damaged = bytes
            for _ in 0..<1 + generator.next(below: 30) {
                damaged[generator.next(below: damaged.count)] = UInt8(generator.next(below: 256))
            }
            let (records, _) = try JournalSegmentReader.readAll(damaged, of: name)
            #expect(records.allSatisfy { three.contains($0) })
        }
    }

    @Test("only a segment's own name names it", arguments: [
        "", ".journal", "0-0-0-0.journal", "0000000000-00000000000000070000000000000001-0000000000.journal",
        "0000000000-0000000000000007000000000000000A-0000000000-0000000000.journal",
        "0000000000-00000000000000070000000000000001-0000000000-00000000001.journal",
        "0000000000-00000000000000070000000000000001-0000000000-0000000000.journal~",
        "+000000000-00000000000000070000000000000001-0000000000-0000000000.journal",
    ])
    func otherNames(_ text: String) { #expect(JournalSegmentName(text) == nil) }
}
