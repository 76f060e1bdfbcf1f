// SPDX-License-Identifier: Apache-2.0

/// How a command can end, but for wrong usage, which is ArgumentParser's own (64).
enum ExitStatus: Int32, Sendable {
    /// The trace that was asked for does not exist.
    case notFound = 1
    /// The server can't be reached, or answers what no Vivace answers.
    case unreachable = 3
    /// Something could not be read, or was not stored.
    case partial = 4
    /// ArgumentParser's own, for what only the server finds wrong.
    case usage = 64
}

/// Why a command fails; the message says what to do.
struct CommandError: Error, Sendable {
    var status: ExitStatus
    var message: String

    init(_ status: ExitStatus, _ message: String) {
        self.status = status
        self.message = message
    }
}
