// SPDX-License-Identifier: Apache-2.0

/// The simulated disk as a value: a tree of directories, and for every directory what a power cut
/// leaves of it for certain. Changes of names are atomic edits; each is durable once one of the
/// directories that it touches was synchronized.
struct SimulatedDisk {
    typealias NodeID = Int

    private struct Directory {
        var entries: [String: NodeID] = [:]
        var durableEntries: [String: NodeID] = [:]
    }

    /// Sets a name in a directory, or removes it.
    private struct NameEdit {
        var directory: NodeID
        var name: String
        var target: NodeID?
    }

    static let root: NodeID = 0

    private var directories: [NodeID: Directory] = [root: Directory()]
    private(set) var files: [NodeID: SimulatedContents] = [:]
    private var pendingEdits: [[NameEdit]] = []
    private var nextNode: NodeID = 1

    /// The sum of all files' lengths, those without a name but open included.
    var usedByteCount: Int { files.values.reduce(0) { $0 + $1.bytes.count } }

    // MARK: Looking up

    /// - Returns: nil if nothing is there.
    func node(at path: String) -> NodeID? {
        var node = Self.root
        for name in Self.names(in: path) {
            guard let next = directories[node]?.entries[name] else { return nil }
            node = next
        }
        return node
    }

    func isDirectory(_ node: NodeID) -> Bool { directories[node] != nil }

    func entries(of node: NodeID) -> [DirectoryEntry]? {
        guard let directory = directories[node] else { return nil }
        return directory.entries
            .map { DirectoryEntry(name: $0.key, kind: isDirectory($0.value) ? .directory : .file) }
            .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    private static func names(in path: String) -> [String] {
        path.split(separator: "/").filter { $0 != "." }.map(String.init)
    }

    /// The directory that is to hold the path's last name.
    private func place(
        _ path: String, _ operation: FileOperation
    ) throws(FileIOError) -> (directory: NodeID, name: String) {
        let names = Self.names(in: path)
        guard let name = names.last,
            let directory = node(at: names.dropLast().joined(separator: "/")),
            isDirectory(directory)
        else { throw FileIOError(.notFound, operation, path) }
        return (directory, name)
    }

    private func file(_ path: String, _ operation: FileOperation) throws(FileIOError) -> NodeID {
        guard let node = node(at: path) else { throw FileIOError(.notFound, operation, path) }
        guard files[node] != nil else {
            throw FileIOError(.notFound, operation, path, detail: "it is a directory")
        }
        return node
    }

    // MARK: Changing names

    private mutating func apply(_ edits: [NameEdit]) {
        for edit in edits { directories[edit.directory]?.entries[edit.name] = edit.target }
        pendingEdits.append(edits)
    }

    private mutating func add(
        _ node: NodeID, at path: String, _ operation: FileOperation
    ) throws(FileIOError) {
        let (directory, name) = try place(path, operation)
        guard directories[directory]?.entries[name] == nil else {
            throw FileIOError(.alreadyExists, operation, path)
        }
        apply([NameEdit(directory: directory, name: name, target: node)])
    }

    private mutating func newNode() -> NodeID {
        defer { nextNode += 1 }
        return nextNode
    }

    mutating func makeDirectory(_ path: String) throws(FileIOError) {
        let node = newNode()
        try add(node, at: path, .makeDirectory)
        directories[node] = Directory()
    }

    mutating func createFile(_ path: String) throws(FileIOError) -> NodeID {
        let node = newNode()
        try add(node, at: path, .open)
        files[node] = SimulatedContents()
        return node
    }

    mutating func link(_ path: String, to newPath: String) throws(FileIOError) {
        try add(file(path, .link), at: newPath, .link)
    }

    mutating func rename(_ path: String, to newPath: String) throws(FileIOError) {
        let node = try file(path, .rename)
        let (source, target) = try (place(path, .rename), place(newPath, .rename))
        if let taken = directories[target.directory]?.entries[target.name] {
            if taken == node { return }  // two names of one file: POSIX leaves both
            guard files[taken] != nil else {
                throw FileIOError(.alreadyExists, .rename, newPath, detail: "it is a directory")
            }
        }
        apply([
            NameEdit(directory: target.directory, name: target.name, target: node),
            NameEdit(directory: source.directory, name: source.name, target: nil),
        ])
    }

    mutating func unlink(_ path: String) throws(FileIOError) {
        _ = try file(path, .unlink)
        let (directory, name) = try place(path, .unlink)
        apply([NameEdit(directory: directory, name: name, target: nil)])
    }

    // MARK: Contents

    mutating func withFile<Answer>(
        _ node: NodeID, _ body: (inout SimulatedContents) -> Answer
    ) -> Answer {
        body(&files[node, default: SimulatedContents()])
    }

    // MARK: Durability

    mutating func synchronizeDirectory(_ node: NodeID) {
        var others: [[NameEdit]] = []
        for edits in pendingEdits {
            if edits.contains(where: { $0.directory == node }) {
                makeDurable(edits)
            } else {
                others.append(edits)
            }
        }
        pendingEdits = others
    }

    private mutating func makeDurable(_ edits: [NameEdit]) {
        for edit in edits {
            directories[edit.directory]?.durableEntries[edit.name] = edit.target
        }
    }

    /// Goes on with what survived: all that is durable, of the rest whatever the generator picks.
    mutating func losePower(_ generator: inout SeededGenerator) {
        let mood = generator.next(below: 3)
        for edits in pendingEdits where mood == 0 || mood == 1 && generator.next(below: 2) == 0 {
            makeDurable(edits)
        }
        pendingEdits = []
        // Dictionaries have no fixed order; the seed has to decide the same thing every time.
        for node in files.keys.sorted() { files[node]?.losePower(&generator) }
        directories = directories.mapValues { directory in
            Directory(entries: directory.durableEntries, durableEntries: directory.durableEntries)
        }
        dropUnreachable()
    }

    private mutating func dropUnreachable() {
        var reachable: Set<NodeID> = [Self.root]
        var frontier = [Self.root]
        while let node = frontier.popLast() {
            for next in (directories[node]?.entries ?? [:]).values
            where reachable.insert(next).inserted {
                frontier.append(next)
            }
        }
        files = files.filter { reachable.contains($0.key) }
        directories = directories.filter { reachable.contains($0.key) }
    }
}
