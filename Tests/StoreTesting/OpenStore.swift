// SPDX-License-Identifier: Apache-2.0

package import FileIO
internal import InMemoryLogging
package import Logging
package import TraceStorage

/// A store that a test opened, with what it was given.
package struct OpenStore: Sendable {
    package static let directory = "/data"

    package let store: TraceStore
    package let budget: MemoryBudget
    package let logger: Logger
    private let log: InMemoryLogHandler

    /// Opens the store in ``directory``; its journal is written step by step, in segments of 4 KiB.
    package static func open(
        on fileSystem: any FileSystem, directory: String = directory,
        budget: MemoryBudget = MemoryBudget(total: 1 << 30),
        _ configure: (inout StoreConfiguration) -> Void = { _ in }
    ) async throws -> OpenStore {
        let log = InMemoryLogHandler()
        let logger = Logger(label: "test") { _ in log }
        var configuration = StoreConfiguration(
            directory: directory, headsByteLimit: budget.limits[.heads] ?? 0, now: { 1_700_000_000_000_000_000 })
        configuration.fileSystem = fileSystem
        configuration.journalOptions.segmentByteCount = 4 << 10
        configuration.journalDecorator = { SteppedJournal($0) }
        // Tests run beside each other: no clock decides in them.
        configuration.roomWait = .seconds(60)
        configure(&configuration)
        let store = try await TraceStore.open(configuration, budget: budget, logger: logger)
        return OpenStore(store: store, budget: budget, logger: logger, log: log)
    }

    /// What was logged at least as bad as `level`.
    package func messages(from level: Logger.Level = .warning) -> [String] {
        log.entries.filter { $0.level >= level }.map { "\($0.message) \($0.metadata)" }
    }

    /// Turns all heads into blocks.
    package func flushAll() async throws {
        try store.cut()
        while try await store.flushOldest(logger) {}
    }
}
