// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// A directory for one test, and the programs that run in it.
final class Scratch: Sendable {
    let path: String
    private let programs = Mutex<[RunningProgram]>([])

    /// The data directory of the server that most tests have.
    var data: String { path + "/data" }

    private init() throws {
        path = FileManager.default.temporaryDirectory
            .appendingPathComponent("vivace-e2e-\(UUID().uuidString.prefix(8).lowercased())").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }

    /// Lends a directory; then ends what was started in it, and removes it unless `body` threw.
    static func with(_ body: (Scratch) async throws -> Void) async throws {
        let scratch = try Scratch()
        do {
            try await body(scratch)
            await scratch.endPrograms()
            try FileManager.default.removeItem(atPath: scratch.path)
        } catch {
            await scratch.endPrograms()
            print("vivace: everything of the failed test is kept in \(scratch.path)")
            throw error
        }
    }

    private func endPrograms() async {
        for program in programs.withLock({ $0 }) where !program.hasEnded {
            program.signal(SIGKILL)
            _ = try? await program.waitForEnd()
        }
    }

    /// Starts a program; it is killed when the scratch directory goes.
    func start(
        _ executable: String, _ arguments: [String], variables: [String: String] = [:]
    ) throws -> RunningProgram {
        try programs.withLock { programs in
            let program = try RunningProgram(
                executable, arguments, variables: variables, basePath: "\(path)/\(programs.count)")
            programs.append(program)
            return program
        }
    }

    /// Runs `vivace` with these arguments to its end.
    func vivace(
        _ arguments: String..., variables: [String: String] = [:], within limit: Duration = .seconds(30)
    ) async throws -> CommandResult {
        try await vivace(arguments, variables: variables, within: limit)
    }

    func vivace(
        _ arguments: [String], variables: [String: String] = [:], within limit: Duration = .seconds(30)
    ) async throws -> CommandResult {
        let program = try start(Surroundings.binary, arguments, variables: variables)
        let status = try await program.waitForEnd(within: limit).status
        return CommandResult(status: status, output: program.output, complaint: program.complaint)
    }

    /// Runs one of the scripts in Python/ to its end.
    ///
    /// - Throws: ``TestFailure`` with what it said unless it ends well.
    func python(_ script: String, _ arguments: String...) async throws { try await python(script, arguments) }

    func python(_ script: String, _ arguments: [String]) async throws {
        let program = try startPython(script, arguments)
        let end = try await program.waitForEnd(within: .seconds(90))
        guard end.status == 0 else {
            throw TestFailure("\(program.name) ended with \(end.status):\n\(program.output)\(program.complaint)")
        }
    }

    func startPython(_ script: String, _ arguments: [String]) throws -> RunningProgram {
        guard FileManager.default.isExecutableFile(atPath: Surroundings.python) else {
            throw TestFailure("there is no \(Surroundings.python): make it with scripts/make-test-python.sh")
        }
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        return try start(Surroundings.python, [folder.path + "/Python/\(script).py"] + arguments)
    }
}

/// What became of a command.
struct CommandResult: Sendable {
    var status: Int32
    var output: String
    var complaint: String
}
