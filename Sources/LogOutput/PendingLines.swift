// SPDX-License-Identifier: Apache-2.0

/// Lines that wait until somebody takes them, in bounded memory: what comes when it is full is lost and counted.
package struct PendingLines: Sendable {
    /// Some thousand lines: minutes of an ordinary log, a moment of a flood.
    package static let defaultByteLimit = 1 << 20

    private let byteLimit: Int
    private var bytes: [UInt8] = []
    private var lostLineCount = 0

    package init(byteLimit: Int = defaultByteLimit) { self.byteLimit = byteLimit }

    package mutating func add(_ line: [UInt8]) {
        // A line that comes after lost ones is lost too, so that the loss is told where it was.
        guard lostLineCount == 0, bytes.count + line.count <= byteLimit else {
            lostLineCount += 1
            return
        }
        bytes += line
    }

    /// All lines that wait, and how many were lost behind them.
    package mutating func take() -> (bytes: [UInt8], lostLineCount: Int) {
        defer { (bytes, lostLineCount) = ([], 0) }
        return (bytes, lostLineCount)
    }
}
