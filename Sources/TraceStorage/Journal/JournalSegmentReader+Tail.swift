// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

// What a power cut or `kill -9` leaves of the last group looks like this: of the sectors that the group takes in the file
// some have been written, and the others hold what they held before, which is zeros in a new file. So a record of which
// everything seems to be there, and which fails nevertheless, is suspect. In a file that was used before, sectors that were
// not written hold old records: there every record that fails is suspect, and one whose head fails can't be told from old ones.
extension JournalSegmentReader {
    /// The least that a disk writes as a whole.
    private static let sectorByteCount = 512
    /// Fewer zeros at the end of a record may be its own.
    private static let sliverByteCount = 16

    /// Where in the tail a record seems to have been written in full.
    func suspects(in tail: Range<Int>) -> [Range<Int>] {
        var suspects: [Range<Int>] = []
        var position = tail.lowerBound
        while position < tail.upperBound {
            let next = nextFrame(from: position)
            let frameStart = min(next?.offset ?? tail.upperBound, tail.upperBound)
            if isSuspect(gap: position..<frameStart) { suspects.append(position..<frameStart) }
            guard let (offset, frame) = next, offset < tail.upperBound else { break }
            position = offset + JournalFrame.headerByteCount + frame.bodyByteCount
            if isWritten(offset..<position) { suspects.append(offset..<position) }
        }
        return suspects
    }

    /// Whether a frame was there whose seal fails.
    private func isSuspect(gap: Range<Int>) -> Bool {
        let head = JournalFrame.headerByteCount
        guard !isRecycled, gap.count >= head else { return false }
        // A head that holds is one of a body that the file has no room for: its length was not durable.
        guard JournalFrame.header(in: bytes.rawSpan, at: gap.lowerBound, seed: seed) == nil else { return false }
        return isWritten(gap.lowerBound..<gap.lowerBound + head, sliverByteCount: 1) && isWritten(gap)
    }

    /// Whether no sector of the range was left as zeros.
    private func isWritten(_ range: Range<Int>, sliverByteCount: Int = sliverByteCount) -> Bool {
        var start = range.lowerBound
        while start < range.upperBound {
            let end = min(range.upperBound, (start / Self.sectorByteCount + 1) * Self.sectorByteCount)
            if end - start >= sliverByteCount, bytes[start..<end].allSatisfy({ $0 == 0 }) { return false }
            start = end
        }
        return true
    }
}
