// SPDX-License-Identifier: Apache-2.0
package import FileIO
internal import Synchronization

// ROOT/blocks/tenant/01J9…     an object: the key is the path
// ROOT/.staging/17             an object in the making; no key begins with a dot
//
// put:     write .staging/n, synchronize it, rename it over the key, synchronize the folder.
// create:  the same with link, which fails if the name is taken.
// A power cut in between leaves the old state or the new one, and rubbish in .staging, which the
// next start removes. A folder's own name is made durable before the first object in it.

/// Objects as files below a directory.
///
/// Only one store at a time may write to a directory: whoever opens one for writing holds the lock
/// of the data directory. Others may read beside it. Folders are never removed, so keys should not
/// invent one per object.
package final class DirectoryObjectStore: ObjectStore {
    package enum Access: Sendable {
        /// Makes the directory, removes what an earlier process left unfinished.
        case readWrite
        /// Changes nothing, and keeps no files open, because others may replace them.
        case readOnly
    }

    let root: String
    let fileSystem: any FileSystem
    let readers: BlockingExecutor
    let writers: BlockingExecutor
    private let access: Access
    private let openFiles: Mutex<OpenFileCache>
    /// Folders whose names are durable.
    private let durableFolders = Mutex<Set<String>>([])
    private let stagedCount = Atomic(0)

    private var stagingPath: String { root + "/.staging" }

    /// Opens the store; `.readWrite` makes the directory durably and cleans it up.
    /// - Parameters:
    ///   - readers: Where reads and listings run.
    ///   - writers: Where writes run; apart from the reads, because they wait long for the disk.
    ///   - openFileLimit: How many files are kept open.
    package init(
        root: String, access: Access = .readWrite, fileSystem: any FileSystem = LocalFileSystem(),
        readers: BlockingExecutor, writers: BlockingExecutor, openFileLimit: Int = 256
    ) async throws {
        self.root = root
        self.access = access
        self.fileSystem = fileSystem
        self.readers = readers
        self.writers = writers
        openFiles = Mutex(OpenFileCache(capacity: access == .readOnly ? 0 : openFileLimit))
        if access == .readWrite {
            try await perform(.put, ".staging", on: writers) { try self.removeUnfinished() }
        }
    }

    private func removeUnfinished() throws(FileIOError) {
        try fileSystem.createDirectory(stagingPath)
        // Ours are numbers; whatever else lies there is somebody's.
        for entry in try fileSystem.entries(of: stagingPath) where entry.kind == .file && Int(entry.name) != nil {
            try fileSystem.unlinkIfPresent(stagingPath + "/" + entry.name)
        }
    }

    /// Runs blocking work and gives its errors the meaning they have for the request.
    func perform<Answer: Sendable>(
        _ request: ObjectRequest.Kind, _ key: String, on executor: BlockingExecutor,
        evenIfCancelled: Bool = false, _ body: @escaping @Sendable () throws -> Answer
    ) async throws -> Answer {
        do {
            return try await executor.run(evenIfCancelled: evenIfCancelled, body)
        } catch let error as FileIOError {
            if error.code == .notFound, request == .get || request == .byteCount {
                throw ObjectStoreError(.notFound, "there is no object '\(key)'", cause: error)
            }
            throw ObjectStoreError(error, request, key)
        }
    }

    func path(of key: ObjectKey) -> String { root + "/" + key.text }
}

// MARK: Reading

extension DirectoryObjectStore {
    package func get(_ key: ObjectKey, range: Range<Int>) async throws -> [UInt8] {
        if range.isEmpty { return [] }
        // What is in memory comes without the way to another thread and back, which takes longer than the copy.
        if let bytes = residentBytes(range, of: key) { return bytes }
        return try await perform(.get, key.text, on: readers) {
            let object = try self.open(key)
            guard range.lowerBound >= 0, range.upperBound <= object.byteCount else {
                throw ObjectStoreError.invalidRange(range, of: key, byteCount: object.byteCount)
            }
            return try self.read(range, of: object, key)
        }
    }

    package func get(_ key: ObjectKey, upTo limit: Int) async throws -> [UInt8] {
        try await perform(.get, key.text, on: readers) {
            let object = try self.open(key)
            guard object.byteCount <= limit else {
                throw ObjectStoreError.tooLarge(key, byteCount: object.byteCount, limit: limit)
            }
            return try self.read(0..<object.byteCount, of: object, key)
        }
    }

    package func byteCount(of key: ObjectKey) async throws -> Int {
        try await perform(.byteCount, key.text, on: readers) { try self.open(key).byteCount }
    }

    /// The bytes of a file that is open already, if none of them has to be waited for.
    private func residentBytes(_ range: Range<Int>, of key: ObjectKey) -> [UInt8]? {
        guard !Task.isCancelled, let object = openFiles.withLock({ $0.object(for: key) }), range.lowerBound >= 0,
            range.upperBound <= object.byteCount
        else { return nil }
        return object.file.readResident(range.count, at: range.lowerBound)
    }

    private func read(
        _ range: Range<Int>, of object: OpenFileCache.OpenObject, _ key: ObjectKey
    ) throws -> [UInt8] {
        let bytes = try object.file.read(range.count, at: range.lowerBound)
        guard bytes.count == range.count else {
            throw ObjectStoreError(
                .corrupted, "'\(key)' ends at \(range.lowerBound + bytes.count) bytes, but had "
                    + "\(object.byteCount): something else than this store changed the file")
        }
        return bytes
    }

