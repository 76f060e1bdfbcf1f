// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ByteCoding
internal import FileIO
internal import Inflate
package import Logging
internal import OTLP
internal import ObjectStorage
internal import TraceModel

// DIRECTORY/lock                held while a process uses the directory, names its PID
// DIRECTORY/journal/…           see LocalJournal
// DIRECTORY/store/vivace-store  the store marker
// DIRECTORY/store/manifest/…    commits
// DIRECTORY/store/checkpoints/… what the commits before them say together
// DIRECTORY/store/tenants/…     blocks

extension TraceStore {
    /// Opens a directory, or makes a new store in it, and replays what earlier runs left in the journal.
    ///
    /// - Throws: ``StoreError`` `.unusable` if another process has it, it is not writable or a newer Vivace wrote it;
    ///   `.corrupted` if the manifest is damaged; `.unavailable` if the disk fails.
    package static func open(
        _ configuration: StoreConfiguration, budget: MemoryBudget, logger: Logger
    ) async throws -> TraceStore {
        do {
            return try await openParts(configuration, budget, logger)
        } catch {
            guard let code = errorCode(error) else { throw error }
            throw StoreError(code, "the store in \(configuration.directory) can't be opened", cause: error)
        }
    }

    /// What an error at the start means for whoever starts the store; nil for what is none of the store's.
    private static func errorCode(_ error: any Error) -> StoreError.Code? {
        switch error {
        case let error as FileIOError:
            switch error.code {
            case .noSpace, .tooManyOpenFiles, .busy, .ioFailure: .unavailable
            case .notFound, .alreadyExists, .readOnly, .permission, .isLocked: .unusable
            }
        case let error as ObjectStoreError:
            error.cause.flatMap(errorCode) ?? .unavailable
        case let error as ManifestError:
            switch error.code {
            case .unsupported: .unusable
            case .unreadable: error.cause.flatMap(errorCode) ?? .unavailable
            default: .corrupted
            }
        case let error as JournalError:
            if error.code == .unsupported { .unusable } else { error.cause.flatMap(errorCode) ?? .unavailable }
        case is InflateError: .unavailable
        default: nil
        }
    }

    private static func openParts(
        _ configuration: StoreConfiguration, _ budget: MemoryBudget, _ logger: Logger
    ) async throws -> TraceStore {
        let readers = try BlockingExecutor(name: "block readers", threadCount: 4)
        let writers = try BlockingExecutor(name: "block writers", threadCount: 2)
        let builders = try BlockingExecutor(name: "block builders", threadCount: 1)
        let directory = configuration.directory
        let lock = try await writers.run {
            let files = configuration.fileSystem
            try files.createDirectory(directory)
            return try files.lock(directory + "/lock")
        }
        let meter = RequestMeter()
        let objects = InterceptedObjectStore(
            try await DirectoryObjectStore(
                root: directory + "/store", fileSystem: configuration.fileSystem, readers: readers, writers: writers),
            by: meter)
        var random = SystemRandomNumberGenerator()
        let marker = StoreMarker(storeID: .random(using: &random), createdNanoseconds: configuration.now())
        _ = try await StoreMarker.loadOrCreate(marker, in: objects)
        let manifest = try await Manifest.load(from: objects, checkpointInterval: configuration.checkpointInterval)
        if let damage = manifest.checkpointDamage {
            logger.error("a damaged checkpoint of the manifest was passed over", metadata: ["error": "\(damage)"])
        }
        // Half of what live and sealed heads may hold: as much as one cut gives back.
        let pool = SlabPool(retainedByteLimit: (budget.limits[.heads] ?? 0) / 2)
        let recovery = try await writers.run {
            try JournalRecovery(directory + "/journal", fileSystem: configuration.fileSystem)
        }
        let covered = manifest.state.coveredGenerations
        try await writers.run { try recovery.checkVersions { covered.contains($0) } }
        let journal = configuration.journalDecorator(
            try await LocalJournal.open(
                directory + "/journal", fileSystem: configuration.fileSystem, incarnation: .random(using: &random),
                options: configuration.journalOptions, budget: budget, now: configuration.now))
        try await writers.run { try makeNamesDurable(configuration) }
        let replay = JournalReplayer(pool: pool, budget: budget, recovery: recovery)
        var sealed: [SealedGeneration] = []
        var figures = RecoveryFigures()
        for generation in recovery.generations {
            if covered.contains(generation.id) {
                try await journal.release(generation.id)
            } else {
                let (heads, replayed) = try await builders.run { try replay.heads(of: generation, logger) }
                sealed.append(heads)
                figures.add(replayed)
            }
        }
        try await removeOrphans(objects, manifest.state, logger)
        return try TraceStore(
            configuration: configuration, budget: budget, objects: objects, meter: meter, journal: journal,
            manifest: manifest, builders: builders, pool: pool, lock: lock, sealed: sealed, recovery: figures)
    }

    /// Makes the names of those in the directory durable, also where a start that was interrupted made them.
    private static func makeNamesDurable(_ configuration: StoreConfiguration) throws(FileIOError) {
        try configuration.fileSystem.synchronizeDirectory(configuration.directory)
        // Commits too, before the journal that they cover is let go.
        for folder in ["/store", "/store/manifest", "/store/checkpoints"] {
            let path = configuration.directory + folder
            guard try configuration.fileSystem.status(of: path) != nil else { continue }
            try configuration.fileSystem.synchronizeDirectory(path)
        }
    }

