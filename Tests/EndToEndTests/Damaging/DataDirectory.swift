// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The files of a server that does not run.
struct DataDirectory {
    let path: String

    /// Paths of the files below a folder, sorted.
    func files(_ folder: String) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: "\(path)/\(folder)").sorted()
            .map { "\(path)/\(folder)/\($0)" }.filter { !isFolder($0) }
    }

    private func isFolder(_ path: String) -> Bool {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        return attributes?[.type] as? FileAttributeType == .typeDirectory
    }

    var blocks: [String] { get throws { try files("store/tenants") } }
    var commits: [String] { get throws { try files("store/manifest") } }
    var segments: [String] { get throws { try files("journal") } }

    /// Every file's bytes; the lock's, which names a process, left out.
    func contents() -> [String: Data] {
        var contents: [String: Data] = [:]
        let entries = (try? FileManager.default.subpathsOfDirectory(atPath: path)) ?? []
        for entry in entries where entry != "lock" {
            contents[entry] = FileManager.default.contents(atPath: "\(path)/\(entry)") ?? Data()
        }
        return contents
    }

    /// Flips a bit; a negative place counts from the end.
    func flip(_ file: String, at place: Int) throws {
        var bytes = try Data(contentsOf: URL(fileURLWithPath: file))
        bytes[place < 0 ? bytes.count + place : place] ^= 4
        try bytes.write(to: URL(fileURLWithPath: file))
    }

    func rewrite(_ file: String, _ body: (inout [UInt8]) -> Void) throws {
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: file)))
        body(&bytes)
        try Data(bytes).write(to: URL(fileURLWithPath: file))
    }

    func shorten(_ file: String, to byteCount: Int) throws {
        try Data(contentsOf: URL(fileURLWithPath: file)).prefix(byteCount).write(to: URL(fileURLWithPath: file))
    }

    func remove(_ entry: String) throws { try FileManager.default.removeItem(atPath: entry) }

    func replaceByFile(_ folder: String) throws {
        try? remove(folder)
        try Data("a file".utf8).write(to: URL(fileURLWithPath: folder))
    }

    func replaceByFolder(_ file: String) throws {
        try remove(file)
        try FileManager.default.createDirectory(atPath: file, withIntermediateDirectories: false)
    }

    /// Whether there is an entry, whatever it leads to.
    func hasEntry(_ path: String) -> Bool { (try? FileManager.default.attributesOfItem(atPath: path)) != nil }

    /// Puts files, folders, links that lead nowhere or in a circle, and a pipe into every folder.
    ///
    /// - Returns: Their paths.
    func addStrangers() throws -> [String] {
        let manager = FileManager.default
        var strangers: [String] = []
        let folders = [path] + (try manager.subpathsOfDirectory(atPath: path).map { "\(path)/\($0)" })
        for folder in folders where isFolder(folder) {
            let names = ["notes.txt", "ü and\n a line", "folder", "circle", "nowhere", "itself", "pipe"]
            let paths = names.map { "\(folder)/\($0)" }
            try Data("notes".utf8).write(to: URL(fileURLWithPath: paths[0]))
            try Data().write(to: URL(fileURLWithPath: paths[1]))
            try manager.createDirectory(atPath: paths[2], withIntermediateDirectories: false)
            try Data("deep".utf8).write(to: URL(fileURLWithPath: paths[2] + "/7.journal"))
            try manager.createSymbolicLink(atPath: paths[3], withDestinationPath: "circle")
            try manager.createSymbolicLink(atPath: paths[4], withDestinationPath: "no-such-file")
            try manager.createSymbolicLink(atPath: paths[5], withDestinationPath: ".")
            guard isSuccess(["/usr/bin/mkfifo", paths[6]]) else { throw TestFailure("no pipe in \(folder)") }
            strangers += paths
        }
        return strangers
    }
}

/// Whether root can start the server as a user to whom the test's files do not belong.
enum Nobody {
    static let command = ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", Surroundings.binary]

    static let canStartServer = isSuccess(command + ["--version"])
}

/// Mounts of a process's own, which only root may have, and not everywhere.
enum Mounts {
    static let arePossible =
        geteuid() == 0 && isSuccess(["/usr/bin/unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"])

    /// Starts a server after such a command, which nobody else sees the mounts of.
    static func start(_ scratch: Scratch, _ command: String) throws -> RunningProgram {
        let arguments = TestServer.arguments(data: scratch.data, memory: "64MiB")
        return try scratch.start(
            "/usr/bin/unshare", ["-m", "sh", "-c", command + " && exec \"$@\"", "sh", Surroundings.binary] + arguments)
    }
}

/// Whether a command ends well.
private func isSuccess(_ command: [String]) -> Bool {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: command[0])
    process.arguments = Array(command.dropFirst())
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
}
