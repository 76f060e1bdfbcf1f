// SPDX-License-Identifier: Apache-2.0

import Testing
import TraceQL

private func repeated(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }

/// Operands with operators between them.
struct Chain: Sendable, CustomTestStringConvertible {
    let first: String
    /// The operators, in turn, each with its operand.
    let steps: [String]
    var end = ""
    /// The most operands.
    let limit: Int

    var testDescription: String { first + steps.joined() }

    func text(_ count: Int) -> String {
        first + (0..<(count - 1)).map { steps[$0 % steps.count] }.joined() + end
    }

    private static let (operands, depth) = (TraceQLLimits.maximumOperandCount, TraceQLLimits.maximumDepth)

    static let all = [
        Chain(first: "{ .a }", steps: [" && { .a }"], limit: operands), Chain(first: "{ }", steps: [" || { }"], limit: operands),
        Chain(first: "{ }", steps: [" && { }", " || { }"], limit: operands),
        Chain(first: "{ }", steps: [" >> { }"], limit: operands),
        Chain(first: "{ }", steps: [" > { }", " !~ { }", " &<< { }"], limit: operands),
        Chain(first: "({ } | count() > 1)", steps: [" && { }"], limit: operands),
        Chain(first: "{ .a=1", steps: ["||.a=2"], end: " }", limit: .max),
        Chain(first: "{ .a=1", steps: ["&&.b=2"], end: " }", limit: .max),
        Chain(first: "{ .a", steps: [" && .b", " || .c"], end: " }", limit: depth),
        Chain(first: "{ .a", steps: [" + 1", " - .b"], end: " = 1 }", limit: operands),
        Chain(first: "{ .a", steps: [" * 1", " / .b", " % 2"], end: " = 1 }", limit: operands),
        Chain(first: "{ 1", steps: [" + 1"], end: " = .a }", limit: operands),
        Chain(first: "{ .a", steps: [" ^ 2"], end: " = 1 }", limit: depth),
        Chain(first: "{ }", steps: [" | { .a }"], limit: .max), Chain(first: "{ }", steps: [" | by(.a)"], limit: .max),
        Chain(first: "{ } | count() > 1", steps: [" + 1"], limit: depth),
        Chain(first: "({ } | rate())", steps: ["+({}|rate())"], limit: depth),
    ]
}

/// Queries made to hurt.
@Suite struct LimitTests {
    private func code(of text: String) -> TraceQLError.Code? {
        do {
            _ = try CheckedQuery(text)
            return nil
        } catch {
            return error.code
        }
    }

    @Test("nesting beyond the limit is said, wherever it is", arguments: [
        "{ " + repeated("(", 10_000) + ".a" + repeated(")", 10_000) + " }",
        repeated("(", 10_000) + "{ }" + repeated(")", 10_000),
        "{ " + repeated("!", 10_000) + ".a }",
        "{ " + repeated("-", 10_000) + ".a = 1 }",
        "{ } | " + repeated("-", 10_000) + "count() > 1",
        "{ .a" + repeated(" + 1", 10_000) + " = 1 }",
        "{ 2" + repeated(" ^ 2", 10_000) + " = .a }",
        "{ .a" + repeated(" = 1", 10_000) + " }",
        "{ .a" + repeated(" && .b || .c", 5_000) + " }",
        "{ }" + repeated(" > { }", 10_000),
        "{ }" + repeated(" && { }", 10_000),
        repeated("({ } | ", 5_000) + "{ }" + repeated(")", 5_000),
        "{ } | rate()" + repeated(" > 1", 10_000),
        "{ } | rate()" + repeated(" | topk(1)", 10_000),
        "{ } | count() > 1" + repeated(" + 1", 10_000),
        "{ } | by(" + repeated("(", 10_000),
        "{ } | avg(" + repeated("(", 10_000),
        "{ } | compare({" + repeated("(", 10_000),
    ])
    func tooDeep(text: String) { #expect(code(of: text) == .tooLarge) }

    @Test("the deepest that is allowed goes through every walk")
    func deepest() throws {
        let depth = TraceQLLimits.maximumDepth - 3
        for text in [
            "{ " + repeated("!(", depth / 2) + ".a" + repeated(")", depth / 2) + " }",
            "{ .a" + repeated(" + .b", depth - 1) + " = 1 }",
            "{ .a }" + repeated(" >> { .b }", depth),
        ] {
            let query = try CheckedQuery(text)
            #expect(try CheckedQuery(query.query).query == query.query)
            #expect(query.search != nil)
            _ = Set([query.query])
        }
    }

    @Test("ten thousand alternatives are one level")
    func longChains() throws {
        let text = "{ .a = 1" + repeated(" || .b = 2", 10_000) + " }"
        let query = try CheckedQuery(text)
        #expect(try CheckedQuery(query.query).query == query.query)
    }

    @Test("a chain goes through every walk, or is refused", arguments: [10, 1_000, 10_000], Chain.all)
    func chains(count: Int, chain: Chain) async throws {
        let text = chain.text(count)
        try #require(text.utf8.count <= TraceQLLimits.maximumByteCount)
        guard count <= chain.limit else {
            #expect(code(of: text) == .tooLarge)
            return
        }
        // On a thread whose stack is smaller than the main thread's.
        try await Task {
            let query = try CheckedQuery(text)
            #expect(try CheckedQuery(query.query).query == query.query)
            #expect(Set([query.query, query.query]).count == 1)
            for case .spansets(let expression) in query.search?.stages ?? [] {
                if case .filter(let condition?) = expression.form { _ = condition.folded().fields }
            }
        }.value
    }

    @Test("a query may have 128 KiB and not a byte more")
    func length() {
        let comment = { (count: Int) in "{ }" + repeated(" ", count - 3) }
        #expect(code(of: comment(TraceQLLimits.maximumByteCount)) == nil)
        #expect(code(of: comment(TraceQLLimits.maximumByteCount + 1)) == .tooLarge)
        #expect(code(of: "{ .a = `" + repeated("x", 200_000) + "` }") == .tooLarge)
    }

    @Test("regular expressions are limited in number and in size")
    func patterns() {
        let many = { (count: Int) in
            "{ " + (0..<count).map { ".a =~ \"x\($0)\"" }.joined(separator: " || ") + " }"
        }
        #expect(code(of: many(TraceQLLimits.maximumRegularExpressions)) == nil)
        #expect(code(of: many(TraceQLLimits.maximumRegularExpressions + 1)) == .tooLarge)
        #expect(code(of: "{ .a =~ \"((x{100}){100}){100}\" }") == .type)
        #expect(code(of: "{ .a =~ \"" + repeated("(", 50_000) + "\" }") == .type)
    }

    @Test("a small stack is enough for the deepest tree")
    func smallStack() async throws {
        // Tasks run on threads whose stacks are smaller than the main thread's.
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    let depth = TraceQLLimits.maximumDepth - 2
                    let text = "{ " + String(repeating: "(", count: depth) + ".a = 1" + String(repeating: ")", count: depth) + " }"
                    return (try? CheckedQuery(text)) != nil
                }
            }
            for await isAccepted in group { #expect(isAccepted) }
        }
    }
}
