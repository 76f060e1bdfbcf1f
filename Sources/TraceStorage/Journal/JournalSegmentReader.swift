// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

/// What reading a segment brought to light.
package struct JournalSegmentReport: Sendable, Equatable {
    package var name: JournalSegmentName
    package var recordCount = 0
    /// Bytes that hold no record, with records or the end mark after them: damage, or a group that was torn by a
    /// power cut in its middle. Offsets in the file, ascending, not adjacent.
    package var passedOver: [Range<Int>] = []
    /// Bytes that hold no record, with nothing after them: what was being written when the power went.
    /// Trailing zeros do not count; in a file that was used before, only frames of this segment do.
    package var tornTail: Range<Int>?
    /// Places in the torn tail where a record seems to have been written in full, and fails: one that was being written when
    /// the power went, or damage to one that was acknowledged.
    package var suspects: [Range<Int>] = []
    /// The first byte behind the last record, or behind the end mark; nil before the segment was read to its end.
    package var recordsEnd: Int?
    /// How many records were acknowledged; nil if the segment has no end mark.
    package var durableRecordCount: UInt64?

    /// Records that were acknowledged and are not there; 0 where nobody knows.
    package var lostRecordCount: Int {
        durableRecordCount.map { $0 > UInt64(recordCount) ? Int(clamping: $0 - UInt64(recordCount)) : 0 } ?? 0
    }
    package var passedOverByteCount: Int { passedOver.reduce(0) { $0 + $1.count } }
    package var tornTailByteCount: Int { tornTail?.count ?? 0 }
}

/// Reads the records of one segment, front to back; bytes that hold none are passed over and
/// reported.
///
/// Complexity: O(bytes) for all of them together.
package struct JournalSegmentReader: Sendable {
    /// Complete once ``next()`` has answered nil.
    package private(set) var report: JournalSegmentReport

    let bytes: [UInt8]
    let seed: UInt64
    /// Where to look for the next frame.
    private var position: Int
    /// The first byte after the last record.
    private var recordsEnd: Int
    /// The first byte after the last frame whose seal holds.
    private var framesEnd = 0
    private(set) var isRecycled = false
    private var isAtEnd = false

    /// - Parameter bytes: The whole file; it may be empty, cut off or damaged.
    /// - Throws: `.unsupported` if a newer program wrote the segment.
    package init(_ bytes: [UInt8], of name: JournalSegmentName) throws(JournalError) {
        self.bytes = bytes
        seed = name.seed
        report = JournalSegmentReport(name: name)
        position = min(JournalSegmentHeader.byteCount, bytes.count)
        recordsEnd = position
        switch try JournalSegmentHeader.state(bytes.rawSpan, of: name) {
        case .intact(let isRecycled): self.isRecycled = isRecycled
        case .absent: break
        case .damaged: recordsEnd = 0
        }
    }

    /// The next record; nil at the end.
    package mutating func next() -> JournalRecord? {
        while !isAtEnd, let (offset, frame) = nextFrame(from: position) {
            let bodyOffset = offset + JournalFrame.headerByteCount
            position = bodyOffset + frame.bodyByteCount
            framesEnd = position
            guard let content = content(in: bodyOffset..<position, frame) else { continue }
            if recordsEnd < offset { report.passedOver.append(recordsEnd..<offset) }
            recordsEnd = position
            switch content {
            case .record(let record):
                report.recordCount += 1
                return record
            case .end(let recordCount):
                report.durableRecordCount = recordCount
                isAtEnd = true
            }
        }
        finish()
        return nil
    }

    /// What a frame holds.
    private enum Content {
        case record(JournalRecord)
        case end(recordCount: UInt64)
    }

    /// nil if the body is damaged.
    private func content(in range: Range<Int>, _ frame: JournalFrame.Header) -> Content? {
        let body = bytes.rawSpan.extracting(range)
        guard XXH3.hash(body) == frame.bodyChecksum else { return nil }
        if range.count == JournalFrame.endBodyByteCount { return .end(recordCount: body.littleEndianWord(at: 0)) }
        return (try? JournalRecord(body: body)).map { .record($0) }
    }

    /// The next frame at `position` or later whose seal holds and that lies in the file.
    func nextFrame(from position: Int) -> (offset: Int, JournalFrame.Header)? {
        let bytes = bytes.rawSpan
        var offset = position
        while let marker = JournalFrame.nextMarker(in: bytes, from: offset) {
            if let header = JournalFrame.header(in: bytes, at: marker, seed: seed),
                header.bodyByteCount <= bytes.byteCount - marker - JournalFrame.headerByteCount
            {
                return (marker, header)
            }
            offset = marker + 1
        }
        return nil
    }

    private mutating func finish() {
        isAtEnd = true
        guard report.recordsEnd == nil else { return }
        position = bytes.count
        report.recordsEnd = recordsEnd
        if report.durableRecordCount != nil { return }
        var end = bytes.count
        // What lies behind may be of an earlier segment, which nobody misses.
        if isRecycled { end = max(recordsEnd, framesEnd) }
        while end > recordsEnd, bytes[end - 1] == 0 { end -= 1 }
        guard end > recordsEnd else { return }
        report.tornTail = recordsEnd..<end
        report.suspects = suspects(in: recordsEnd..<end)
    }
}
