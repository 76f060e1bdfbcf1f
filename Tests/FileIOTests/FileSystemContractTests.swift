// SPDX-License-Identifier: Apache-2.0
internal import FileIO
internal import Testing

/// A file system to test with a directory to work in.
struct Workspace {
    enum Kind: CaseIterable, Sendable { case local, simulated }

    var fileSystem: any FileSystem
    var root: String
    private var directory: TemporaryDirectory?

    init(_ kind: Kind) throws {
        switch kind {
        case .local:
            let directory = try TemporaryDirectory()
            (fileSystem, root, self.directory) = (LocalFileSystem(), directory.path, directory)
        case .simulated:
            (fileSystem, root) = (SimulatedFileSystem(seed: 1), "/data")
            try fileSystem.makeDirectory(root)
        }
    }

    func path(_ name: String) -> String { root + "/" + name }

    @discardableResult
    func make(_ name: String, _ bytes: [UInt8] = []) throws -> any File {
        let file = try fileSystem.open(path(name), .createNew)
        try file.write(bytes, at: 0)
        return file
    }

    func contents(_ name: String) throws -> [UInt8] {
        let file = try fileSystem.open(path(name), .read)
        return try file.read(file.byteCount() + 1, at: 0)
    }
}

func fails(_ code: FileIOError.Code, _ body: () throws -> Void) -> Bool {
    do {
        try body()
        return false
    } catch {
        return (error as? FileIOError)?.code == code
    }
}

private let allKinds = Workspace.Kind.allCases

@Suite("Every file system", .timeLimit(.minutes(5)))
struct FileSystemContractTests {
    @Test("reads back what was written anywhere, zeroes in gaps", arguments: allKinds)
    func writeAndRead(kind: Workspace.Kind) throws {
        let space = try Workspace(kind)
        let file = try space.make("a", [1, 2, 3])
        try file.write([9], at: 1)
        try file.write([7, 8], at: 5)
        #expect(try file.read(100, at: 0) == [1, 9, 3, 0, 0, 7, 8])
        #expect(try file.byteCount() == 7)
        #expect(try space.contents("a") == [1, 9, 3, 0, 0, 7, 8])
    }

    @Test("reads are short only at the end", arguments: allKinds)
    func shortReads(kind: Workspace.Kind) throws {
        let space = try Workspace(kind)
        let bytes = (0..<10).map(UInt8.init)
        let file = try space.make("a", bytes)
        for offset in 0...12 {
            for count in 0...12 {
                let expected = Array(bytes.dropFirst(offset).prefix(count))
                #expect(try file.read(count, at: offset) == expected)
            }
        }
    }

    @Test("a range of a buffer is filled and the rest left alone", arguments: allKinds)
    func readIntoRange(kind: Workspace.Kind) throws {
        let space = try Workspace(kind)
        let file = try space.make("a", [1, 2, 3, 4])
        var buffer = [UInt8](repeating: 0xFF, count: 6)
        #expect(try file.read(into: &buffer, 1..<3, at: 1) == 2)
        #expect(buffer == [0xFF, 2, 3, 0xFF, 0xFF, 0xFF])
        #expect(try file.read(into: &buffer, 3..<6, at: 3) == 1)
        #expect(buffer == [0xFF, 2, 3, 4, 0xFF, 0xFF])
        #expect(try file.read(into: &buffer, 2..<2, at: 0) == 0)
        #expect(try file.read(into: &buffer, 0..<6, at: 9) == 0)
    }

