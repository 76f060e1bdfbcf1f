// SPDX-License-Identifier: Apache-2.0
internal import FileIO

extension DirectoryObjectStore {
    package func list(
        _ prefix: ObjectPrefix, after start: ObjectKey?, limit: Int
    ) async throws -> ObjectPage {
        precondition((1...ObjectPage.entryCountLimit).contains(limit))
        return try await perform(.list, prefix.text, on: readers) {
            // One more than asked for tells whether the page is the last.
            var walk = ListingWalk(
                store: self, prefix: prefix, start: start?.text, entryCountLimit: limit + 1)
            let folderEnd = prefix.text.lastIndex(of: "/").map { prefix.text.index(after: $0) }
            try walk.visit(String(prefix.text[..<(folderEnd ?? prefix.text.startIndex)]))
            return ObjectPage(
                entries: Array(walk.entries.prefix(limit)), isLast: walk.entries.count <= limit)
        }
    }
}

/// A walk through folders in the order of keys, which is not that of names: `a-b` < `a/b` < `a0`,
/// so a folder sorts with its slash. Reads the folders that can hold what is asked for, each as a
/// whole: O(their entries), whatever the page's size.
private struct ListingWalk {
    let store: DirectoryObjectStore
    let prefix: ObjectPrefix
    /// Only keys after this text.
    let start: String?
    let entryCountLimit: Int
    private(set) var entries: [ObjectEntry] = []

    init(
        store: DirectoryObjectStore, prefix: ObjectPrefix, start: String?, entryCountLimit: Int
    ) {
        self.store = store
        self.prefix = prefix
        self.start = start
        self.entryCountLimit = entryCountLimit
    }

    /// - Parameter folder: Empty, or ends with a slash.
    mutating func visit(_ folder: String) throws(FileIOError) {
        for (text, kind) in try children(of: folder) {
            switch kind {
            case .directory where mayHoldAnswers(text): try visit(text)
            case .file: try add(text)
            case .directory, .other: break
            }
            if entries.count == entryCountLimit { return }
        }
    }

    private func children(
        of folder: String
    ) throws(FileIOError) -> [(text: String, kind: FileStatus.Kind)] {
        let found: [DirectoryEntry]
        do throws(FileIOError) {
            found = try store.fileSystem.entries(of: store.root + "/" + folder)
        } catch where error.code == .notFound {
            return []
        }
        return
            found
            .filter { !$0.name.hasPrefix(".") }
            .map { (folder + $0.name + ($0.kind == .directory ? "/" : ""), $0.kind) }
            .sorted { $0.0.utf8.lexicographicallyPrecedes($1.0.utf8) }
    }

    /// - Parameter folder: Ends with a slash.
    private func mayHoldAnswers(_ folder: String) -> Bool {
        guard folder.utf8.count < ObjectKey.byteCountLimit,
            folder.hasPrefix(prefix.text) || prefix.text.hasPrefix(folder)
        else { return false }
        guard let start else { return true }
        return start < folder || start.hasPrefix(folder)
    }

    private mutating func add(_ text: String) throws(FileIOError) {
        // What is no key was put there by someone else.
        guard text.hasPrefix(prefix.text), start.map({ $0 < text }) ?? true,
            let key = try? ObjectKey(text),
            // The object may have been deleted meanwhile.
            let status = try store.fileSystem.status(of: store.path(of: key))
        else { return }
        entries.append(ObjectEntry(key: key, byteCount: status.byteCount))
    }
}
