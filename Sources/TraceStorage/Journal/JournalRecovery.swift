// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
package import FileIO

/// A generation that an earlier incarnation left behind.
package struct RecoveredGeneration: Sendable {
    package let id: JournalGenerationID
    /// In the order in which they were written; at least one.
    package fileprivate(set) var segments: [JournalSegmentName]
}

/// What earlier incarnations of a local journal left behind.
///
/// Look before the new journal is opened. All functions wait for the disk: call them from a
/// `BlockingExecutor`.
package struct JournalRecovery: Sendable {
    /// In the order in which they were handed over, over all incarnations.
    package let generations: [RecoveredGeneration]
    private let directory: String
    private let fileSystem: any FileSystem

    /// Lists the directory; one that does not exist holds nothing.
    /// - Throws: `.failed`.
    package init(
        _ directory: String, fileSystem: any FileSystem = LocalFileSystem()
    ) throws(JournalError) {
        self.directory = directory
        self.fileSystem = fileSystem
        var generations: [RecoveredGeneration] = []
        for name in try Self.segmentNames(directory, fileSystem) {
            if let last = generations.last, last.id == name.generation {
                generations[generations.count - 1].segments.append(name)
            } else {
                generations.append(RecoveredGeneration(id: name.generation, segments: [name]))
            }
        }
        self.generations = generations
    }

    private static func segmentNames(
        _ directory: String, _ fileSystem: any FileSystem
    ) throws(JournalError) -> [JournalSegmentName] {
        do throws(FileIOError) {
            guard try fileSystem.status(of: directory) != nil else { return [] }
            return try JournalDirectory(directory, fileSystem).segmentNames()
        } catch {
            throw JournalError(.failed, "the journal's directory can't be listed", cause: error)
        }
    }

    /// Gives the generation's segments second names in a folder beside the journal's, `journal-damaged`, so that to
    /// release it loses nothing that somebody may still want to look at.
    /// - Throws: `.failed`.
    package func keepAside(_ generation: RecoveredGeneration) throws(JournalError) {
        let folder = directory + "-damaged"
        do throws(FileIOError) {
            try fileSystem.createDirectory(folder)
            for segment in generation.segments {
                let target = folder + "/" + segment.text
                guard try fileSystem.status(of: target) == nil else { continue }
                try fileSystem.link(directory + "/" + segment.text, to: target)
            }
            try fileSystem.synchronizeDirectory(folder)
        } catch {
            throw JournalError(error)
        }
    }

    /// Copies the torn tail of a segment into that folder, as `SEGMENT.tail-OFFSET`; may be repeated.
    /// - Throws: `.failed`, `.noSpace`.
    package func keepAside(tailOf report: JournalSegmentReport) throws(JournalError) {
        guard let tail = report.tornTail else { return }
        let folder = directory + "-damaged"
        let target = "\(folder)/\(report.name.text).tail-\(tail.lowerBound)"
        do throws(FileIOError) {
            try fileSystem.createDirectory(folder)
            let bytes = try fileSystem.open(directory + "/" + report.name.text, .read)
                .read(tail.count, at: tail.lowerBound)
            let copy = try fileSystem.open(target, fileSystem.status(of: target) == nil ? .createNew : .update)
            try copy.write(bytes, at: 0)
            try copy.synchronize()
            try fileSystem.synchronizeDirectory(folder)
        } catch {
            throw JournalError(error)
        }
    }

    /// Looks whether this program can read the segments, before anything is changed.
    /// - Parameter isCovered: Of a generation whose records nobody needs any more.
    /// - Throws: `.unsupported` if a newer program wrote one; `.failed`.
    package func checkVersions(besides isCovered: (JournalGenerationID) -> Bool) throws(JournalError) {
        for generation in generations where !isCovered(generation.id) {
            for segment in generation.segments {
                let head: [UInt8]
                do throws(FileIOError) {
                    head = try fileSystem.open(directory + "/" + segment.text, .read)
                        .read(JournalSegmentHeader.byteCount, at: 0)
                } catch {
                    throw JournalError(.failed, "the segment \(segment.text) can't be read", cause: error)
                }
                _ = try JournalSegmentHeader.state(head.rawSpan, of: segment)
            }
        }
    }

    /// The generation's records, to be read one after another.
    package func replay(_ generation: RecoveredGeneration) -> JournalReplay {
        JournalReplay(generation, JournalDirectory(directory, fileSystem))
    }
}

/// Reads a generation's records in order; holds one segment in memory at a time.
package struct JournalReplay {
    /// One report a segment that was read to its end, in order.
    package private(set) var reports: [JournalSegmentReport] = []

    private let directory: JournalDirectory
    private var rest: ArraySlice<JournalSegmentName>
    private var reader: JournalSegmentReader?

    init(_ generation: RecoveredGeneration, _ directory: JournalDirectory) {
        self.directory = directory
        rest = generation.segments[...]
    }

    /// The next record; nil at the end.
    /// - Throws: `.failed` if a segment can't be read; `.unsupported` if a newer program wrote it.
    package mutating func next() throws(JournalError) -> JournalRecord? {
        while true {
            if let record = reader?.next() { return record }
            if let reader = reader.take() { reports.append(reader.report) }
            guard let name = rest.popFirst() else { return nil }
            reader = try JournalSegmentReader(read(name), of: name)
        }
    }

    private func read(_ name: JournalSegmentName) throws(JournalError) -> [UInt8] {
        do throws(FileIOError) {
            return try directory.read(name)
        } catch {
            throw JournalError(.failed, "the segment \(name.text) can't be read", cause: error)
        }
    }
}
