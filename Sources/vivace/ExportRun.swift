// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import OTLP
internal import Synchronization
internal import TerminalRendering
internal import TraceModel

/// What an export wrote and what it could not.
struct ExportReport: Sendable {
    var traceCount = 0
    var spanCount = 0
    var byteCount = 0
    /// Traces that the server does not have, of those that were named.
    var missing: [TraceID] = []
    /// Why the export is not whole, one sentence each.
    var problems: [String] = []

    var summary: String {
        "exported \(NumberText.count(traceCount, "trace")), \(NumberText.count(spanCount, "span")), "
            + NumberText.bytes(byteCount)
    }
}

/// Reads traces from a server, several at a time, and writes them in the order in which they were asked for.
struct ExportRun: Sendable {
    let client: QueryClient
    let file: ExportFile
    /// Whether somebody named the traces, and so wants to know which do not exist.
    let areNamed: Bool

    /// So many traces are held in memory at a time.
    private static let groupTraceCount = 8

    private enum Fetched: Sendable {
        case trace(line: [UInt8], spanCount: Int, partialReason: String?)
        case missing
        /// The trace is there but can't be read now.
        case unreadable(String)
    }

    /// - Throws: `.unreachable`, and `.usage` if the file can't be written.
    func run(_ ids: [TraceID]) async throws -> ExportReport {
        let tally = ExportTally()
        let begin = ContinuousClock.now
        let line = { @Sendable in
            let done = tally.report
            return ProgressText(
                done.traceCount, of: ids.count, .things("trace"),
                elapsedNanoseconds: begin.duration(to: .now).nanoseconds, note: NumberText.bytes(done.byteCount))
        }
        // Traces that scroll by on a terminal are progress enough.
        let isSilent = !Output.isWatched || (file.path == nil && Output.isTerminal)
        try await withProgress(isSilent ? nil : line) {
            for start in stride(from: 0, to: ids.count, by: Self.groupTraceCount) {
                let group = ids[start..<min(start + Self.groupTraceCount, ids.count)]
                for (id, fetched) in zip(group, try await fetch(Array(group))) { try write(fetched, id, tally) }
            }
        }
        return tally.report
    }

    private func write(_ fetched: Fetched, _ id: TraceID, _ tally: ExportTally) throws {
        switch fetched {
        case .trace(let line, let spanCount, let partialReason):
            try file.write(line)
            tally.update { report in
                report.traceCount += 1
                report.spanCount += spanCount
                report.byteCount += line.count
                if let partialReason { report.problems.append("trace \(id): spans may be missing: \(partialReason)") }
            }
        case .missing:
            let problem = "trace \(id) was found but is no longer there"
            tally.update { if areNamed { $0.missing.append(id) } else { $0.problems.append(problem) } }
        case .unreadable(let reason): tally.update { $0.problems.append("trace \(id): \(reason)") }
        }
    }

    private func fetch(_ ids: [TraceID]) async throws -> [Fetched] {
        try await withThrowingTaskGroup(of: (Int, Fetched).self) { group in
            for (index, id) in ids.enumerated() {
                group.addTask { (index, try await fetch(id)) }
            }
            var fetched = [Fetched](repeating: .missing, count: ids.count)
            for try await (index, trace) in group { fetched[index] = trace }
            return fetched
        }
    }

    private func fetch(_ id: TraceID) async throws -> Fetched {
        do {
            let answer = try await TraceAnswer(traceID: id, from: client, isExact: true)
            return .trace(
                line: answer.otlpJSON(presence: .exact) + [UInt8(ascii: "\n")], spanCount: answer.spans.rowCount,
                partialReason: answer.partialReason)
        } catch let error as CommandError where error.status == .notFound {
            return .missing
        } catch let error as CommandError where error.status == .partial {
            return .unreadable(error.message)
        }
    }
}

private final class ExportTally: Sendable {
    private let state = Mutex(ExportReport())
    var report: ExportReport { state.withLock { $0 } }
    func update(_ body: (inout ExportReport) -> Void) { state.withLock { body(&$0) } }
}

/// Where an export goes.
final class ExportFile: Sendable {
    /// Nil for standard output.
    let path: String?
    private let handle: FileHandle?

    /// - Throws: `.usage` if the file can't be made.
    init(_ path: String?) throws {
        self.path = path == "-" ? nil : path
        guard let path = self.path else {
            handle = nil
            return
        }
        let isThere = FileManager.default.fileExists(atPath: path)
        guard isThere || FileManager.default.createFile(atPath: path, contents: nil),
            let handle = FileHandle(forWritingAtPath: path)
        else { throw CommandError(.usage, "cannot write \(path): name another file with --output") }
        // What is no regular file can't be cut, and need not be.
        try? handle.truncate(atOffset: 0)
        self.handle = handle
    }

    func write(_ bytes: [UInt8]) throws {
        guard let handle else { return try Output.write(bytes) }
        do {
            try handle.write(contentsOf: Data(bytes))
        } catch {
            throw CommandError(.partial, "cannot write \(path ?? ""): \(error.localizedDescription)")
        }
    }

    func close() throws { try handle?.close() }
}
