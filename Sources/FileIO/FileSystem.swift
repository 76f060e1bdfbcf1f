// SPDX-License-Identifier: Apache-2.0

// The seam between the program and a file system. `LocalFileSystem` calls the kernel;
// `SimulatedFileSystem` lives in memory, fails on demand and loses on a power cut what was not
// synchronized. Both pass one contract (FileIOTests).
//
// What survives a power cut, on any implementation:
// - a file's bytes and length, as of the last `synchronize` of it that returned;
// - a directory's entries, as of the last `synchronizeDirectory` of it that returned.
// Anything later may survive, vanish, or survive in part. A new file therefore needs both: itself
// synchronized and its directory; and so does every directory above it that is new.

/// How a file is opened.
package enum OpenMode: Hashable, Sendable {
    /// An existing file, to read.
    case read
    /// An existing file, to read and write at any offset.
    case update
    /// A file that must not exist yet, to read and write.
    case createNew
}

/// What a path leads to.
package struct FileStatus: Hashable, Sendable {
    package enum Kind: Hashable, Sendable { case file, directory, other }
    package var kind: Kind
    /// Length of a file; of no meaning for the rest.
    package var byteCount: Int

    package init(kind: Kind, byteCount: Int) {
        self.kind = kind
        self.byteCount = byteCount
    }
}

/// One name in a directory.
package struct DirectoryEntry: Hashable, Sendable {
    package var name: String
    package var kind: FileStatus.Kind
}

/// Room on the file system that holds a path.
package struct FileSystemSpace: Hashable, Sendable {
    package var totalByteCount: Int
    /// What an unprivileged process may still write.
    package var availableByteCount: Int
}

/// Blocking access to files and directories; call it from a `BlockingExecutor` or a thread of
/// one's own, never from an event loop or a task. Paths are absolute or relative to the working
/// directory; symbolic links are followed.
///
/// Every function throws `.notFound`, `.permission`, `.readOnly`, `.noSpace` and `.ioFailure` where
/// the system does; other codes are named where they arise.
package protocol FileSystem: Sendable {
    /// Opens a file.
    /// - Throws: `.alreadyExists` for `.createNew` of a path that exists; `.notFound`;
    ///   `.tooManyOpenFiles`.
    func open(_ path: String, _ mode: OpenMode) throws(FileIOError) -> any File

    /// Makes one directory. It is durable only after its parent was synchronized.
    /// - Throws: `.alreadyExists`; `.notFound` if the parent is missing.
    func makeDirectory(_ path: String) throws(FileIOError)

    /// A directory's names, sorted by their bytes, without `.` and `..`. Names that are not UTF-8
    /// come back repaired and can then not be opened.
    func entries(of directory: String) throws(FileIOError) -> [DirectoryEntry]

    /// What the path leads to; nil if nothing is there.
    func status(of path: String) throws(FileIOError) -> FileStatus?

    /// Moves a file, replacing a file at `newPath` in one step.
    func rename(_ path: String, to newPath: String) throws(FileIOError)

    /// Gives a file a second name, in one step; of several callers exactly one succeeds.
    /// - Throws: `.alreadyExists` if the name is taken.
    func link(_ path: String, to newPath: String) throws(FileIOError)

    /// Removes a file's name. Whoever has the file open can go on using it.
    func unlink(_ path: String) throws(FileIOError)

    /// Makes the directory's entries durable.
    func synchronizeDirectory(_ path: String) throws(FileIOError)

    /// Takes an exclusive lock without waiting; made of a lock file that holds the owner's PID.
    /// - Throws: `.isLocked`, with the PID of the holder in `detail`.
    func lock(_ path: String) throws(FileIOError) -> DirectoryLock

    /// How much room is left where `path` lies.
    func space(at path: String) throws(FileIOError) -> FileSystemSpace
}

/// An open file. It is closed when its last reference goes away, so that no reader can meet a
/// descriptor that was closed, or given to another file, under its hands.
///
/// All functions but `readResident` block, and may be called from several threads at once; offsets are in bytes.
package protocol File: AnyObject, Sendable {
    var path: String { get }

    /// The file's length.
    /// - Throws: `.notFound` if the path is a directory's.
    func byteCount() throws(FileIOError) -> Int

    /// Reads up to `byteCount` bytes from `offset`; fewer only where the file ends.
    func read(_ byteCount: Int, at offset: Int) throws(FileIOError) -> [UInt8]

    /// Reads `byteCount` bytes from `offset` if the system has all of them in memory: the one function that does not
    /// block, so that it may be called from a task.
    /// - Returns: nil if some would have to be waited for, if the file ends before, or if the system can't tell; `read`
    ///   then says more.
    func readResident(_ byteCount: Int, at offset: Int) -> [UInt8]?

    /// Fills `range` of `buffer` from `offset`.
    /// - Returns: how many bytes were read; fewer than the range holds only where the file ends.
    func read(
        into buffer: inout [UInt8], _ range: Range<Int>, at offset: Int
    ) throws(FileIOError) -> Int

    /// Writes all the bytes at `offset`, extending the file where needed. After an error any part
    /// of them may have been written.
    func write(_ bytes: RawSpan, at offset: Int) throws(FileIOError)

    /// Sets the length; a longer file is filled up with zeroes.
    func truncate(to byteCount: Int) throws(FileIOError)

    /// Extends the file to at least `byteCount` bytes of zeroes for which the disk has room
    /// reserved, so that writing there does not run out of space and synchronizes faster.
    func preallocate(_ byteCount: Int) throws(FileIOError)

    /// Makes the bytes, and the length, durable.
    ///
    /// After an error the kernel may have dropped what it could not write and a later call may
    /// succeed without having written it: never trust this file again.
    func synchronize() throws(FileIOError)

    /// Says that nobody will soon read `range`, which was synchronized: the memory in which the kernel keeps it serves
    /// the next write.
    func forget(_ range: Range<Int>)
}

extension File {
    package func readResident(_ byteCount: Int, at offset: Int) -> [UInt8]? { nil }

    package func forget(_ range: Range<Int>) {}
}

/// An exclusive lock, held until the last reference to it goes away or the process ends.
package final class DirectoryLock: Sendable {
    package let path: String
    private let release: @Sendable () -> Void

    init(path: String, releasing release: @escaping @Sendable () -> Void) {
        self.path = path
        self.release = release
    }

    deinit { release() }
}
