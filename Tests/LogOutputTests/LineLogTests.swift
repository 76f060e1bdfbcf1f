// SPDX-License-Identifier: Apache-2.0

import LogOutput
import Logging
import Synchronization
import Testing

/// A log whose clocks stand until they are moved, and whose lines are kept.
private final class TestLog: Sendable {
    private struct State {
        var lines: [String] = []
        var seconds: UInt64 = 0
    }

    private let state = Mutex(State())

    var lines: [String] { state.withLock { $0.lines } }
    func wait(seconds: UInt64) { state.withLock { $0.seconds += seconds } }

    func lineLog(_ format: LogFormat = .text) -> LineLog {
        let uptime: @Sendable () -> UInt64 = { [self] in state.withLock { $0.seconds * 1_000_000_000 } }
        return LineLog(format, usesColor: false, unixNanoseconds: uptime, uptimeNanoseconds: uptime) { [self] line in
            state.withLock { $0.lines.append(String(decoding: line, as: UTF8.self)) }
        }
    }
}

@Suite struct LineLogTests {
    @Test func `a message that repeats is summed up when ten seconds are over, by whoever comes first`() {
        let test = TestLog()
        let log = test.lineLog()
        let logger = Logger(label: "vivace") { log.handler(label: $0, level: .info) }
        for number in 0..<1_244 { logger.error("it failed", metadata: ["number": "\(number)"]) }
        logger.info("something else")
        #expect(test.lines.count == 11)
        #expect(test.lines[9] == "1970-01-01T00:00:00.000000Z error    it failed number=9\n")
        test.wait(seconds: 9)
        log.writeSummaries()
        #expect(test.lines.count == 11)
        test.wait(seconds: 1)
        logger.info("at last")
        #expect(
            test.lines.suffix(2) == [
                "1970-01-01T00:00:10.000000Z error    it failed … and 1234 more in 10 s repeated=1234\n",
                "1970-01-01T00:00:10.000000Z info     at last\n",
            ])
        for _ in 0..<11 { logger.error("it failed") }
        test.wait(seconds: 11)
        log.writeSummaries()
        #expect(test.lines.count == 24)
        #expect(test.lines.last?.contains("it failed … and 1 more in 10 s") == true)
        log.writeSummaries(isLast: true)
        #expect(test.lines.count == 24)
    }

    @Test func `what is held when the program ends is told`() {
        let test = TestLog()
        let log = test.lineLog(.json)
        let logger = Logger(label: "x") { log.handler(label: $0, level: .info) }
        for _ in 0..<12 { logger.warning("w") }
        log.writeSummaries(isLast: true)
        #expect(
            test.lines.last == """
                {"time":"1970-01-01T00:00:00.000000Z","level":"warning","logger":"x","message":"w … and 2 more in 10 s",\
                "metadata":{"repeated":2}}

                """)
    }

    @Test func `levels and metadata are values of each logger`() {
        let test = TestLog()
        let log = test.lineLog()
        var logger = Logger(label: "vivace") { log.handler(label: $0, level: .notice) }
        logger.info("not this")
        logger[metadataKey: "a"] = "logger"
        logger[metadataKey: "b"] = "logger"
        var other = logger
        other.logLevel = .debug
        other[metadataKey: "c"] = "other"
        other.debug("m", metadata: ["b": "call"])
        logger.notice("m")
        #expect(test.lines.map { String($0.dropFirst(28)) } == ["debug    m a=logger b=call c=other\n", "notice   m a=logger b=logger\n"])
        #expect(logger[metadataKey: "a"] == "logger" && logger.handler.metadata.count == 2)
    }

    @Test func `an error and what a provider knows are part of the line`() {
        struct Failure: Error, CustomStringConvertible { var description: String { "no\nroom" } }
        let test = TestLog()
        let log = test.lineLog()
        var handler = log.handler(label: "vivace", level: .info)
        handler.metadataProvider = Logger.MetadataProvider { ["request": "7"] }
        let logger = Logger(label: "vivace") { [handler] _ in handler }
        logger.error("m", error: Failure())
        #expect(test.lines == ["1970-01-01T00:00:00.000000Z error    m error=\"no\\nroom\" request=7\n"])
    }

    @Test func `lines that nobody takes are bounded, and their loss is counted where it was`() {
        var pending = PendingLines(byteLimit: 10)
        for text in ["abc\n", "def\n", "ghi\n", "j\n"] { pending.add(Array(text.utf8)) }
        let first = pending.take()
        #expect(String(decoding: first.bytes, as: UTF8.self) == "abc\ndef\n" && first.lostLineCount == 2)
        pending.add(Array("k\n".utf8))
        let second = pending.take()
        #expect(String(decoding: second.bytes, as: UTF8.self) == "k\n" && second.lostLineCount == 0)
        let line = TestLog().lineLog().line(lostLineCount: 2)
        #expect(String(decoding: line, as: UTF8.self).hasSuffix("nobody took them from standard error lines=2\n"))
    }
}
