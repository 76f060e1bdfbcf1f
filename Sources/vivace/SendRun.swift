// SPDX-License-Identifier: Apache-2.0

internal import AsyncHTTPClient
internal import NIOCore
internal import Synchronization
internal import TerminalRendering

/// Lets several senders work at a time, and counts what becomes of what they send.
struct SendRun: Sendable {
    let server: ServerURL
    var access = ServerAccess()
    let connectionCount: Int
    let compresses: Bool
    let tally = SendTally()

    /// - Parameters:
    ///   - progress: How far the work has come, from what was sent and the nanoseconds since it began; nil shows
    ///     nothing.
    ///   - work: What each of the senders does; it returns when nothing is left to send.
    /// - Throws: `.unreachable` if the server can't be reached at all, `.usage` if it wants another token.
    func run(
        progress: (@Sendable (LoadReport, UInt64) -> ProgressText)?,
        _ work: @escaping @Sendable (SpanSender) async throws -> Void
    ) async throws -> LoadReport {
        let http = access.makeHTTPClient(connectionCount: connectionCount)
        let sender = SpanSender(server: server, access: access, compresses: compresses, http: http, tally: tally)
        let begin = ContinuousClock.now
        let tally = tally
        let line = progress.map { progress in
            { @Sendable in progress(tally.report, begin.duration(to: .now).nanoseconds) }
        }
        do {
            try await withProgress(line) {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<connectionCount { group.addTask { try await work(sender) } }
                    // What one of them throws ends the others too.
                    for try await _ in group {}
                }
            }
            try await http.shutdown()
        } catch {
            try await http.shutdown()
            throw error
        }
        var report = tally.report
        report.elapsedNanoseconds = begin.duration(to: .now).nanoseconds
        return report
    }
}

/// What all senders together have seen.
final class SendTally: Sendable {
    private let state = Mutex(LoadReport())

    var report: LoadReport { state.withLock { $0 } }

    func add(_ part: LoadReport) { state.withLock { $0.add(part) } }

    /// Whether the server has answered at all.
    var hasAnswer: Bool { state.withLock { $0.requestCount + $0.retryCount + $0.rejectedSpanCount } > 0 }
}
