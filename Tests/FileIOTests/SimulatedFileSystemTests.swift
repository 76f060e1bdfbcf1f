// SPDX-License-Identifier: Apache-2.0
internal import FileIO
internal import Testing

@Suite("The simulated file system", .timeLimit(.minutes(5)))
struct SimulatedFileSystemTests {
    private func contents(_ path: String, _ system: SimulatedFileSystem) throws -> [UInt8] {
        let file = try system.open(path, .read)
        return try file.read(file.byteCount(), at: 0)
    }

    @Test("what was synchronized survives every power cut; the rest survives, vanishes or tears")
    func bytes() throws {
        var outcomes: Set<[UInt8]> = []
        let old = [UInt8](repeating: 1, count: 2000)
        let new = [UInt8](repeating: 2, count: 2000)
        for seed in 0..<200 as Range<UInt64> {
            let system = SimulatedFileSystem(seed: seed)
            let file = try system.open("/a", .createNew)
            try file.write(old, at: 0)
            try file.synchronize()
            try system.synchronizeDirectory("/")
            try file.write(new, at: 2000)
            system.crash()
            let left = try contents("/a", system)
            #expect(left.starts(with: old), "seed \(seed)")
            outcomes.insert(left)
        }
        #expect(outcomes.contains(old))
        #expect(outcomes.contains(old + new))
        #expect(outcomes.count > 10)
    }

    @Test("a name without a synchronized directory may vanish or survive")
    func names() throws {
        var survived: Set<Bool> = []
        for seed in 0..<50 as Range<UInt64> {
            let system = SimulatedFileSystem(seed: seed)
            try system.open("/a", .createNew).synchronize()
            system.crash()
            survived.insert(try system.status(of: "/a") != nil)
        }
        #expect(survived == [true, false])
    }

    @Test("a durable file vanishes with its directory if that was not durable")
    func parents() throws {
        var survived: Set<Bool> = []
        for seed in 0..<50 as Range<UInt64> {
            let system = SimulatedFileSystem(seed: seed)
            try system.makeDirectory("/d")
            try system.open("/d/a", .createNew).synchronize()
            try system.synchronizeDirectory("/d")
            system.crash()
            survived.insert(try system.status(of: "/d/a") != nil)
        }
        #expect(survived == [true, false])
    }

    @Test("createDirectory is durable with all above it")
    func durableDirectories() throws {
        for seed in 0..<50 as Range<UInt64> {
            let system = SimulatedFileSystem(seed: seed)
            try system.createDirectory("/a/b/c")
            system.crash()
            #expect(try system.status(of: "/a/b/c")?.kind == .directory)
        }
    }

    @Test("createDirectory makes durable what a process that ended had made and not synchronized")
    func directoriesOfOthers() throws {
        for seed in 0..<50 as Range<UInt64> {
            let system = SimulatedFileSystem(seed: seed)
            try system.makeDirectory("/a")
            try system.createDirectory(seed % 2 == 0 ? "/a" : "/a/b")
            system.crash()
            #expect(try system.status(of: seed % 2 == 0 ? "/a" : "/a/b")?.kind == .directory)
        }
    }

    @Test(
        "createDirectory takes a directory whose parent may not be synchronized, but no failing disk",
        arguments: [FileIOError.Code.permission, .readOnly, .ioFailure])
    func directoryBelowForbidden(code: FileIOError.Code) throws {
        let system = SimulatedFileSystem(seed: 1)
        try system.createDirectory("/a/b")
        system.inject(SimulatedFault(.synchronizeDirectory, code, pathSuffix: "/a"))
        if code == .ioFailure {
            #expect(fails(.ioFailure) { try system.createDirectory("/a/b") })
        } else {
            try system.createDirectory("/a/b")
        }
    }

