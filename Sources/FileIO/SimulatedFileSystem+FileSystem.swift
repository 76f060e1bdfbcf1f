// SPDX-License-Identifier: Apache-2.0
internal import Synchronization

extension SimulatedFileSystem {
    package func open(_ path: String, _ mode: OpenMode) throws(FileIOError) -> any File {
        let (node, epoch) = try state.withLock { (state) throws(FileIOError) in
            if mode == .createNew {
                return try state.step(.open, path) { (state) throws(FileIOError) in
                    (try state.disk.createFile(path), state.epoch)
                }
            }
            return try state.look(.open, path) { (state) throws(FileIOError) in
                guard let node = state.disk.node(at: path) else {
                    throw FileIOError(.notFound, .open, path)
                }
                if mode == .update, state.disk.isDirectory(node) {
                    throw FileIOError(.notFound, .open, path, detail: "it is a directory")
                }
                return (node, state.epoch)
            }
        }
        return SimulatedFile(self, node: node, epoch: epoch, path: path, isReadOnly: mode == .read)
    }

    package func makeDirectory(_ path: String) throws(FileIOError) {
        try change(.makeDirectory, path) { (disk) throws(FileIOError) in
            try disk.makeDirectory(path)
        }
    }

    package func rename(_ path: String, to newPath: String) throws(FileIOError) {
        try change(.rename, newPath) { (disk) throws(FileIOError) in
            try disk.rename(path, to: newPath)
        }
    }

    package func link(_ path: String, to newPath: String) throws(FileIOError) {
        try change(.link, newPath) { (disk) throws(FileIOError) in
            try disk.link(path, to: newPath)
        }
    }

    package func unlink(_ path: String) throws(FileIOError) {
        try change(.unlink, path) { (disk) throws(FileIOError) in try disk.unlink(path) }
    }

    package func synchronizeDirectory(_ path: String) throws(FileIOError) {
        try change(.synchronizeDirectory, path) { (disk) throws(FileIOError) in
            guard let node = disk.node(at: path), disk.isDirectory(node) else {
                throw FileIOError(.notFound, .synchronizeDirectory, path)
            }
            disk.synchronizeDirectory(node)
        }
    }

    private func change(
        _ operation: FileOperation, _ path: String,
        _ body: (inout SimulatedDisk) throws(FileIOError) -> Void
    ) throws(FileIOError) {
        try state.withLock { (state) throws(FileIOError) in
            try state.step(operation, path) { (state) throws(FileIOError) in
                try body(&state.disk)
            }
        }
    }

    package func entries(of directory: String) throws(FileIOError) -> [DirectoryEntry] {
        try state.withLock { (state) throws(FileIOError) in
            try state.look(.list, directory) { (state) throws(FileIOError) in
                guard let node = state.disk.node(at: directory),
                    let entries = state.disk.entries(of: node)
                else { throw FileIOError(.notFound, .list, directory) }
                return entries
            }
        }
    }

    package func status(of path: String) throws(FileIOError) -> FileStatus? {
        try state.withLock { (state) throws(FileIOError) in
            try state.look(.status, path) { (state) throws(FileIOError) in
                guard let node = state.disk.node(at: path) else { return nil }
                guard let contents = state.disk.files[node] else {
                    return FileStatus(kind: .directory, byteCount: 0)
                }
                return FileStatus(kind: .file, byteCount: contents.bytes.count)
            }
        }
    }

    package func lock(_ path: String) throws(FileIOError) -> DirectoryLock {
        let epoch = try state.withLock { (state) throws(FileIOError) in
            try state.step(.lock, path) { (state) throws(FileIOError) in
                if state.disk.node(at: path) == nil { _ = try state.disk.createFile(path) }
                guard state.lockedPaths.insert(path).inserted else {
                    throw FileIOError(.isLocked, .lock, path, detail: "process 1 holds the lock")
                }
                return state.epoch
            }
        }
        return DirectoryLock(path: path) { [self] in
            state.withLock { state in
                if state.epoch == epoch { state.lockedPaths.remove(path) }
            }
        }
    }

    package func space(at path: String) throws(FileIOError) -> FileSystemSpace {
        try state.withLock { (state) throws(FileIOError) in
            try state.look(.space, path) { (state) throws(FileIOError) in
                guard state.disk.node(at: path) != nil else {
                    throw FileIOError(.notFound, .space, path)
                }
                return FileSystemSpace(
                    totalByteCount: state.capacity,
                    availableByteCount: max(0, state.capacity - state.disk.usedByteCount))
            }
        }
    }
}
