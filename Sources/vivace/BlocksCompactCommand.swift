// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Logging
internal import Synchronization
internal import TerminalRendering
internal import TraceStorage

/// `vivace blocks compact`
struct BlocksCompactCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compact",
        abstract: "Merge the blocks of a store that no server uses, until there is nothing left to merge.",
        discussion: """
            A server does this by itself; here it is done at once, and for the last hours too. What the blocks hold does \
            not change. Nothing is lost if it is interrupted.

            EXAMPLES
              vivace blocks compact --data-dir ./data
            """)

    @OptionGroup var options: BlocksOptions

    @Option(help: "How many blocks of a level are merged into one, VIVACE_COMPACTION_FAN_IN (default: 8).")
    var compactionFanIn: PositiveCount?

    @Option(help: "How large merged blocks become, VIVACE_COMPACTION_BLOCK_SIZE (default: 1GiB).")
    var compactionBlockSize: ByteSize?

    private func compaction() throws -> CompactionOptions {
        var compaction = CompactionOptions()
        if let fanIn = try Settings.value(compactionFanIn, "compaction-fan-in") {
            guard (2...64).contains(fanIn.value) else {
                throw ValidationError("--compaction-fan-in has to be 2 to 64: so many blocks are read at once.")
            }
            compaction.fanIn = fanIn.value
        }
        if let size = try Settings.value(compactionBlockSize, "compaction-block-size") {
            compaction.blockByteLimit = size.byteCount
        }
        return compaction
    }

    func validate() throws { _ = try compaction() }

    func run() async throws {
        let store: OfflineCompaction
        do {
            store = try await OfflineCompaction(
                directory: try options.resolvedDirectory(), try compaction(), memoryByteCount: 128 << 20,
                now: { currentUnixNanoseconds() })
        } catch let error as StoreError {
            throw CommandError(.unreachable, error.description)
        }
        let logger = Logger(label: "vivace") { _ in SwiftLogNoOpLogHandler() }
        let start = ContinuousClock.now
        let total = GreatestDebt()
        let text: @Sendable () -> ProgressText = {
            let done = store.figures.readByteCount
            return ProgressText(
                done, of: total.raised(to: done + store.debtByteCount), .bytes,
                elapsedNanoseconds: start.duration(to: .now).nanoseconds,
                note: "merged")
        }
        do {
            try await withProgress(Output.isWatched ? text : nil) {
                while try await store.mergeOnce(logger) {}
            }
        } catch let error as StoreError {
            throw CommandError(.unreachable, error.description)
        } catch {
            throw CommandError(.partial, "\(error)")
        }
        try Output.write(Self.summary(store.figures, start.duration(to: .now).nanoseconds))
    }

    private static func summary(_ figures: CompactionFigures, _ nanoseconds: UInt64) -> String {
        let levels = figures.levels.map {
            "level \($0.level): \(NumberText.count($0.blockCount, "block")), \(NumberText.bytes($0.byteCount))\n"
        }
        let facts = [
            NumberText.count(figures.finishedJobCount, "job"), "read \(NumberText.bytes(figures.readByteCount))",
            "wrote \(NumberText.bytes(figures.writtenByteCount))",
            "dropped \(NumberText.count(figures.duplicateSpanCount, "duplicate"))",
            "took \(DurationText.format(nanoseconds))",
        ]
        return facts.joined(separator: ", ") + "\n" + levels.joined()
    }
}

/// What there was to read in all, as far as is known: jobs become known while others are done.
private final class GreatestDebt: Sendable {
    private let byteCount = Mutex(0)

    func raised(to byteCount: Int) -> Int {
        self.byteCount.withLock { greatest in
            greatest = max(greatest, byteCount)
            return greatest
        }
    }
}
