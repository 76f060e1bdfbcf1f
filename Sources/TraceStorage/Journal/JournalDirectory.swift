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

    /// Removes a generation's segments durably.
    func deleteSegments(of generation: JournalGenerationID) throws(FileIOError) {
        for name in try segmentNames() where name.generation == generation {
            try fileSystem.unlinkIfPresent("\(path)/\(name.text)")
        }
        try fileSystem.synchronizeDirectory(path)
    }
}
