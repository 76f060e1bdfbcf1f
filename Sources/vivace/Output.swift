// SPDX-License-Identifier: Apache-2.0

internal import CTerminal
internal import Foundation
internal import Synchronization
internal import TerminalRendering

/// Standard output and standard error.
enum Output {
    private static let environment = ProcessInfo.processInfo.environment

    /// What can be shown where standard output goes.
    static let style = makeStyle(descriptor: STDOUT_FILENO)

    /// What can be shown where standard error goes.
    static let errorStyle = makeStyle(descriptor: STDERR_FILENO)

    /// Whether somebody watches standard error.
    static let isWatched = vivace_terminal_width(STDERR_FILENO) > 0

    /// Whether standard output is a terminal.
    static let isTerminal = isatty(STDOUT_FILENO) == 1

    /// Whether a line that says how far the work has come stands on standard error.
    private static let isProgressShown = Mutex(false)

    /// Whether somebody sits at both ends, reading and typing.
    static let isInteractive = isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1

    private static func makeStyle(descriptor: Int32) -> TerminalStyle {
        let isTerminal = isatty(descriptor) == 1
        let stated = environment["COLUMNS"].flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
        let measured = Int(vivace_terminal_width(descriptor))
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].compactMap { environment[$0] }.first { !$0.isEmpty } ?? "UTF-8"
        let hasUnicode = locale.lowercased().contains("utf")
        return TerminalStyle(
            width: measured > 0 ? measured : stated ?? (isTerminal ? 80 : nil),
            usesColor: isTerminal && (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb",
            usesUnicode: hasUnicode || !isTerminal)
    }

    /// Nobody reads standard output any more, as after `| head`: a command ends then, and that is no failure.
    struct Closed: Error {}

    /// Writes to standard output.
    ///
    /// - Throws: ``Closed``, and `.partial` if it can't be written.
    static func write(_ text: String) throws { try write(Array(text.utf8)) }

    static func write(_ table: CSVTable) throws { try write(table.text(isForTerminal: isTerminal)) }

    static func write(_ bytes: [UInt8]) throws {
        do {
            try FileHandle.standardOutput.write(contentsOf: Data(bytes))
        } catch {
            let error = error as NSError
            let cause = error.userInfo[NSUnderlyingErrorKey] as? NSError ?? error
            if cause.domain == NSPOSIXErrorDomain, cause.code == Int(EPIPE) { throw Closed() }
            let reason = cause.localizedFailureReason ?? cause.localizedDescription
            throw CommandError(.partial, "standard output can't be written: \(reason)")
        }
    }

    /// Says on standard error what went wrong.
    static func complain(_ message: String) {
        say("vivace: \(message)\n")
    }

    /// Writes to standard error; a line of progress gives way.
    static func say(_ text: String) {
        isProgressShown.withLock { isShown in
            writeError((isShown ? eraseLine : "") + text)
            isShown = false
        }
    }

    private static let eraseLine = "\r\u{1b}[K"

    /// Replaces the line of progress on standard error.
    static func showProgress(_ line: String) {
        isProgressShown.withLock { isShown in
            writeError(eraseLine + line)
            isShown = true
        }
    }

    /// Removes the line of progress, if there is one.
    static func eraseProgress() { say("") }

    private static func writeError(_ text: String) {
        // There is nobody to tell that standard error is closed.
        if !text.isEmpty { try? FileHandle.standardError.write(contentsOf: Data(text.utf8)) }
    }
}
