// SPDX-License-Identifier: Apache-2.0

import Testing
import TraceQL
import TraceQLReference

@Suite struct PrinterTests {
    @Test("printing and parsing a made-up tree gives the same tree", arguments: 0..<40)
    func identity(seed: Int) throws {
        var syntax = RandomSyntax(seed: UInt64(seed))
        for round in 0..<250 {
            let query = syntax.query()
            let text = query.description
            guard text.utf8.count <= TraceQLLimits.maximumByteCount else { continue }
            do {
                let parsed = try TraceQuery(parsing: text)
                guard parsed == query else {
                    Issue.record("seed \(seed), round \(round): \(text) came back as \(parsed)")
                    return
                }
            } catch {
                Issue.record("seed \(seed), round \(round): \(text): \(error)")
                return
            }
        }
    }

    @Test("no more parentheses than it takes", arguments: [
        ("{ (.a + 1) * 2 = 3 }", "{ (.a + 1) * 2 = 3 }"),
        ("{ (.a * 1) + 2 = 3 }", "{ .a * 1 + 2 = 3 }"), ("{ .a - (.b - 1) = 0 }", "{ .a - (.b - 1) = 0 }"),
        ("{ ((.a = 1)) && ((.b)) }", "{ .a = 1 && .b }"), ("{ .a || .b && .c }", "{ (.a || .b) && .c }"),
        ("{ 2 ^ (3 ^ 2) = .a }", "{ 2 ^ 3 ^ 2 = .a }"), ("{ -(.a) * 2 = 1 }", "{ -.a * 2 = 1 }"),
        ("{.a=\"x\"}", "{ .a = `x` }"), ("{ .a = 1500ms }", "{ .a = 1.5s }"), ("{ .\"a\" = 1 }", "{ .a = 1 }"),
        ("({ } && ({ } || { }))", "{ } && ({ } || { })"), ("{ } with(a=1)", "{ } with (a=1)"),
    ])
    func parentheses(text: String, printed: String) throws {
        #expect(try TraceQuery(parsing: text).description == printed)
    }

    @Test("durations are written as Go writes them", arguments: [
        (0, "0s"), (1, "1ns"), (1_500, "1.5µs"), (100_293, "100.293µs"), (1_037_992_189, "1.037992189s"),
        (17_673_049, "17.673049ms"), (4_000_000_000, "4s"), (90_000_000_000, "1m30s"), (3_600_000_000_000, "1h0m0s"),
        (3_661_500_000_000, "1h1m1.5s"), (-1_500_000, "-1.5ms"), (Int64.max, "2562047h47m16.854775807s"),
    ] as [(Int64, String)])
    func durations(nanoseconds: Int64, text: String) throws {
        #expect(durationText(nanoseconds: nanoseconds) == text)
        let query = try TraceQuery(parsing: "{ .a = \(text) }")
        let condition = FieldExpression(
            .comparison(
                .equal, FieldExpression(.field(.attribute(AttributeReference(.any, "a")))),
                FieldExpression(.literal(.duration(nanoseconds)))))
        #expect(query.body == .search(Pipeline([.spansets(SpansetExpression(.filter(condition)))])))
    }
}
