// SPDX-License-Identifier: Apache-2.0

/// Records of one generation that are written and synchronized together.
struct JournalGroup {
    var generation: UInt64
    var records: [EncodedJournalRecord]
    var byteCount: Int
}

/// The state of a local journal without its files: what waits for the disk, and who waits for what.
///
/// Records are numbered as they come. Those below `resolvedCount` have met their fate; of them all
/// are durable but the ones in `failures`. The next `inFlightCount` are being written, the rest
/// waits in `entries`.
struct JournalQueue<Waiter> {
    private struct Entry {
        var record: EncodedJournalRecord
        var generation: UInt64
    }

    private struct Failure {
        var numbers: Range<UInt64>
        var error: JournalError
    }

    private struct Waiting {
        var number: UInt64
        var waiter: Waiter
    }

    /// Failures remembered one by one; a waiter asks about its record within moments.
    private static var failureLimit: Int { 64 }

    private let byteLimit: Int
    private var entries: [Entry] = []
    private var inFlightCount: UInt64 = 0
    private var resolvedCount: UInt64 = 0
    private var appendedCount: UInt64 = 0
    private var failures: [Failure] = []
    private var waiting: [UInt64: Waiting] = [:]
    /// Generations that are closed and not forgotten: how many records had been appended by then.
    private var ends: [UInt64: UInt64] = [:]
    private var isWriterIdle = false

    private(set) var openGeneration: UInt64 = 0
    private(set) var isClosing = false
    /// Bytes of the records that wait or are being written.
    private(set) var byteCount = 0

    init(byteLimit: Int) { self.byteLimit = byteLimit }

    /// Whether the writer slept and has to be woken; it then counts as awake.
    private mutating func wakeWriter() -> Bool {
        defer { isWriterIdle = false }
        return isWriterIdle
    }
}

// MARK: Those who append

extension JournalQueue {
    /// - Returns: the record's number, and whether the writer has to be woken.
    mutating func append(
        _ record: EncodedJournalRecord
    ) throws(JournalError) -> (number: UInt64, mustWake: Bool) {
        guard !isClosing else { throw .closed }
        // A record larger than the limit goes through when nothing else waits.
        guard byteCount == 0 || byteCount + record.byteCount <= byteLimit else {
            throw JournalError(
                .overloaded, "\(byteCount) bytes wait to be made durable; try again soon")
        }
        byteCount += record.byteCount
        entries.append(Entry(record: record, generation: openGeneration))
        defer { appendedCount += 1 }
        return (appendedCount, wakeWriter())
    }

    /// - Returns: the generation that was closed, and whether the writer has to be woken.
    mutating func rotate() throws(JournalError) -> (closed: UInt64, mustWake: Bool) {
        guard !isClosing else { throw .closed }
        ends[openGeneration] = appendedCount
        defer { openGeneration += 1 }
        return (openGeneration, wakeWriter())
    }

    /// Lets no more records in; those that wait are still written.
    mutating func close() -> Bool {
        isClosing = true
        return wakeWriter()
    }
}

// MARK: Those who wait

extension JournalQueue {
    func outcome(of number: UInt64) -> JournalOutcome {
        precondition(number < appendedCount, "a ticket of another journal")
        guard number < resolvedCount else { return .pending }
        if let failure = failures.last(where: { $0.numbers.contains(number) }) {
            return .failed(failure.error)
        }
        return .durable
    }

    /// The last record of a closed generation, or of one before it; nil if there was none, or the
    /// generation was forgotten.
    func lastNumber(of generation: UInt64) -> UInt64? {
        guard let end = ends[generation], end > 0 else { return nil }
        return end - 1
    }

    mutating func forget(_ generation: UInt64) { ends[generation] = nil }

    /// Remembers a waiter for a record whose outcome is pending.
    mutating func wait(for number: UInt64, _ id: UInt64, _ waiter: Waiter) {
        waiting[id] = Waiting(number: number, waiter: waiter)
    }

    /// - Returns: the waiter, if it still waited.
    mutating func stopWaiting(_ id: UInt64) -> Waiter? {
        waiting.removeValue(forKey: id)?.waiter
    }

    private mutating func takeResolvedWaiters() -> [Waiter] {
        var resolved: [Waiter] = []
        var ids: [UInt64] = []
        for (id, entry) in waiting where entry.number < resolvedCount {
            resolved.append(entry.waiter)
            ids.append(id)
        }
        for id in ids { waiting[id] = nil }
        return resolved
    }
}

// MARK: The writer

extension JournalQueue {
    /// What the writer does when nothing waits.
    enum Pause { case goOn, sleep, end }

    mutating func pause() -> Pause {
        guard entries.isEmpty else { return .goOn }
        if isClosing { return .end }
        isWriterIdle = true
        return .sleep
    }

    /// The next records of one generation that together fit into a segment; nil if none waits.
    /// - Parameters:
    ///   - room: Bytes left in the segment that is open, and its generation; nil if none is.
    ///   - capacity: Bytes that a new segment offers; a larger record comes alone.
    mutating func takeGroup(
        room: (generation: UInt64, byteCount: Int)?, capacity: Int
    ) -> JournalGroup? {
        precondition(inFlightCount == 0)
        guard let first = entries.first else { return nil }
        var limit = capacity
        if let room, room.generation == first.generation, first.record.byteCount <= room.byteCount {
            limit = room.byteCount
        }
        var group = JournalGroup(generation: first.generation, records: [], byteCount: 0)
        for entry in entries {
            let total = group.byteCount + entry.record.byteCount
            guard entry.generation == first.generation, total <= limit || group.records.isEmpty
            else { break }
            group.records.append(entry.record)
            group.byteCount = total
        }
        inFlightCount = UInt64(group.records.count)
        if group.records.count == entries.count {
            entries = []
        } else {
            entries.removeFirst(group.records.count)
        }
        return group
    }

    /// The group that was taken is durable.
    /// - Returns: who waited for it.
    mutating func complete(_ group: JournalGroup) -> [Waiter] {
        resolvedCount += inFlightCount
        inFlightCount = 0
        byteCount -= group.byteCount
        return takeResolvedWaiters()
    }

    /// The group that was taken can't be made durable. What waits behind it fails with it, so that
    /// nobody waits for a disk that does not work.
    /// - Returns: who waited for any of it.
    mutating func fail(_ error: JournalError) -> [Waiter] {
        failures.append(Failure(numbers: resolvedCount..<appendedCount, error: error))
        if failures.count > Self.failureLimit {
            // Told apart no more: what was durable between two old failures counts as failed.
            let end = failures[1].numbers.upperBound
            failures[1].numbers = failures[0].numbers.lowerBound..<end
            failures.removeFirst()
        }
        resolvedCount = appendedCount
        inFlightCount = 0
        entries = []
        byteCount = 0
        return takeResolvedWaiters()
    }
}

extension JournalError {
    static var closed: JournalError {
        JournalError(.closed, "the journal is closed; this node is shutting down")
    }
}
