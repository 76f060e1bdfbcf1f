// SPDX-License-Identifier: Apache-2.0

internal import FileIO
package import TraceStorage

/// A local journal without a thread of its own: whoever waits for a record, or rotates, does the writing.
///
/// So that a history that one task makes takes the same steps every time.
package final class SteppedJournal: Journal {
    private let base: LocalJournal

    package init(_ base: LocalJournal) { self.base = base }

    package var figures: JournalFigures { base.figures }

    package func append(_ record: consuming JournalRecord) throws(JournalError) -> JournalTicket {
        try base.append(record)
    }

    package func waitUntilDurable(_ ticket: JournalTicket) async throws {
        writeAll()
        try await base.waitUntilDurable(ticket)
    }

    package func rotate() throws(JournalError) -> JournalGenerationID {
        let generation = try base.rotate()
        writeAll()
        return generation
    }

    package func release(_ generation: JournalGenerationID) async throws {
        writeAll()
        try await base.release(generation)
    }

    package func run() async throws {}

    package func close() async { await base.close() }

    private func writeAll() {
        while base.writeGroup() {}
    }
}
