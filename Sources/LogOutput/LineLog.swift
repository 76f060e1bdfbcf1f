// SPDX-License-Identifier: Apache-2.0

package import Logging
internal import Synchronization

/// Turns log records into lines, and keeps messages that repeat from being as many as they happen.
package final class LineLog: Sendable {
    private let format: LogFormat
    private let usesColor: Bool
    private let unixNanoseconds: @Sendable () -> UInt64
    private let uptimeNanoseconds: @Sendable () -> UInt64
    private let write: @Sendable ([UInt8]) -> Void
    private let limiter = Mutex(RepeatLimiter())

    /// - Parameters:
    ///   - unixNanoseconds: The wall clock, for people.
    ///   - uptimeNanoseconds: A clock that never goes back, for the windows of messages that repeat.
    ///   - write: Takes a line with its end. Is called on any thread, also on event loops: it must not wait.
    package init(
        _ format: LogFormat, usesColor: Bool, unixNanoseconds: @escaping @Sendable () -> UInt64,
        uptimeNanoseconds: @escaping @Sendable () -> UInt64, write: @escaping @Sendable ([UInt8]) -> Void
    ) {
        self.format = format
        self.usesColor = usesColor
        self.unixNanoseconds = unixNanoseconds
        self.uptimeNanoseconds = uptimeNanoseconds
        self.write = write
    }

    /// The handler of a logger, as swift-log asks for it.
    package func handler(label: String, level: Logger.Level) -> any LogHandler {
        LineLogHandler(log: self, label: label, logLevel: level)
    }

    /// Tells what was held back in windows that have ended. To be called every second or so.
    ///
    /// - Parameter isLast: Whether nothing comes any more: then all is told.
    package func writeSummaries(isLast: Bool = false) {
        let now = uptimeNanoseconds()
        tell(limiter.withLock { $0.takeSummaries(at: now, isLast: isLast) })
    }

    /// - Parameter metadata: Made only if the message is written.
    func add(_ kind: RepeatLimiter.Kind, metadata: () -> Logger.Metadata) {
        let now = uptimeNanoseconds()
        let (summaries, isAdmitted) = limiter.withLock { limiter in
            (limiter.takeSummaries(at: now), limiter.admits(kind, at: now))
        }
        tell(summaries)
        guard isAdmitted else { return }
        write(record(kind.level, kind.label, kind.message, metadata()))
    }

    /// A line that says that lines were lost, because nobody took them.
    package func line(lostLineCount: Int) -> [UInt8] {
        record(
            .error, LogRecord.ownLabel, "lines of this log were lost: nobody took them from standard error",
            ["lines": .stringConvertible(lostLineCount)])
    }

    private func tell(_ summaries: [RepeatLimiter.Summary]) {
        for summary in summaries {
            let more = "… and \(summary.heldCount) more in 10 s"
            let metadata: Logger.Metadata = ["repeated": .stringConvertible(summary.heldCount)]
            if let kind = summary.kind {
                write(record(kind.level, kind.label, kind.message + " " + more, metadata))
            } else {
                write(record(.warning, LogRecord.ownLabel, more + ", of more kinds than are counted apart", metadata))
            }
        }
    }

    private func record(
        _ level: Logger.Level, _ label: String, _ message: String, _ metadata: Logger.Metadata
    ) -> [UInt8] {
        LogRecord(
            unixNanoseconds: unixNanoseconds(), level: level, label: label, message: message, metadata: metadata
        ).line(format, usesColor: usesColor)
    }
}

/// What one logger says, on its way into a ``LineLog``.
private struct LineLogHandler: LogHandler {
    let log: LineLog
    let label: String
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?

    subscript(metadataKey key: String) -> Logger.MetadataValue? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let kind = RepeatLimiter.Kind(level: event.level, label: label, message: event.message.description)
        log.add(kind) {
            var all = metadata
            if let more = metadataProvider?.get() { all.merge(more) { $1 } }
            if let error = event.error { all["error"] = "\(error)" }
            if let more = event.metadata { all.merge(more) { $1 } }
            return all
        }
    }
}
