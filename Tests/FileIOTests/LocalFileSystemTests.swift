// SPDX-License-Identifier: Apache-2.0
internal import FileIO
internal import Glibc
internal import Testing

@Suite("The local file system", .timeLimit(.minutes(5)))
struct LocalFileSystemTests {
    @Test("system errors come back as what a caller acts on", arguments: [
        (ENOENT, .notFound), (ENOTDIR, .notFound), (EEXIST, .alreadyExists), (ENOSPC, .noSpace),
        (EDQUOT, .noSpace), (EROFS, .readOnly), (EACCES, .permission), (EPERM, .permission),
        (EWOULDBLOCK, .isLocked), (EMFILE, .tooManyOpenFiles), (EIO, .ioFailure),
    ] as [(Int32, FileIOError.Code)])
    func codes(number: Int32, code: FileIOError.Code) {
        #expect(FileIOError(errorNumber: number, .open, "/x").code == code)
    }

    @Test("a message says what happened, to what, and what to do")
    func message() {
        let error = FileIOError(errorNumber: ENOSPC, .write, "/data/j")
        #expect(error.message == "cannot write '/data/j': No space left on device (errno 28); "
            + "free disk space or move the data directory to a larger disk")
    }

    @Test("a full device is noSpace")
    func fullDevice() throws {
        let file = try LocalFileSystem().open("/dev/full", .update)
        #expect(fails(.noSpace) { try file.write([1], at: 0) })
    }

    @Test("what is in memory is read without waiting, and all of it or nothing")
    func residentRead() throws {
        let directory = try TemporaryDirectory()
        let file = try LocalFileSystem().open(directory.path + "/a", .createNew)
        let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try file.write(bytes, at: 0)
        // A system that can't tell answers nil to all.
        guard let whole = file.readResident(bytes.count, at: 0) else { return }
        #expect(whole == bytes)
        #expect(file.readResident(5000, at: 60_001) == Array(bytes[60_001..<65_001]))
        #expect(file.readResident(0, at: 7) == [])
        #expect(file.readResident(1, at: 100_000) == nil)
        #expect(file.readResident(100_001, at: 0) == nil)
        #expect(file.readResident(1, at: -1) == nil)
        #expect(file.readResident(-1, at: 0) == nil)
        // What the system let go of is not waited for; whether it did is its own matter.
        try file.synchronize()
        file.forget(0..<100_000)
        #expect([nil, bytes].contains(file.readResident(bytes.count, at: 0)))
        #expect(try file.read(bytes.count, at: 0) == bytes)
    }

    @Test("another process finds the lock taken, and free afterwards")
    func lockAcrossProcesses() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/LOCK"
        var held: DirectoryLock? = try LocalFileSystem().lock(path)
        #expect(unsafe system("flock -n '\(path)' true") != 0)
        #expect(held != nil)
        held = nil
        #expect(unsafe system("flock -n '\(path)' true") == 0)
    }

    @Test("the lock error names the process that holds it")
    func lockHolder() throws {
        let directory = try TemporaryDirectory()
        let held = try LocalFileSystem().lock(directory.path + "/LOCK")
        do {
            _ = try LocalFileSystem().lock(directory.path + "/LOCK")
        } catch {
            #expect(error.detail == "process \(getpid()) holds the lock")
        }
        #expect(held.path == directory.path + "/LOCK")
    }

    @Test("a temporary directory takes its contents with it")
    func temporaryDirectory() throws {
        var directory: TemporaryDirectory? = try TemporaryDirectory()
        let path = try #require(directory).path
        try LocalFileSystem().createDirectory(path + "/a/b")
        _ = try LocalFileSystem().open(path + "/a/b/c", .createNew)
        directory = nil
        #expect(try LocalFileSystem().status(of: path) == nil)
    }

    @Test("the parent of a path", arguments: [
        ("/a/b", "/a"), ("/a", "/"), ("/", "/"), ("a", "."), ("a/b/", "a"), ("./a", "."),
    ])
    func parent(path: String, parent: String) {
        #expect(path.parentPath == parent)
    }
}
