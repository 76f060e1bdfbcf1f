// SPDX-License-Identifier: Apache-2.0

package import Logging

/// Decides which of many equal messages are written, so that what happens a thousand times a second does not fill a disk.
///
/// The first time that a message comes opens a window of ``Limits/windowNanoseconds``. In it ``Limits/writtenCount`` are
/// written; the others are held, and told as one summary when the window has ended. The table of windows is bounded:
/// messages that find no room in it share one window.
package struct RepeatLimiter: Sendable {
    package struct Limits: Sendable {
        package var writtenCount = 10
        package var windowNanoseconds: UInt64 = 10_000_000_000
        /// More kinds of messages than the program has; only such as carry foreign text can be as many.
        package var tableCount = 256
        /// Messages that begin with the same so many bytes count as equal.
        package var messageByteCount = 512

        package init() {}
    }

    /// What makes messages equal: metadata does not count.
    package struct Kind: Hashable, Sendable {
        package var level: Logger.Level
        package var label: String
        package var message: String

        package init(level: Logger.Level, label: String, message: String) {
            self.level = level
            self.label = label
            self.message = message
        }
    }

    /// Held messages of a window that has ended.
    package struct Summary: Hashable, Sendable {
        /// Nil for all that found no room in the table.
        package var kind: Kind?
        package var heldCount: Int
    }

    private struct Window: Sendable {
        var start: UInt64
        var writtenCount = 0
        var heldCount = 0
    }

    private let limits: Limits
    private var windows: [Kind: Window] = [:]
    /// That of messages without room in the table.
    private var sharedWindow: Window?
    /// No window ends before.
    private var nextEnd = UInt64.max

    package init(_ limits: Limits = Limits()) { self.limits = limits }

    /// Whether a message is written now. To be asked when the summaries of windows that have ended were taken.
    ///
    /// - Parameter now: Nanoseconds of a clock that never goes back.
    package mutating func admits(_ kind: Kind, at now: UInt64) -> Bool {
        let kind = Kind(level: kind.level, label: kind.label, message: shortened(kind.message))
        if var window = windows[kind] {
            defer { windows[kind] = window }
            return admits(to: &window)
        }
        var window = windows.count < limits.tableCount ? Window(start: now) : sharedWindow ?? Window(start: now)
        nextEnd = min(nextEnd, end(of: window))
        defer { if windows.count < limits.tableCount { windows[kind] = window } else { sharedWindow = window } }
        return admits(to: &window)
    }

    /// What was held in windows that have ended, those that began first before the others.
    ///
    /// - Parameter isLast: Whether all windows end now.
    package mutating func takeSummaries(at now: UInt64, isLast: Bool = false) -> [Summary] {
        guard now >= nextEnd || isLast else { return [] }
        let ended = windows.filter { isLast || end(of: $0.value) <= now }
        for kind in ended.keys { windows[kind] = nil }
        var summaries = ended.filter { $0.value.heldCount > 0 }
            .sorted { ($0.value.start, $0.key.message) < ($1.value.start, $1.key.message) }
            .map { Summary(kind: $0.key, heldCount: $0.value.heldCount) }
        if let shared = sharedWindow, isLast || end(of: shared) <= now {
            sharedWindow = nil
            if shared.heldCount > 0 { summaries.append(Summary(kind: nil, heldCount: shared.heldCount)) }
        }
        nextEnd = windows.values.reduce(sharedWindow.map(end) ?? .max) { min($0, end(of: $1)) }
        return summaries
    }

    private func admits(to window: inout Window) -> Bool {
        guard window.writtenCount < limits.writtenCount else {
            window.heldCount += 1
            return false
        }
        window.writtenCount += 1
        return true
    }

    private func end(of window: Window) -> UInt64 { window.start &+ limits.windowNanoseconds }

    private func shortened(_ message: String) -> String {
        guard message.utf8.count > limits.messageByteCount else { return message }
        return String(decoding: message.utf8.prefix(limits.messageByteCount), as: UTF8.self)
    }
}
