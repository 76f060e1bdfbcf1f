// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import FileIO
internal import OTLP
internal import OTLPGenerator
internal import TraceModel
internal import TraceStorage

/// One segment of a journal, and what its records hold.
///
/// The first byte says which checksums stay as the mutator left them: bit 0 the header's, bit *i* those of every
/// frame whose number is *i* modulo 8. The others are made right.
enum JournalTarget {
    private static let headerByteCount = 64
    private static let frameHeaderByteCount = 32
    private static let marker: [UInt8] = [0xf7, 0x56, 0x4a, 0x52, 0x4e, 0x4c, 0xe3, 0x9a]
    private static let incarnation = IncarnationID(high: 7, low: 1)
    private static let name = "0000000000-00000000000000070000000000000001-0000000000-0000000000.journal"

    static func run(_ input: [UInt8]) {
        guard let flags = input.first, let name = JournalSegmentName(name) else { return }
        let segment = repaired(Array(input.dropFirst()), leaving: flags)
        guard var reader = try? JournalSegmentReader(segment, of: name) else { return }
        var recordCount = 0
        var byteCount = 0
        while let record = reader.next() {
            recordCount += 1
            byteCount += frameHeaderByteCount + record.verdict.count
            claim(byteCount <= segment.count, "records lie in the segment, and each once")
            replay(record)
        }
        claim(reader.next() == nil, "the end stays the end")
        check(reader.report, recordCount, segment.count)
    }

    private static func check(_ report: JournalSegmentReport, _ recordCount: Int, _ byteCount: Int) {
        claim(report.recordCount == recordCount, "the report counts the records")
        var end = 0
        for range in report.passedOver + (report.tornTail.map { [$0] } ?? []) {
            claim(!range.isEmpty && range.lowerBound >= end, "what is passed over is reported in order, and once")
            end = range.upperBound + 1
        }
        claim(end <= byteCount + 1, "what is passed over lies in the segment")
    }

    /// What a recovery does with a record.
    private static func replay(_ record: JournalRecord) {
        claim((try? record.encoded(with: .lz4(acceleration: 8))) != nil, "a record that was read can be written")
        guard record.contentEncoding == .identity else { return }
        var cursor = ByteCursor(over: record.verdict.rawSpan)
        guard let verdict = try? OTLPVerdict(from: &cursor, in: record.verdict.rawSpan) else { return }
        let isJSON = record.mediaType == .otlpJSON
        let request = isJSON ? try? JSONTranscoder.protobuf(record.payload.rawSpan) : record.payload
        guard let request else { return }
        var decoder = OTLPDecoder()
        var batch = SpanBatch(pool: pool)
        let accepted = try? decoder.decode(request.rawSpan, arrivalSeconds: 1, obeying: verdict, into: &batch)
        claim(batch.rowCount == accepted ?? 0, "a replay appends the spans that it counts, or none")
        _ = protobuf(batch.view())
    }

    // MARK: - Checksums

    private static func repaired(_ segment: [UInt8], leaving flags: UInt8) -> [UInt8] {
        var segment = segment
        if segment.count >= headerByteCount, flags & 1 == 0 {
            seal(&segment, 0..<56, seed: 0, at: 56)
        }
        var position = headerByteCount
        var frame: UInt8 = 0
        while let start = nextMarker(in: segment, from: position) {
            frame &+= 1
            position = start + marker.count
            if frame % 8 != 0, flags & (1 << (frame % 8)) != 0 { continue }
            let length = (0..<4).reduce(0) { $0 | Int(segment[start + 8 + $1]) << (8 * $1) }
            let body = start + frameHeaderByteCount
            if length <= segment.count - body {
                seal(&segment, body..<(body + length), seed: 0, at: start + 16)
                position = body + length
            }
            seal(&segment, start..<(start + 24), seed: frameSeed, at: start + 24)
        }
        return segment
    }

    private static func nextMarker(in segment: [UInt8], from start: Int) -> Int? {
        guard start + frameHeaderByteCount <= segment.count else { return nil }
        return (start...(segment.count - frameHeaderByteCount)).first {
            segment[$0] == marker[0] && segment[$0..<($0 + marker.count)].elementsEqual(marker)
        }
    }

    private static func seal(_ segment: inout [UInt8], _ range: Range<Int>, seed: UInt64, at offset: Int) {
        let checksum = XXH3.hash(segment.rawSpan.extracting(range), seed: seed)
        for byte in 0..<8 { segment[offset + byte] = UInt8(truncatingIfNeeded: checksum >> UInt64(8 * byte)) }
    }

    /// docs/FORMAT-JOURNAL.md, "Segment".
    private static let frameSeed: UInt64 = {
        var bytes = ByteWriter(capacity: 32)
        bytes.append(bigEndian: incarnation.high)
        bytes.append(bigEndian: incarnation.low)
        bytes.append(littleEndian: UInt64(0))
        bytes.append(littleEndian: UInt64(0))
        return XXH3.hash(bytes.bytes)
    }()

    // MARK: - Seeds

    static func seeds() throws -> [[UInt8]] {
        let requests = try madeUpRequests(6, byteLimit: 500, seed: 7, options: .init(hasBadIDs: true))
        let records = try requests.enumerated().map { number, request in
            let (view, result) = try decoded(request)
            var verdict = ByteWriter()
            result.verdict.encode(into: &verdict)
            let isJSON = number % 3 == 2
            return JournalRecord(
                arrivalNanoseconds: UInt64(number), tenant: .single, mediaType: isJSON ? .otlpJSON : .otlpProtobuf,
                contentEncoding: .identity, verdict: isJSON ? [0] : verdict.array(),
                payload: isJSON ? json(view, .openTelemetry) : request)
        }
        var seeds: [[UInt8]] = []
        let groups: [(Int, JournalCompression)] = [(0, .none), (1, .lz4(acceleration: 1)), (3, .none)]
        for (first, compression) in groups {
            let whole = try segment(of: Array(records[first..<(first + 3)]), compression)
            seeds.append([0] + whole)
            seeds.append([0b100] + whole + [UInt8](repeating: 0, count: 40))
        }
        seeds.append([0] + (try segment(of: [records[0]], .none)))
        return seeds
    }

    private static func segment(of records: [JournalRecord], _ compression: JournalCompression) throws -> [UInt8] {
        let system = SimulatedFileSystem(seed: 1)
        var options = JournalOptions()
        options.compression = compression
        options.segmentByteCount = 64 << 10
        let journal = try LocalJournal(
            "/journal", fileSystem: system, incarnation: incarnation, options: options,
            executor: try BlockingExecutor(name: "seeds", threadCount: 2), now: { 1_700_000_000_000_000_000 })
        for record in records { _ = try journal.append(record) }
        while journal.writeGroup() {}
        _ = try journal.rotate()
        _ = journal.writeGroup()
        let file = try system.open("/journal/\(name)", .read)
        return try file.read(file.byteCount(), at: 0)
    }
}
