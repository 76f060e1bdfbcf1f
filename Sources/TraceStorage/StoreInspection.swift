// SPDX-License-Identifier: Apache-2.0

package import BlockFormat
internal import FileIO
internal import ObjectStorage

/// A store's directory, read without a server or beside a running one; changes nothing.
package struct StoreInspection: Sendable {
    /// The live blocks, newest first.
    package let blocks: [BlockSummary]
    private let cache: BlockCache
    let objects: any ObjectStore

    /// - Throws: ``StoreError`` `.unusable` if there is no store in the directory or a newer Vivace wrote it;
    ///   `.corrupted` if its manifest is damaged.
    package init(directory: String) async throws {
        do {
            let readers = try BlockingExecutor(name: "block readers", threadCount: 2)
            let objects = try await DirectoryObjectStore(
                root: directory + "/store", access: .readOnly, readers: readers, writers: readers)
            guard try await StoreMarker.load(from: objects, mayWrite: false) != nil else {
                throw StoreError(.unusable, "there is no store in \(directory): name one with --data-dir")
            }
            let state = try await Manifest.load(from: objects).state
            blocks = state.blocksByTenant.values.flatMap(\.values).sorted {
                ($1.eventNanoseconds.upperBound, $1.id) < ($0.eventNanoseconds.upperBound, $0.id)
            }
            self.objects = objects
            cache = BlockCache(store: objects, budget: MemoryBudget(limits: [.cache: 64 << 20]))
        } catch let error as ManifestError {
            throw StoreError(
                error.code == .unsupported ? .unusable : .corrupted, "the store in \(directory) can't be read",
                cause: error)
        } catch let error as FileIOError {
            throw StoreError(.unusable, "\(directory) can't be read", cause: error)
        }
    }

    package func reader(for block: BlockSummary) async throws -> BlockReader { try await cache.reader(for: block) }
}
