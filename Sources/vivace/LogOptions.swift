// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import LayeredOptions
internal import LogOutput
internal import Logging

/// What the server's log says, and how.
struct LogOptions: Sendable {
    var format: LogFormat
    var level: Logger.Level
    /// Queries that take as long are logged; nil for none.
    var slowQueries: Duration?
}

/// The options of `vivace serve` on its log.
struct LogArguments: ParsableArguments {
    @Option(help: "How the log's lines look: text or json, VIVACE_LOG_FORMAT (default: text).")
    var logFormat: LogFormat?

    @Option(
        help: ArgumentHelp(
            "What is logged: trace, debug, info, notice, warning, error or critical and all above it, VIVACE_LOG_LEVEL (default: info).",
            valueName: "level"))
    var logLevel: LogLevel?

    @Option(
        help: ArgumentHelp(
            "Log queries that take as long as this, 0 for none; VIVACE_LOG_SLOW_QUERIES (default: 10s).",
            valueName: "time"))
    var logSlowQueries: TimeLength?

    /// - Throws: As ``OptionLayers`` does.
    func resolved(_ layers: inout OptionLayers) throws -> LogOptions {
        let format = try layers.value(logFormat, "log-format", default: LogFormat.text)
        let level = try layers.value(logLevel, "log-level", default: LogLevel(.info))
        let tenSeconds = TimeLength(nanoseconds: 10_000_000_000)
        let slow = try layers.value(logSlowQueries, "log-slow-queries", default: tenSeconds).nanoseconds
        return LogOptions(
            format: format, level: level.level,
            slowQueries: slow == 0 ? nil : .nanoseconds(Int64(clamping: slow)))
    }
}

extension LogFormat: ExpressibleByArgument, OptionValue, CustomStringConvertible {
    package static var expectation: String { "text or json" }

    package var description: String { rawValue }
}

/// How important a message has to be to get into the log.
struct LogLevel: ExpressibleByArgument, OptionValue {
    var level: Logger.Level

    init(_ level: Logger.Level) { self.level = level }

    init?(argument: String) {
        guard let level = Logger.Level(rawValue: argument) else { return nil }
        self.level = level
    }

    static var allValueStrings: [String] { Logger.Level.allCases.map(\.rawValue) }
    static var expectation: String { "one of " + allValueStrings.joined(separator: ", ") }

    var description: String { level.rawValue }
}
