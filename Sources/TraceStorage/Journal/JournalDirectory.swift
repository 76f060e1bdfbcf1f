// SPDX-License-Identifier: Apache-2.0

internal import FileIO

/// The segments that lie in a journal's directory.
struct JournalDirectory {
    private let path: String
    private let fileSystem: any FileSystem

    init(_ path: String, _ fileSystem: any FileSystem) {
        self.path = path
        self.fileSystem = fileSystem
    }

    /// All segments, in the order in which they were written; other files are left out.
    func segmentNames() throws(FileIOError) -> [JournalSegmentName] {
        try fileSystem.entries(of: path).compactMap { JournalSegmentName($0.name) }.sorted()
    }

    func read(_ name: JournalSegmentName) throws(FileIOError) -> [UInt8] {
        let file = try fileSystem.open("\(path)/\(name.text)", .read)
        return try file.read(file.byteCount(), at: 0)
    }

    /// Removes a generation's segments durably; spares take of their files what they can use.
    /// - Parameter spares: nil if the files must not be written again.
    func deleteSegments(
        of generation: JournalGenerationID, for spares: JournalSpares?
    ) throws(FileIOError) {
        var kept: [String] = []
        for name in try segmentNames() where name.generation == generation {
            let file = "\(path)/\(name.text)"
            if let spares, try spares.wants(name, besides: kept.count, fileSystem.status(of: file)) {
                try fileSystem.rename(file, to: file + JournalSpares.suffix)
                kept.append(file + JournalSpares.suffix)
            } else {
                try fileSystem.unlinkIfPresent(file)
            }
        }
        try fileSystem.synchronizeDirectory(path)
        // Not before: else a power cut could give the old name to a file with new records.
        spares?.add(kept)
    }

    /// Takes over the files that earlier runs kept to be written again, and removes those that are of no use.
    func takeSpares(into spares: JournalSpares) throws(FileIOError) {
        for entry in try fileSystem.entries(of: path) where entry.name.hasSuffix(JournalSpares.suffix) {
            let file = "\(path)/\(entry.name)"
            if spares.wants(try fileSystem.status(of: file)) {
                spares.add([file])
            } else {
                try fileSystem.unlinkIfPresent(file)
            }
        }
    }
}
