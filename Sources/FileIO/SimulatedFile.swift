// SPDX-License-Identifier: Apache-2.0
internal import Synchronization

/// An open file of a `SimulatedFileSystem`.
final class SimulatedFile: File {
    let path: String
    private let fileSystem: SimulatedFileSystem
    private let node: SimulatedDisk.NodeID
    private let epoch: Int
    private let isReadOnly: Bool

    init(
        _ fileSystem: SimulatedFileSystem, node: SimulatedDisk.NodeID, epoch: Int, path: String,
        isReadOnly: Bool
    ) {
        self.fileSystem = fileSystem
        self.node = node
        self.epoch = epoch
        self.path = path
        self.isReadOnly = isReadOnly
    }

    func byteCount() throws(FileIOError) -> Int {
        try look(.size) { $0.bytes.count }
    }

    func read(_ byteCount: Int, at offset: Int) throws(FileIOError) -> [UInt8] {
        try look(.read) { Array($0.bytes.dropFirst(offset).prefix(byteCount)) }
    }

    func read(
        into buffer: inout [UInt8], _ range: Range<Int>, at offset: Int
    ) throws(FileIOError) -> Int {
        let bytes = try read(range.count, at: offset)
        buffer.replaceSubrange(range.prefix(bytes.count), with: bytes)
        return bytes.count
    }

    func write(_ bytes: RawSpan, at offset: Int) throws(FileIOError) {
        // Safe: the buffer is copied at once.
        let new = unsafe bytes.withUnsafeBytes { unsafe Array($0) }
        let grown: (Int) -> Int = { max($0, offset + new.count) }
        try change(.write, grown) { contents, _ in
            contents.write(new, at: offset)
        } failing: { contents, generator in
            contents.write(Array(new.prefix(generator.next(below: max(1, new.count)))), at: offset)
        }
    }

    func truncate(to byteCount: Int) throws(FileIOError) {
        try change(.truncate, { _ in byteCount }) { contents, _ in
            contents.resize(to: byteCount)
        }
    }

    func preallocate(_ byteCount: Int) throws(FileIOError) {
        try change(.preallocate, { max($0, byteCount) }) { contents, _ in
            contents.resize(to: max(contents.bytes.count, byteCount))
        }
    }

    func synchronize() throws(FileIOError) {
        try change(.synchronize, { $0 }, mayBeReadOnly: true) { contents, _ in
            contents.synchronize()
        } failing: { contents, generator in
            contents.failToSynchronize(&generator)
        }
    }

    private func look<Answer: Sendable>(
        _ operation: FileOperation, _ body: (SimulatedContents) -> Answer
    ) throws(FileIOError) -> Answer {
        try fileSystem.state.withLock { (state) throws(FileIOError) in
            try checkAlive(state, operation)
            return try state.look(operation, path) { (state) throws(FileIOError) in
                guard let contents = state.disk.files[node] else {
                    throw FileIOError(.notFound, operation, path, detail: "it is a directory")
                }
                return body(contents)
            }
        }
    }

    private typealias Change = (inout SimulatedContents, inout SeededGenerator) -> Void

    /// - Parameter newByteCount: The length after the change, from the length before it.
    private func change(
        _ operation: FileOperation, _ newByteCount: (Int) -> Int, mayBeReadOnly: Bool = false,
        _ body: Change, failing: Change = { _, _ in }
    ) throws(FileIOError) {
        try fileSystem.state.withLock { (state) throws(FileIOError) in
            try checkAlive(state, operation)
            guard mayBeReadOnly || !isReadOnly else {
                throw FileIOError(.ioFailure, operation, path, detail: "opened to read only")
            }
            func apply(_ change: Change, to state: inout SimulatedFileSystem.State) {
                state.disk.withFile(node) { change(&$0, &state.generator) }
            }
            try state.step(operation, path, failing: { apply(failing, to: &$0) }) {
                (state) throws(FileIOError) in
                let byteCount = state.disk.files[node]?.bytes.count ?? 0
                let growth = newByteCount(byteCount) - byteCount
                if growth > 0, state.disk.usedByteCount + growth > state.capacity {
                    throw FileIOError(.noSpace, operation, path)
                }
                apply(body, to: &state)
            }
        }
    }

    private func checkAlive(
        _ state: borrowing SimulatedFileSystem.State, _ operation: FileOperation
    ) throws(FileIOError) {
        guard state.epoch == epoch else {
            throw FileIOError(.ioFailure, operation, path, detail: "opened before the power cut")
        }
    }
}
