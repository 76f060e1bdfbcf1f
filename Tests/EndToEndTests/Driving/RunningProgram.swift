// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// How a program ended.
struct ProgramEnd: Sendable {
    /// The exit status; the signal's number negated if a signal ended it.
    var status: Int32
    var moment: ContinuousClock.Instant
}

/// A program that was started; what it writes goes to files.
final class RunningProgram: Sendable {
    let name: String
    private let process = Process()
    private let input = Pipe()
    private let outputPath: String
    private let complaintPath: String
    private let end = Mutex<ProgramEnd?>(nil)

    /// - Parameter basePath: Its output goes to files whose paths begin so.
    init(_ executable: String, _ arguments: [String], variables: [String: String] = [:], basePath: String) throws {
        name = ([URL(fileURLWithPath: executable).lastPathComponent] + arguments).joined(separator: " ")
        outputPath = basePath + ".out"
        complaintPath = basePath + ".err"
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = arguments
        process.environment = Surroundings.environment.merging(variables) { $1 }
        process.standardInput = input
        process.standardOutput = try Self.file(outputPath)
        process.standardError = try Self.file(complaintPath)
        process.terminationHandler = { [self] process in
            let status = process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
            end.withLock { $0 = ProgramEnd(status: status, moment: .now) }
        }
        try process.run()
    }

    private static func file(_ path: String) throws -> FileHandle {
        guard FileManager.default.createFile(atPath: path, contents: nil) else {
            throw TestFailure("\(path) can't be made")
        }
        return try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    }

    /// What it wrote by now.
    var output: String { Self.text(outputPath) }
    var complaint: String { Self.text(complaintPath) }

    private static func text(_ path: String) -> String {
        String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }

    /// The PID.
    var identifier: Int32 { process.processIdentifier }

    var hasEnded: Bool { end.withLock { $0 != nil } }

    func signal(_ number: Int32) {
        if process.isRunning { _ = Foundation.kill(process.processIdentifier, number) }
    }

    /// Ends its standard input.
    func closeInput() throws { try input.fileHandleForWriting.close() }

    /// Waits until it has ended; it is killed if that takes longer than `limit`.
    @discardableResult
    func waitForEnd(within limit: Duration = .seconds(30)) async throws -> ProgramEnd {
        do {
            return try await poll("the end of \(name)", within: limit) { end.withLock { $0 } }
        } catch {
            signal(SIGKILL)
            throw TestFailure("\(error). It said:\n\(output)\(complaint)")
        }
    }
}
