// SPDX-License-Identifier: Apache-2.0

/// What makes a request durable before it is acknowledged.
///
/// Records belong to *generations*. A cut closes the open one with ``rotate()``, seals the heads
/// that hold its records, commits their blocks as covering it, and then releases it.
package protocol Journal: Sendable {
    /// What it has done since it began.
    var figures: JournalFigures { get }

    /// Hands a record over; compresses it, but never waits for a disk or a network.
    ///
    /// The order of calls is the order in the journal. The record belongs to the generation that is
    /// open at the call: whoever needs both to stay together makes sure that no ``rotate()`` comes
    /// between.
    /// - Throws: `.overloaded`, `.tooLarge`, `.closed`; nothing was handed over then.
    func append(_ record: consuming JournalRecord) throws(JournalError) -> JournalTicket

    /// Returns when the record survives a power cut.
    /// - Throws: `JournalError` `.noSpace` or `.failed` if it can't be made durable (it may come
    ///   back after a restart all the same); `CancellationError` if the task was cancelled.
    func waitUntilDurable(_ ticket: JournalTicket) async throws

    /// Closes the open generation and opens the next; cheap, callers may hold locks.
    /// - Returns: The generation that was closed.
    /// - Throws: `.closed`.
    func rotate() throws(JournalError) -> JournalGenerationID

    /// Deletes a closed generation's records, also one that an earlier incarnation left behind.
    /// Returns when they can't come back. May be repeated.
    /// - Throws: `JournalError` `.failed`: some of it may still be there.
    func release(_ generation: JournalGenerationID) async throws

    /// Does the writing, until the journal is closed or the task cancelled. Nothing becomes durable
    /// unless this runs; it may run once.
    func run() async throws

    /// Lets no more records in, and returns when those that wait have met their fate and ``run()``
    /// is at its end; at once, if it does not run.
    func close() async
}

/// Names a generation of records for ever.
package struct JournalGenerationID: Hashable, Sendable, BitwiseCopyable, Comparable,
    CustomStringConvertible
{
    package var incarnation: IncarnationID
    /// Counts the generations of the incarnation from 0.
    package var number: UInt64

    package init(incarnation: IncarnationID, number: UInt64) {
        self.incarnation = incarnation
        self.number = number
    }

    /// Any fixed order; only inside an incarnation it is that of time.
    package static func < (left: Self, right: Self) -> Bool {
        left.incarnation != right.incarnation
            ? left.incarnation < right.incarnation : left.number < right.number
    }

    package var description: String { "\(incarnation)/\(number)" }
}

/// Stands for a record that was handed over.
package struct JournalTicket: Hashable, Sendable, BitwiseCopyable {
    /// The generation that the record belongs to.
    package let generation: JournalGenerationID
    /// Counts the records of the incarnation from 0.
    package let number: UInt64

    package init(generation: JournalGenerationID, number: UInt64) {
        self.generation = generation
        self.number = number
    }
}

/// What has become of a record that was handed over.
package enum JournalOutcome: Sendable {
    case pending
    case durable
    /// It was not made durable and will not be.
    case failed(JournalError)
}
