// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import FileIO

/// Writes groups into segments. After an error the segment is left alone for ever and the next
/// group begins a new one.
struct JournalSegmentWriter {
    private struct Segment {
        var name: JournalSegmentName
        var file: any File
        var seed: UInt64
        /// Where the next record goes.
        var byteCount: Int
        var recordCount = 0
        /// How far the file reaches.
        var capacity: Int
        /// Whether its name was made durable, and with it a group.
        var isDurable = false

        /// Bytes that records may still take.
        var room: Int { capacity - byteCount - JournalFrame.endByteCount }
    }

    let directory: String
    private let fileSystem: any FileSystem
    private let start: UInt64
    private let incarnation: IncarnationID
    private let segmentByteCount: Int
    private let spares: JournalSpares
    private let now: @Sendable () -> UInt64
    private var segment: Segment?
    private var nextSegment: UInt64 = 0
    private(set) var figures = JournalFigures()
    /// The frames that are written with one call. The memory serves again and again: fresh one costs more than the copy.
    private var frames: [UInt8] = []
    /// Frames are written when they are as many bytes.
    private static let writtenByteCount = 512 << 10

    init(
        directory: String, fileSystem: any FileSystem, start: UInt64, incarnation: IncarnationID,
        segmentByteCount: Int, spares: JournalSpares, now: @escaping @Sendable () -> UInt64
    ) {
        self.directory = directory
        self.fileSystem = fileSystem
        self.start = start
        self.incarnation = incarnation
        self.segmentByteCount = segmentByteCount
        self.spares = spares
        self.now = now
    }

    /// Bytes that a new segment offers to records.
    var capacity: Int { segmentByteCount - JournalSegmentHeader.byteCount - JournalFrame.endByteCount }

    /// Bytes left in the open segment, and its generation.
    var room: (generation: UInt64, byteCount: Int)? {
        segment.map { ($0.name.generation.number, $0.room) }
    }

    /// Makes a group durable.
    /// - Throws: if it may not be; the segment is then given up.
    mutating func write(_ group: JournalGroup) throws(FileIOError) {
        do throws(FileIOError) {
            var segment = try takeSegment(for: group)
            self.segment = segment
            try write(group.records, to: segment)
            try synchronize(segment.file)
            // Nobody reads them but a start after a crash. Else the kernel would take fresh memory for group after group.
            segment.file.forget(segment.byteCount..<segment.byteCount + group.byteCount)
            if !segment.isDurable { try fileSystem.synchronizeDirectory(directory) }
            segment.isDurable = true
            segment.byteCount += group.byteCount
            segment.recordCount += group.records.count
            self.segment = segment
        } catch {
            abandonSegment()
            figures.failureCount += 1
            throw error
        }
        figures.groupCount += 1
        figures.recordCount += group.records.count
        figures.byteCount += group.byteCount
    }

    /// Seals the records and writes them where the segment's records end.
    private mutating func write(_ records: [EncodedJournalRecord], to segment: Segment) throws(FileIOError) {
        // What a giant one took is not kept.
        defer { if frames.capacity > 4 * Self.writtenByteCount { frames = [] } }
        frames.removeAll(keepingCapacity: true)
        var position = segment.byteCount
        for (index, record) in records.enumerated() {
            record.append(to: &frames, sealedWith: segment.seed)
            guard frames.count >= Self.writtenByteCount || index == records.count - 1 else { continue }
            try segment.file.write(frames, at: position)
            position += frames.count
            frames.removeAll(keepingCapacity: true)
        }
    }

    private mutating func synchronize(_ file: any File) throws(FileIOError) {
        let began = ContinuousClock.now
        defer { figures.synchronizeLatency.add(ContinuousClock.now - began) }
        try file.synchronize()
    }

    /// The open segment, if the group belongs and fits into it, else a new one.
    private mutating func takeSegment(for group: JournalGroup) throws(FileIOError) -> Segment {
        if let segment, segment.name.generation.number == group.generation,
            group.byteCount <= segment.room
        {
            return segment
        }
        closeSegment(givesBackRoom: !spares.isEnabled)
        let generation = JournalGenerationID(incarnation: incarnation, number: group.generation)
        let name = JournalSegmentName(start: start, generation: generation, segment: nextSegment)
        nextSegment += 1
        let capacity = max(
            segmentByteCount, JournalSegmentHeader.byteCount + group.byteCount + JournalFrame.endByteCount)
        let path = "\(directory)/\(name.text)"
        let used = capacity == segmentByteCount ? usedFile(at: path) : nil
        let file = if let used { used } else { try fileSystem.open(path, .createNew) }
        let segment = Segment(
            name: name, file: file, seed: name.seed, byteCount: JournalSegmentHeader.byteCount,
            capacity: capacity)
        self.segment = segment
        // Writing into reserved room synchronizes faster, and does not run out of space midway.
        if used == nil { try file.preallocate(capacity) }
        let header = JournalSegmentHeader.encoded(name, createdNanoseconds: now(), isRecycled: used != nil)
        try file.write(header, at: 0)
        figures.segmentCount += 1
        if used != nil { figures.recycledSegmentCount += 1 }
        return segment
    }

    /// A spare file under its new name; nil if there is none that can be used. What is left of one that can't is tried
    /// again at the next start.
    private func usedFile(at path: String) -> (any File)? {
        while let spare = spares.take() {
            guard (try? fileSystem.rename(spare, to: path)) != nil else { continue }
            if let file = try? fileSystem.open(path, .update), (try? file.byteCount()) == segmentByteCount {
                return file
            }
            try? fileSystem.unlink(path)
        }
        return nil
    }

    /// Closes the segment if it belongs to a generation before `generation`.
    mutating func closeSegment(before generation: UInt64) {
        if let segment, segment.name.generation.number < generation {
            closeSegment(givesBackRoom: !spares.isEnabled)
        }
    }

    /// Marks the segment's end: all its records are durable. The mark itself need not be; who does not find it knows less.
    ///
    /// - Parameter givesBackRoom: Whether the file gets shorter by what the segment did not use. Should that fail, or be
    ///   undone by a power cut, the file ends in zeros or old frames, which readers take for its end.
    mutating func closeSegment(givesBackRoom: Bool) {
        guard let segment = segment.take(), segment.isDurable else { return }
        var end: [UInt8] = []
        EncodedJournalRecord(endOf: segment.recordCount).append(to: &end, sealedWith: segment.seed)
        try? segment.file.write(end, at: segment.byteCount)
        guard givesBackRoom else { return }
        try? segment.file.truncate(to: segment.byteCount + end.count)
    }

    /// Never touches the segment again, but to remove it if nobody was told that it holds anything.
    private mutating func abandonSegment() {
        guard let segment = segment.take() else { return }
        if !segment.isDurable, (try? fileSystem.unlink(segment.file.path)) != nil { return }
        spares.distrust(segment.name)
    }
}
