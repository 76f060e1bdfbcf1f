// SPDX-License-Identifier: Apache-2.0

import Testing
import TraceQL
import TraceQLReference

@Suite struct LenientTests {
    @Test("what is unfinished is dropped, and what stands is kept", arguments: [
        ("", "{ }"), ("{", "{ }"), ("{ }", "{ }"), ("{ .a", "{ }"), ("{ .a = ", "{ }"), ("{ .a = 1", "{ }"),
        ("{ .a }", "{ .a }"), ("{ .a ", "{ }"), ("{ .a = 1 ", "{ .a = 1 }"), ("{ .a = \"1\"", "{ .a = `1` }"),
        ("{ .a = 1 && .b", "{ .a = 1 }"), ("{ .a = 1 && .b = 1", "{ .a = 1 }"), ("{ .a = 1 || .b", "{ }"),
        ("{ .a = 1 && (.b = 1 && .c = 5", "{ .a = 1 && .b = 1 }"), ("{ .a = 1 && (.b = 5)", "{ .a = 1 && .b = 5 }"),
        ("{ .x = && .a = 1 || .b = 2 && .c = 3 }", "{ (.a = 1 || .b = 2) && .c = 3 }"), ("{ !.a ", "{ }"), ("{ (.b = 5) && .c ", "{ .b = 5 }"), ("{ .b = 5 } | { .c = 5", "{ }"),
        ("{ span.a = }", "{ }"), ("{ span.a = && resource.service.name = \"x\" }", "{ resource.service.name = `x` }"),
        ("{ resource.service.name = \"x\" && span.a = }", "{ resource.service.name = `x` }"),
        ("{ resource.service.name = \"x\" && span. }", "{ resource.service.name = `x` }"),
        ("{ resource.service.name = \"x\" && }", "{ resource.service.name = `x` }"),
        ("{ .a = 1 && .b = \"unfini", "{ .a = 1 }"), ("{ .a = 1 && name =~ \"(\" }", "{ .a = 1 }"),
        ("{ .a = 1 && foo = 2 && .c = 3 }", "{ .a = 1 && .c = 3 }"), ("{ .a = 1 && duration = \"x\" }", "{ .a = 1 }"),
        ("{ .a = 1 || .b = }", "{ }"), ("{ .a = 1 || .b = 2 }", "{ .a = 1 || .b = 2 }"),
        ("{ .a = 1 || .b = && .c = 3 }", "{ .c = 3 }"), ("{ .x = && (.a = 1 || .b = 2) }", "{ .a = 1 || .b = 2 }"),
        ("{ .x = && (.a = 1 || .b = ) }", "{ }"), ("{ .x = 1 && (.a = 1 && .b = ) }", "{ .x = 1 && .a = 1 }"),
        ("{ .x = 1 && (.a = 1 && .b = ", "{ .x = 1 && .a = 1 }"), ("{ .a = 1 } | rate() by (", "{ .a = 1 }"),
        ("{ .a = 1 } >> { .b = }", "{ }"), ("{ .a = 1 } >> { .b = 2 && .c = }", "{ .a = 1 || .b = 2 }"),
        ("{ .a = \"}\" && .b = ", "{ .a = `}` }"), ("{ .a = `{&&` && .b }", "{ .a = `{&&` && .b }"),
        ("{ .\"a && b\" = 1 && .c = }", "{ .\"a && b\" = 1 }"), ("nonsense", "{ }"), ("{ parent.a = 1 && .b = 2 }", "{ .b = 2 }"),
        ("{ .a = 1 && { .b = 2 }", "{ .a = 1 || .b = 2 }"), ("{ .a = 1 } && { .a = 1 }", "{ .a = 1 }"),
    ])
    func kept(text: String, condition: String) {
        #expect(CheckedQuery(lenient: text).query.description == condition)
    }

    @Test("what is written key by key never selects less than in the end", arguments: [
        "{ resource.service.name = \"checkout\" && span.http.status_code >= 500 && name =~ \"GET.*\" }",
        "{ .a = 15 && (.b = 2 && !.c) && .d != nil && `x` = .\"c d\" && 2 < .e && kind = server }",
        "{span.a>=10&&.b=~`x.*`&&status=error&&duration>1.5s&&event:name=\"b\"}",
    ])
    func typed(text: String) throws {
        // Each condition of what is there so far stands in the end too.
        let whole = try #require(conjuncts(CheckedQuery(text)))
        for count in 0...text.count {
            let known = conjuncts(CheckedQuery(lenient: String(text.prefix(count))))
            #expect(Set(known ?? []).isSubset(of: whole), "\(text.prefix(count))")
        }
        #expect(conjuncts(CheckedQuery(lenient: text)) == whole)
    }

    private func conjuncts(_ query: CheckedQuery) -> [FieldExpression]? {
        guard case .spansets(let expression)? = query.search?.stages.first, case .filter(let filter?) = expression.form
        else { return nil }
        return conjuncts(filter)
    }

    private func conjuncts(_ condition: FieldExpression) -> [FieldExpression] {
        guard case .all(let operands) = condition.form else { return [condition] }
        return operands.flatMap(conjuncts)
    }

    @Test("text that is too long, too deep or full of patterns asks for everything")
    func hostile() {
        let patterns = (0..<100).map { ".a =~ \"\($0)\"" }.joined(separator: " && ")
        for text in [
            "{ .a = 1 " + String(repeating: " ", count: 200_000), "{ " + String(repeating: "(", count: 100_000),
            String(repeating: "{ .a ", count: 20_000), "{ \(patterns) }",
            "{ .x = && " + String(repeating: ".a=1&&.b=2||", count: 9_000) + ".c=3 }",
        ] {
            #expect(CheckedQuery(lenient: text).query == CheckedQuery.everything.query)
        }
    }

    @Test("a filter with a part cut out holds for every span that the whole one does", arguments: 0..<20)
    func wider(seed: Int) throws {
        var searches = RandomSearches(seed: UInt64(seed) + 100)
        for _ in 0..<40 {
            let query = searches.search()
            guard let pipeline = query.search, pipeline.stages.count == 1,
                case .spansets(let expression) = pipeline.stages[0], case .filter = expression.form
            else { continue }
            let text = query.query.description
            let cut = String(text.prefix(searches.random.below(text.count) + 1))
            let trace = searches.trace(spanCount: 6)
            let whole = try #require(ReferenceEvaluator(query)).spansets(of: trace).flatMap(\.spans)
            let wide = try #require(ReferenceEvaluator(CheckedQuery(lenient: text))).spansets(of: trace).flatMap(\.spans)
            #expect(Set(whole).isSubset(of: wide), "\(text)")
            _ = CheckedQuery(lenient: cut)
        }
    }
}