    /// Deletes block objects of no commit, which a crash between writing and committing leaves. Only whoever holds the
    /// lock of the directory may: nobody else writes blocks there.
    private static func removeOrphans(
        _ objects: any ObjectStore, _ state: ManifestState, _ logger: Logger
    ) async throws {
        // Were a commit missing, the blocks of all later ones would look like orphans.
        let last = state.nextSequence == 0 ? nil : try Manifest.key(state.nextSequence - 1)
        for try await entry in objects.entries(try ObjectPrefix("manifest/"), after: last)
        where Manifest.isCommit(entry.key) {
            throw ManifestError(
                .corrupted, "commit \(state.nextSequence) is missing although '\(entry.key.text)' is there: restore it")
        }
        var live: Set<BlockID> = []
        for blocks in state.blocksByTenant.values { live.formUnion(blocks.keys) }
        for try await entry in objects.entries(try ObjectPrefix("tenants/")) {
            guard let id = BlockKey.block(of: entry.key), !live.contains(id) else { continue }
            logger.notice("removing a block that was never committed", metadata: ["key": "\(entry.key.text)"])
            try await objects.delete(entry.key)
        }
    }
}

/// Rebuilds heads from the journal of an earlier run; its verdicts are obeyed.
struct JournalReplayer: Sendable {
    let pool: SlabPool
    let budget: MemoryBudget
    let recovery: JournalRecovery

    /// Replays one generation; blocks for the disk.
    func heads(
        of generation: RecoveredGeneration, _ logger: Logger
    ) throws -> (SealedGeneration, RecoveryFigures) {
        var heads: [TenantID: [Head]] = [:]
        var decoder = OTLPDecoder()
        var replay = recovery.replay(generation)
        var figures = RecoveryFigures()
        while let record = try replay.next() {
            do {
                try append(record, to: &heads[record.tenant, default: []], &decoder)
                figures.requestCount += 1
            } catch let error as InflateError where error.code == .outOfMemory {
                // Nothing is wrong with the request: it must not be passed over.
                throw error
            } catch {
                logger.error("a request in the journal can't be replayed", metadata: ["error": "\(error)"])
                figures.failedRequestCount += 1
            }
        }
        report(replay.reports, of: generation, figures.requestCount, logger)
        figures.lostRequestCount = replay.reports.reduce(0) { $0 + $1.lostRecordCount }
        figures.suspectRequestCount = replay.reports.reduce(0) { $0 + $1.suspects.count }
        if figures.failedRequestCount > 0 || replay.reports.contains(where: { !$0.passedOver.isEmpty }) {
            try recovery.keepAside(generation)
            figures.damagedGenerationCount = 1
            logger.error("the journal's damaged segments are kept aside", metadata: ["folder": "journal-damaged"])
        }
        for report in replay.reports where !report.suspects.isEmpty { try recovery.keepAside(tailOf: report) }
        let views = heads.mapValues { $0.filter { $0.batch.rowCount > 0 }.map { $0.view() } }
        return (SealedGeneration(id: generation.id, heads: views.filter { !$0.value.isEmpty }), figures)
    }

    /// Appends the record's spans to the last of its tenant's heads, or to a new one if that is full.
    private func append(_ record: JournalRecord, to heads: inout [Head], _ decoder: inout OTLPDecoder) throws {
        if let head = heads.last {
            do {
                return try Self.append(record, to: head, &decoder)
            } catch let error as OTLPError where error.code == .batchFull {}
        }
        let head = Head(pool: pool, budget: budget, seed: UInt64.random(in: .min ... .max))
        heads.append(head)
        try Self.append(record, to: head, &decoder)
    }

    private static func append(_ record: JournalRecord, to head: Head, _ decoder: inout OTLPDecoder) throws {
        var body = record.payload
        if record.contentEncoding == .gzip { body = try Inflate.inflate(body, limit: 1 << 30) }
        let seconds = UInt32(clamping: record.arrivalNanoseconds / 1_000_000_000)
        var verdict = OTLPVerdict()
        if !record.verdict.isEmpty {
            var cursor = ByteCursor(over: record.verdict.rawSpan)
            verdict = try OTLPVerdict(from: &cursor, in: record.verdict.rawSpan)
        }
        defer { head.memory.count(head.byteCount) }
        try decoder.decode(body.rawSpan, arrivalSeconds: seconds, obeying: verdict, into: &head.batch)
        head.keepRows()
    }

    private func report(
        _ reports: [JournalSegmentReport], of generation: RecoveredGeneration, _ records: Int, _ logger: Logger
    ) {
        logger.info(
            "journal replayed", metadata: ["generation": "\(generation.id)", "requests": "\(records)"])
        for report in reports where report.tornTailByteCount > 0 { self.report(tail: report, logger) }
        for report in reports where !report.passedOver.isEmpty {
            logger.error(
                "damaged bytes in the journal were passed over",
                metadata: ["generation": "\(generation.id)", "report": "\(report)"])
        }
        for report in reports where report.lostRecordCount > 0 {
            logger.error(
                "the journal lost requests that were acknowledged: a segment ended well, and they are not in it any more",
                metadata: ["segment": "\(report.name.text)", "requests": "\(report.lostRecordCount)"])
        }
    }

    private func report(tail report: JournalSegmentReport, _ logger: Logger) {
        let bytes: Logger.MetadataValue = "\(report.tornTailByteCount)"
        guard !report.suspects.isEmpty else {
            logger.notice(
                "the end of the journal was cut off: it was being written, and not acknowledged",
                metadata: ["segment": "\(report.name.text)", "bytes": bytes])
            return
        }
        logger.warning(
            """
            the end of the journal fails its checksum although all of it seems to be there: if the machine lost power or the \
            server was killed meanwhile it was never acknowledged, otherwise the disk lost acknowledged spans
            """,
            metadata: [
                "segment": "\(report.name.text)", "requests": "\(report.suspects.count)", "bytes": bytes,
                "folder": "journal-damaged",
            ])
    }
}