    @Test("a rename leaves the old or the new file whole, never neither")
    func atomicRename() throws {
        var outcomes: Set<[UInt8]> = []
        for seed in 0..<50 as Range<UInt64> {
            let system = SimulatedFileSystem(seed: seed)
            for (name, bytes) in [("/a", [1]), ("/b", [2])] as [(String, [UInt8])] {
                let file = try system.open(name, .createNew)
                try file.write(bytes, at: 0)
                try file.synchronize()
            }
            try system.synchronizeDirectory("/")
            try system.rename("/b", to: "/a")
            system.crash()
            outcomes.insert(try contents("/a", system))
        }
        #expect(outcomes == [[1], [2]])
    }

    @Test("a failed synchronize is not made good by the next one")
    func failedSynchronize() throws {
        var outcomes: Set<Int> = []
        for seed in 0..<50 as Range<UInt64> {
            let system = SimulatedFileSystem(seed: seed)
            let file = try system.open("/a", .createNew)
            try system.synchronizeDirectory("/")
            try file.write([1, 2, 3], at: 0)
            system.inject(SimulatedFault(.synchronize, .ioFailure))
            #expect(fails(.ioFailure) { try file.synchronize() })
            try file.synchronize()
            #expect(try file.read(3, at: 0) == [1, 2, 3])
            system.crash()
            outcomes.insert(try contents("/a", system).count)
        }
        #expect(outcomes.contains(0))
    }

    @Test("faults hit the operation, path and turn they name")
    func faults() throws {
        let system = SimulatedFileSystem(seed: 1)
        let (one, two) = (try system.open("/one", .createNew), try system.open("/two", .createNew))
        system.inject(SimulatedFault(.write, .ioFailure, pathSuffix: "two", after: 1, times: 2))
        try one.write([1], at: 0)
        try two.write([1], at: 0)
        #expect(fails(.ioFailure) { try two.write([1], at: 0) })
        try one.write([1], at: 0)
        #expect(fails(.ioFailure) { try two.write([1], at: 0) })
        try two.write([1], at: 0)
    }

    @Test("a full disk is noSpace, freed space is used again")
    func capacity() throws {
        let system = SimulatedFileSystem(seed: 1, capacity: 10)
        let file = try system.open("/a", .createNew)
        try file.write([UInt8](repeating: 1, count: 10), at: 0)
        #expect(try system.space(at: "/").availableByteCount == 0)
        #expect(fails(.noSpace) { try file.write([1], at: 10) })
        #expect(fails(.noSpace) { try file.preallocate(11) })
        try file.write([2], at: 9)
        try file.truncate(to: 9)
        try file.write([1], at: 9)
        system.capacity = 11
        try file.write([1], at: 10)
    }

    @Test("after a power cut everything fails until the restart, and old files for ever")
    func powerCut() throws {
        let system = SimulatedFileSystem(seed: 1)
        let lock = try system.lock("/LOCK")
        let file = try system.open("/a", .createNew)
        system.cutPower(atStep: system.stepCount + 1)
        try file.write([1], at: 0)
        #expect(fails(.ioFailure) { try file.synchronize() })
        #expect(fails(.ioFailure) { _ = try system.status(of: "/") })
        system.restart()
        #expect(fails(.ioFailure) { _ = try file.read(1, at: 0) })
        let newLock = try system.lock("/LOCK")
        withExtendedLifetime((lock, newLock)) {}
    }

    @Test("the same seed and calls give the same outcome")
    func determinism() throws {
        func run(_ seed: UInt64) throws -> [[UInt8]] {
            let system = SimulatedFileSystem(seed: seed)
            for index in 0..<20 {
                let bytes = [UInt8](repeating: 7, count: 3000)
                try system.open("/\(index)", .createNew).write(bytes, at: 0)
            }
            system.crash()
            return try system.entries(of: "/").map { try contents("/" + $0.name, system) }
        }
        for seed in 0..<20 as Range<UInt64> { #expect(try run(seed) == run(seed)) }
    }
}
