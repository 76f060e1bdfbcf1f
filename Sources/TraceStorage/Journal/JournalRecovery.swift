// SPDX-License-Identifier: Apache-2.0

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
