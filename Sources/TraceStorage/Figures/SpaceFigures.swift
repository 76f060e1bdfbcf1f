// SPDX-License-Identifier: Apache-2.0

internal import FileIO

/// Room on the disk, as it was measured last: about a second ago.
package struct SpaceFigures: Sendable, Hashable {
    /// What may still be written.
    package var availableByteCount = 0
    package var totalByteCount = 0
    /// With less available, spans are refused.
    package var minimumByteCount = 0
    /// Segments in the journal's directory, and what they take; a segment that is open has its whole size.
    package var journalSegmentCount = 0
    package var journalByteCount = 0

    package init() {}
}

extension SpaceFigures {
    /// Measures; a few system calls.
    ///
    /// - Throws: ``FileIOError`` if not even the file system can be asked; a journal that can't be is passed over.
    init(_ configuration: StoreConfiguration) throws(FileIOError) {
        let space = try configuration.fileSystem.space(at: configuration.directory)
        availableByteCount = space.availableByteCount
        totalByteCount = space.totalByteCount
        minimumByteCount = min(
            configuration.minimumFreeByteCount, Int(Double(totalByteCount) * configuration.minimumFreeFraction))
        let journal = configuration.directory + "/journal"
        guard let names = try? JournalDirectory(journal, configuration.fileSystem).segmentNames() else { return }
        for name in names {
            // One may be deleted while this looks.
            guard let status = try? configuration.fileSystem.status(of: "\(journal)/\(name.text)") else { continue }
            journalSegmentCount += 1
            journalByteCount += status.byteCount
        }
    }
}
