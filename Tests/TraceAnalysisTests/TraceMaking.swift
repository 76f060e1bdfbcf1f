// SPDX-License-Identifier: Apache-2.0

internal import TraceAnalysis

/// SplitMix64: the same traces for the same seed, everywhere.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

extension TraceColumns {
    /// One row for each (span ID, parent's span ID, start, end, kind).
    init(_ rows: [(UInt64, UInt64, UInt64, UInt64, UInt8)]) {
        self.init()
        for row in rows {
            append(spanID: row.0, parentSpanID: row.1, start: row.2, end: row.3, kind: row.4)
        }
    }

    /// A trace from a drawing: on each line a span's ID (one digit), its parent's (0 for none), its
    /// kind's letter, and its time line, which starts at nanosecond `origin` in column 6:
    ///
    ///     "1 0 i [=======)"
    ///
    /// `[` is the start and `)` the end; `|` is a span without length.
    init(drawing: String, origin: UInt64 = 100) {
        self.init()
        let kinds: [Character: UInt8] = ["u": 0, "i": 1, "s": 2, "c": 3, "p": 4, "k": 5]
        for line in drawing.split(separator: "\n") {
            let characters = Array(line)
            let timeline = characters[6...]
            let start = timeline.firstIndex { $0 == "[" || $0 == "|" } ?? 6
            let end = timeline.firstIndex { $0 == ")" } ?? start
            append(
                spanID: UInt64(String(characters[0])) ?? 0,
                parentSpanID: UInt64(String(characters[2])) ?? 0,
                start: origin + UInt64(start - 6), end: origin + UInt64(end - 6),
                kind: kinds[characters[4]] ?? 0)
        }
    }

    /// A small trace in which everything that can go wrong goes wrong often.
    static func random(_ generator: inout SeededGenerator) -> TraceColumns {
        let count = Int.random(in: 1...12, using: &generator)
        let span = UInt64.random(in: 2...24, using: &generator)
        let idCount = UInt64(count) + UInt64.random(in: 0...2, using: &generator)
        let isBroken = Bool.random(using: &generator)
        var trace = TraceColumns()
        for row in 0..<UInt64(count) {
            // Far from 0, so that no shift by skew leaves the range.
            let start = 1_000 + UInt64.random(in: 0..<span, using: &generator)
            let length = UInt64.random(in: 0..<span, using: &generator)
            let isReversed = UInt64.random(in: 0..<10, using: &generator) == 0
            trace.append(
                spanID: isBroken ? UInt64.random(in: 1...idCount, using: &generator) : row + 1,
                parentSpanID: isBroken
                    ? UInt64.random(in: 0...idCount, using: &generator)
                    : row == 0 ? 0 : UInt64.random(in: 1...row, using: &generator),
                start: row == 0 && !isBroken ? 1_000 : start,
                end: isReversed ? start - length % 3 : start + length,
                kind: UInt8.random(in: 0...5, using: &generator))
        }
        return trace
    }

    /// The same spans, in the order of `rows`.
    func reordered(_ rows: [Int]) -> TraceColumns {
        var trace = TraceColumns()
        for row in rows {
            trace.append(
                spanID: spanIDs[row], parentSpanID: parentSpanIDs[row], start: starts[row],
                end: ends[row], kind: kinds[row])
        }
        return trace
    }

    /// The rows as literals, for a failure's message.
    var literal: String {
        (0..<count).map {
            "(\(spanIDs[$0]), \(parentSpanIDs[$0]), \(starts[$0]), \(ends[$0]), \(kinds[$0]))"
        }.joined(separator: ", ")
    }
}

extension CriticalPathOptions {
    /// Every mode with every other option, with no, a small and a middling tolerance.
    static let all: [CriticalPathOptions] = Mode.allCases.flatMap { mode in
        Asynchronous.allCases.flatMap { asynchronous in
            Skew.allCases.flatMap { skew in
                [0, 1, 4].map {
                    CriticalPathOptions(
                        mode: mode, asynchronous: asynchronous, skew: skew,
                        toleranceNanoseconds: $0)
                }
            }
        }
    }
}
