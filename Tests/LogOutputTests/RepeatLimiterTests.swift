// SPDX-License-Identifier: Apache-2.0

import LogOutput
import Logging
import Testing

@Suite struct RepeatLimiterTests {
    private static let second: UInt64 = 1_000_000_000

    private func kind(_ message: String, _ level: Logger.Level = .error, _ label: String = "l") -> RepeatLimiter.Kind {
        RepeatLimiter.Kind(level: level, label: label, message: message)
    }

    @Test func `ten of a kind are written in ten seconds, and the rest is told once`() {
        var limiter = RepeatLimiter()
        let written = (0..<1_244).filter { limiter.admits(kind("m"), at: UInt64($0) * 1_000_000) }
        #expect(written == Array(0..<10))
        let early = limiter.takeSummaries(at: 10 * Self.second - 1)
        #expect(early.isEmpty)
        let summaries = limiter.takeSummaries(at: 10 * Self.second)
        #expect(summaries.map(\.kind) == [kind("m")] && summaries.map(\.heldCount) == [1_234])
        let late = limiter.takeSummaries(at: 30 * Self.second)
        let isAdmitted = limiter.admits(kind("m"), at: 30 * Self.second)
        #expect(late.isEmpty && isAdmitted)
    }

    @Test func `level, label and message make a kind`() {
        var limiter = RepeatLimiter()
        let kinds = [kind("a"), kind("b"), kind("a", .info), kind("a", .error, "other")]
        for kind in kinds {
            let admitted = (0..<11).filter { _ in limiter.admits(kind, at: 5) }
            #expect(admitted == Array(0..<10))
        }
        let summaries = limiter.takeSummaries(at: 6, isLast: true)
        #expect(Set(summaries.compactMap(\.kind)) == Set(kinds) && summaries.allSatisfy { $0.heldCount == 1 })
    }

    @Test func `kinds without room in the table share one window`() {
        var limits = RepeatLimiter.Limits()
        (limits.tableCount, limits.writtenCount) = (3, 2)
        var limiter = RepeatLimiter(limits)
        let admitted = (0..<100).filter { limiter.admits(kind("message \($0)"), at: 1) }
        #expect(admitted == [0, 1, 2, 3, 4])
        let summaries = limiter.takeSummaries(at: 1 + limits.windowNanoseconds)
        #expect(summaries.map(\.kind) == [nil] && summaries.map(\.heldCount) == [95])
        let isAdmitted = limiter.admits(kind("new"), at: 2 + limits.windowNanoseconds)
        #expect(isAdmitted)
    }

    @Test func `long messages that begin alike are of one kind`() {
        var limiter = RepeatLimiter()
        let long = String(repeating: "é", count: 400)
        let admitted = (0..<12).filter { limiter.admits(kind(long + "\($0)"), at: 1) }
        #expect(admitted == Array(0..<10))
        let summaries = limiter.takeSummaries(at: 1, isLast: true)
        #expect(summaries.map { $0.kind?.message } == [String(long.prefix(256))])
    }

    @Test(arguments: 0..<30 as Range<UInt64>)
    func `every message is written or told, and no kind is written too often`(seed: UInt64) {
        var state = seed &* 0x9e37_79b9_7f4a_7c15 | 1
        func random(_ bound: UInt64) -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state >> 33) % bound
        }
        var limits = RepeatLimiter.Limits()
        (limits.tableCount, limits.writtenCount) = (1 + Int(random(6)), 1 + Int(random(4)))
        var limiter = RepeatLimiter(limits)
        var now: UInt64 = 0
        var sent: [String: Int] = [:]
        var writes: [String: [UInt64]] = [:]
        var told: [RepeatLimiter.Summary] = []
        for _ in 0..<3_000 {
            now += random(Self.second)
            let message = "\(random(8))"
            told += limiter.takeSummaries(at: now)
            sent[message, default: 0] += 1
            if limiter.admits(kind(message), at: now) { writes[message, default: []].append(now) }
        }
        told += limiter.takeSummaries(at: now, isLast: true)
        let written = writes.values.reduce(0) { $0 + $1.count }
        #expect(written + told.reduce(0) { $0 + $1.heldCount } == 3_000)
        for (message, times) in writes {
            // Two windows of its own may touch, and one that it shares may lie between.
            for (index, time) in times.enumerated() {
                let inWindow = times[index...].prefix { $0 < time + limits.windowNanoseconds }.count
                #expect(inWindow <= 3 * limits.writtenCount, "\(message)")
            }
        }
        #expect(told.allSatisfy { $0.heldCount > 0 })
    }
}
