// SPDX-License-Identifier: Apache-2.0
internal import FileIO
internal import Synchronization

/// An object of a `DirectoryObjectStore` in the making. If it is let go without an end, its file is
/// removed at the next start.
final class DirectoryObjectWriter: ObjectWriter {
    private let store: DirectoryObjectStore
    private let key: ObjectKey
    /// nil after the end. The lock is held during I/O, on the store's threads; one task writes.
    private let staged: Mutex<StagedFile?>

    init(store: DirectoryObjectStore, key: ObjectKey, staged: StagedFile) {
        self.store = store
        self.key = key
        self.staged = Mutex(staged)
    }

    func write(_ part: [UInt8]) async throws {
        try await store.perform(.writePart, key.text, on: store.writers) { [self] in
            try staged.withLock { staged in
                precondition(staged != nil, "written to an object writer after its end")
                try staged?.append(part)
            }
        }
    }

    func complete() async throws {
        try await store.perform(.completeWriting, key.text, on: store.writers) { [self] in
            try staged.withLock { staged in
                try staged?.synchronize()
                guard let complete = staged.take() else {
                    preconditionFailure("an object writer completed after its end")
                }
                try store.publish(complete, as: key)
            }
        }
    }

    func abort() async {
        // Should this fail, the file is removed at the next start.
        try? await store.perform(
            .abortWriting, key.text, on: store.writers, evenIfCancelled: true
        ) { [self] in
            staged.withLock { $0.take() }.map { store.discard($0) }
        }
    }
}