    private func open(_ key: ObjectKey) throws(FileIOError) -> OpenFileCache.OpenObject {
        let (known, generation) = openFiles.withLock { ($0.object(for: key), $0.generation) }
        if let known { return known }
        let file = try fileSystem.open(path(of: key), .read)
        let object = OpenFileCache.OpenObject(file: file, byteCount: try file.byteCount())
        openFiles.withLock { $0.insert(object, for: key, openedIn: generation) }
        return object
    }
}

// MARK: Writing

extension DirectoryObjectStore {
    package func put(_ key: ObjectKey, chunks: [[UInt8]]) async throws {
        try await perform(.put, key.text, on: writers) {
            try self.publish(self.stage(chunks), as: key)
        }
    }

    package func create(_ key: ObjectKey, chunks: [[UInt8]]) async throws {
        try await perform(.create, key.text, on: writers) {
            let staged = try self.stage(chunks)
            defer { self.discard(staged) }
            guard try self.publishIfAbsent(staged, as: key) else {
                throw ObjectStoreError.alreadyExists(key)
            }
        }
    }

    package func writer(for key: ObjectKey) async throws -> any ObjectWriter {
        try await perform(.beginWriting, key.text, on: writers) {
            DirectoryObjectWriter(store: self, key: key, staged: try self.beginStaging())
        }
    }

    package func delete(_ key: ObjectKey) async throws {
        try await perform(.delete, key.text, on: writers) { try self.remove(key) }
    }

    private func remove(_ key: ObjectKey) throws(FileIOError) {
        try checkMayWrite()
        try fileSystem.unlinkIfPresent(path(of: key))
        openFiles.withLock { $0.remove(key) }
        do throws(FileIOError) {
            // Also when nothing was there: an earlier deletion may not be durable yet.
            try fileSystem.synchronizeDirectory(path(of: key).parentPath)
        } catch where error.code == .notFound {
            // No folder, no object.
        }
    }

    private func checkMayWrite() throws(FileIOError) {
        if access == .readOnly {
            throw FileIOError(.readOnly, .open, root, detail: "opened to read only")
        }
    }

    private func beginStaging() throws(FileIOError) -> StagedFile {
        try checkMayWrite()
        while true {
            let number = stagedCount.add(1, ordering: .relaxed).newValue
            do throws(FileIOError) {
                return try StagedFile(path: "\(stagingPath)/\(number)", in: fileSystem)
            } catch where error.code == .alreadyExists {}
        }
    }

    private func stage(_ chunks: [[UInt8]]) throws(FileIOError) -> StagedFile {
        var staged = try beginStaging()
        do throws(FileIOError) {
            for chunk in chunks { try staged.append(chunk) }
            try staged.synchronize()
            return staged
        } catch {
            discard(staged)
            throw error
        }
    }

    /// Removes the staged name. Should that fail, the next start does it.
    func discard(_ staged: StagedFile) {
        try? fileSystem.unlink(staged.path)
    }

    /// Replaces the object by the staged file, whose bytes are durable.
    func publish(_ staged: StagedFile, as key: ObjectKey) throws(FileIOError) {
        do throws(FileIOError) {
            try inFolder(of: key) { () throws(FileIOError) in
                try fileSystem.rename(staged.path, to: path(of: key))
            }
        } catch {
            discard(staged)
            throw error
        }
        openFiles.withLock { $0.remove(key) }
        try fileSystem.synchronizeDirectory(path(of: key).parentPath)
    }

    /// - Returns: false if there is an object already; that one is then durable.
    private func publishIfAbsent(
        _ staged: StagedFile, as key: ObjectKey
    ) throws(FileIOError) -> Bool {
        var isNew = true
        try inFolder(of: key) { () throws(FileIOError) in
            do throws(FileIOError) {
                try fileSystem.link(staged.path, to: path(of: key))
            } catch where error.code == .alreadyExists {
                isNew = false
            }
        }
        openFiles.withLock { $0.remove(key) }
        try fileSystem.synchronizeDirectory(path(of: key).parentPath)
        return isNew
    }

    /// Runs `body` with the key's folder made; again, if someone removed the folder.
    private func inFolder(
        of key: ObjectKey, _ body: () throws(FileIOError) -> Void
    ) throws(FileIOError) {
        try makeFolders(of: key)
        do throws(FileIOError) {
            try body()
        } catch where error.code == .notFound {
            durableFolders.withLock { $0 = [] }
            try makeFolders(of: key)
            try body()
        }
    }

    private func makeFolders(of key: ObjectKey) throws(FileIOError) {
        let folder = path(of: key).parentPath
        if folder == root || durableFolders.withLock({ $0.contains(folder) }) { return }
        // The lock is held while the disk works, on our own threads: whoever waits for it needs
        // the same folder, and must not go on before its name is durable.
        try durableFolders.withLock { (folders) throws(FileIOError) in
            var path = root
            for segment in key.text.split(separator: "/").dropLast() {
                let parent = path
                path += "/" + segment
                if folders.contains(path) { continue }
                do throws(FileIOError) {
                    try fileSystem.makeDirectory(path)
                } catch where error.code == .alreadyExists {}
                try fileSystem.synchronizeDirectory(parent)
                // A bound for the memory; what is forgotten is merely synchronized once more.
                if folders.count >= 65_536 { folders = [] }
                folders.insert(path)
            }
        }
    }
}
