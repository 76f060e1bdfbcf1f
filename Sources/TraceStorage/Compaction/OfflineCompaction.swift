// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import FileIO
package import Logging
internal import ObjectStorage

/// Merges the blocks of a store that no server has open, as if all windows were over.
package struct OfflineCompaction: Sendable {
    private let compactor: Compactor
    /// Held for as long as this value lives.
    private let lock: DirectoryLock

    /// - Throws: ``StoreError`` `.unusable` if another process has the directory or there is no store in it;
    ///   `.corrupted` if its manifest is damaged; `.unavailable` if the disk fails.
    package init(
        directory: String, _ options: CompactionOptions, memoryByteCount: Int, now: @escaping @Sendable () -> UInt64
    ) async throws {
        do {
            let readers = try BlockingExecutor(name: "block readers", threadCount: 2)
            let writers = try BlockingExecutor(name: "block writers", threadCount: 2)
            guard try LocalFileSystem().status(of: directory + "/store") != nil else {
                throw StoreError(.unusable, "there is no store in \(directory): name one with --data-dir")
            }
            lock = try LocalFileSystem().lock(directory + "/lock")
            let objects = try await DirectoryObjectStore(
                root: directory + "/store", readers: readers, writers: writers)
            guard try await StoreMarker.load(from: objects, mayWrite: true) != nil else {
                throw StoreError(.unusable, "there is no store in \(directory): name one with --data-dir")
            }
            var configuration = Compactor.Configuration(now: now)
            configuration.compaction = options
            // How long spans are kept is for the server to know: here nothing is dropped.
            configuration.retention = RetentionPolicy(seconds: .max)
            // Nobody reads beside this; who lists the directory's blocks looks again.
            configuration.compaction.removalGrace = .zero
            compactor = try Compactor(
                configuration, objects: objects, manifest: try await Manifest.load(from: objects),
                budget: MemoryBudget(limits: [.compaction: memoryByteCount]), pool: SlabPool(retainedByteLimit: 8 << 20)
            ) { _ in }
        } catch let error as FileIOError {
            throw StoreError(.unusable, "\(directory) can't be used: a server may have it", cause: error)
        } catch let error as ManifestError {
            throw StoreError(
                error.code == .unsupported ? .unusable : .corrupted, "the store in \(directory) can't be read",
                cause: error)
        } catch let error as ObjectStoreError {
            throw StoreError(.unavailable, "\(directory) can't be read", cause: error)
        }
    }

    /// Does the most urgent job and deletes what it has replaced.
    ///
    /// - Returns: Whether there was one.
    package func mergeOnce(_ logger: Logger) async throws -> Bool {
        let found = try await compactor.mergeOnce(logger, closesAllWindows: true)
        try await compactor.deleteRemovedObjects(logger)
        return found
    }

    /// What the jobs that are known now would read.
    package var debtByteCount: Int { compactor.plan(closesAllWindows: true).byteCount }

    package var figures: CompactionFigures { compactor.figures }
}