    @Test("what the kernel may forget can be read and written on", arguments: allKinds)
    func forget(kind: Workspace.Kind) throws {
        let space = try Workspace(kind)
        var expected = (0..<30_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let file = try space.make("a", expected)
        try file.synchronize()
        for range in [0..<30_000, 5_000..<20_000, 4_095..<4_097, 7..<7] { file.forget(range) }
        #expect(try space.contents("a") == expected)
        try file.write([1, 2, 3], at: 8_191)
        expected.replaceSubrange(8_191..<8_194, with: [1, 2, 3])
        #expect(try space.contents("a") == expected)
    }

    @Test("truncation shortens, lengthens with zeroes", arguments: allKinds)
    func truncate(kind: Workspace.Kind) throws {
        let space = try Workspace(kind)
        let file = try space.make("a", [1, 2, 3])
        try file.truncate(to: 1)
        try file.truncate(to: 3)
        #expect(try space.contents("a") == [1, 0, 0])
    }

    @Test("preallocation lengthens, never shortens or overwrites", arguments: allKinds)
    func preallocate(kind: Workspace.Kind) throws {
        let space = try Workspace(kind)
        let file = try space.make("a", [1, 2, 3])
        try file.preallocate(5)
        try file.preallocate(2)
        try file.preallocate(0)
        try file.synchronize()
        #expect(try space.contents("a") == [1, 2, 3, 0, 0])
    }

    @Test("opening demands what the mode says", arguments: allKinds)
    func modes(kind: Workspace.Kind) throws {
        let space = try Workspace(kind)
        #expect(fails(.notFound) { _ = try space.fileSystem.open(space.path("a"), .read) })
        #expect(fails(.notFound) { _ = try space.fileSystem.open(space.path("a"), .update) })
        try space.make("a", [1])
        #expect(fails(.alreadyExists) { try space.make("a") })
        #expect(fails(.notFound) { try space.make("no/a") })
        try space.fileSystem.open(space.path("a"), .update).write([2], at: 1)
        let reader = try space.fileSystem.open(space.path("a"), .read)
        #expect(throws: FileIOError.self) { try reader.write([3], at: 0) }
        #expect(try space.contents("a") == [1, 2])
    }

    @Test("rename replaces and the open old file stays readable", arguments: allKinds)
    func rename(kind: Workspace.Kind) throws {
        let space = try Workspace(kind)
        try space.make("new", [1])
        let old = try space.make("a", [2])
        try space.fileSystem.rename(space.path("new"), to: space.path("a"))
        #expect(try space.contents("a") == [1])
        #expect(try old.read(9, at: 0) == [2])
        #expect(fails(.notFound) {
            try space.fileSystem.rename(space.path("new"), to: space.path("b"))
        })
    }

    @Test("link never replaces", arguments: allKinds)
    func link(kind: Workspace.Kind) throws {
        let space = try Workspace(kind)
        try space.make("a", [1])
        try space.make("b", [2])
        try space.fileSystem.link(space.path("a"), to: space.path("c"))
        #expect(fails(.alreadyExists) {
            try space.fileSystem.link(space.path("b"), to: space.path("c"))
        })
        try space.fileSystem.unlink(space.path("a"))
        #expect(try space.contents("c") == [1])
    }

    @Test("unlink of nothing is notFound, if present it is silent", arguments: allKinds)
    func unlink(kind: Workspace.Kind) throws {
        let space = try Workspace(kind)
        #expect(fails(.notFound) { try space.fileSystem.unlink(space.path("a")) })
        try space.fileSystem.unlinkIfPresent(space.path("a"))
        try space.make("a")
        try space.fileSystem.unlinkIfPresent(space.path("a"))
        #expect(try space.fileSystem.status(of: space.path("a")) == nil)
    }

    @Test("directories are made with those above, listed in byte order", arguments: allKinds)
    func directories(kind: Workspace.Kind) throws {
        let space = try Workspace(kind)
        try space.fileSystem.createDirectory(space.path("x/y/z"))
        try space.fileSystem.createDirectory(space.path("x/y/z"))
        #expect(fails(.alreadyExists) { try space.fileSystem.makeDirectory(space.path("x/y")) })
        #expect(fails(.notFound) { try space.fileSystem.makeDirectory(space.path("q/r")) })
        for name in ["b", "a-", "B", "10", "9", ".h"] { try space.make("x/" + name) }
        let entries = try space.fileSystem.entries(of: space.path("x"))
        #expect(entries.map(\.name) == [".h", "10", "9", "B", "a-", "b", "y"])
        #expect(entries.map(\.kind) == Array(repeating: .file, count: 6) + [.directory])
        #expect(fails(.notFound) { _ = try space.fileSystem.entries(of: space.path("none")) })
        #expect(fails(.alreadyExists) { try space.fileSystem.createDirectory(space.path("x/b")) })
        #expect(fails(.notFound) { try space.fileSystem.synchronizeDirectory(space.path("none")) })
    }

    @Test("status tells file, directory and nothing", arguments: allKinds)
    func status(kind: Workspace.Kind) throws {
        let space = try Workspace(kind)
        try space.make("a", [1, 2])
        let status = try space.fileSystem.status(of: space.path("a"))
        #expect(status == FileStatus(kind: .file, byteCount: 2))
        #expect(try space.fileSystem.status(of: space.root)?.kind == .directory)
        #expect(try space.fileSystem.status(of: space.path("b")) == nil)
        #expect(try space.fileSystem.status(of: space.path("a/b")) == nil)
    }

    @Test("a directory is no file, a file no directory", arguments: allKinds)
    func kinds(kind: Workspace.Kind) throws {
        let space = try Workspace(kind)
        try space.fileSystem.makeDirectory(space.path("d"))
        try space.make("a")
        #expect(fails(.notFound) {
            _ = try space.fileSystem.open(space.path("d"), .read).byteCount()
        })
        #expect(fails(.notFound) { _ = try space.fileSystem.open(space.path("d"), .update) })
        #expect(fails(.notFound) { try space.fileSystem.unlink(space.path("d")) })
        #expect(fails(.notFound) { _ = try space.fileSystem.open(space.path("a/b"), .read) })
        #expect(fails(.notFound) { _ = try space.fileSystem.entries(of: space.path("a")) })
        #expect(fails(.alreadyExists) {
            try space.fileSystem.rename(space.path("a"), to: space.path("d"))
        })
        #expect(fails(.alreadyExists) {
            try space.fileSystem.link(space.path("a"), to: space.path("d"))
        })
    }

    @Test("a lock excludes the next until it is let go", arguments: allKinds)
    func lock(kind: Workspace.Kind) throws {
        let space = try Workspace(kind)
        var held: DirectoryLock? = try space.fileSystem.lock(space.path("LOCK"))
        #expect(held?.path == space.path("LOCK"))
        do {
            _ = try space.fileSystem.lock(space.path("LOCK"))
            Issue.record("two hold the lock")
        } catch {
            #expect(error.code == .isLocked)
            #expect(error.message.contains("process "))
        }
        held = nil
        _ = try space.fileSystem.lock(space.path("LOCK"))
    }

    @Test("space is told", arguments: allKinds)
    func freeSpace(kind: Workspace.Kind) throws {
        let space = try Workspace(kind)
        let figures = try space.fileSystem.space(at: space.root)
        #expect(figures.totalByteCount > 0)
        #expect((0...figures.totalByteCount).contains(figures.availableByteCount))
        #expect(fails(.notFound) { _ = try space.fileSystem.space(at: space.path("none")) })
    }
}
