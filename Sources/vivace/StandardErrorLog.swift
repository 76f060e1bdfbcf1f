// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import LogOutput
internal import Logging
internal import ServiceLifecycle
internal import Synchronization
internal import TerminalRendering

/// The log of `vivace serve` on standard error.
///
/// Who logs never waits: lines go into a bounded buffer, from which one thread writes. If standard error is a pipe
/// that nobody reads, what does not fit any more is lost, counted, and told once somebody reads again.
final class StandardErrorLog: Service {
    private let output: LineOutput
    private let lines: LineLog

    /// How long the end of the program waits for the last lines to be taken.
    private static let endSeconds = 1.0

    init(_ format: LogFormat) {
        let begin = ContinuousClock.now
        let output = LineOutput { FileHandle.standardError.write(allOf: $0) }
        lines = LineLog(
            format, usesColor: Output.errorStyle.usesColor, unixNanoseconds: currentUnixNanoseconds,
            uptimeNanoseconds: { (ContinuousClock.now - begin).nanoseconds },
            write: { output.add($0) })
        self.output = output
        output.start(lossLine: lines.line(lostLineCount:))
    }

    /// Makes all loggers write here. To be called once in the program's life.
    func bootstrap(level: Logger.Level) {
        LoggingSystem.bootstrap { [lines] label in lines.handler(label: label, level: level) }
    }

    /// Tells now and then how often messages were repeated.
    func run() async {
        await cancelWhenGracefulShutdown { [lines] in
            while (try? await Task.sleep(for: .seconds(1))) != nil { lines.writeSummaries() }
        }
    }

    /// Waits for what was logged to be written, but not for ever.
    func finish() {
        lines.writeSummaries(isLast: true)
        output.flush(seconds: Self.endSeconds)
    }
}

/// Lines on their way to a place that may be slow.
private final class LineOutput: Sendable {
    private struct State {
        var lines = PendingLines()
        /// Are told when all lines before them are written.
        var waiting: [DispatchSemaphore] = []
    }

    private let state = Mutex(State())
    /// Counts what was added since the thread looked.
    private let news = DispatchSemaphore(value: 0)
    private let write: @Sendable ([UInt8]) -> Void

    /// - Parameter write: May take its time.
    init(write: @escaping @Sendable ([UInt8]) -> Void) { self.write = write }

    /// Starts the thread, which lives as long as the program.
    ///
    /// - Parameter lossLine: Says that so many lines were lost.
    func start(lossLine: @escaping @Sendable (Int) -> [UInt8]) {
        let thread = Thread { [self] in
            while true {
                news.wait()
                writePending(lossLine)
            }
        }
        thread.name = "log"
        thread.start()
    }

    func add(_ line: [UInt8]) {
        state.withLock { $0.lines.add(line) }
        news.signal()
    }

    func flush(seconds: Double) {
        let isDone = DispatchSemaphore(value: 0)
        state.withLock { $0.waiting.append(isDone) }
        news.signal()
        _ = isDone.wait(timeout: .now() + seconds)
    }

    private func writePending(_ lossLine: (Int) -> [UInt8]) {
        let (lines, waiting) = state.withLock { state in
            defer { state.waiting = [] }
            return (state.lines.take(), state.waiting)
        }
        if !lines.bytes.isEmpty { write(lines.bytes) }
        if lines.lostLineCount > 0 { write(lossLine(lines.lostLineCount)) }
        for semaphore in waiting { semaphore.signal() }
    }
}

extension FileHandle {
    /// There is nobody to tell that standard error is closed.
    fileprivate func write(allOf bytes: [UInt8]) { try? write(contentsOf: Data(bytes)) }
}
