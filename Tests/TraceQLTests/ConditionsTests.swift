// SPDX-License-Identifier: Apache-2.0

import Testing
import TraceQL
import TraceQLReference

@Suite struct ConditionsTests {
    private func conditions(_ text: String) throws -> SearchConditions {
        SearchConditions(try #require(try CheckedQuery(text).search))
    }

    @Test("a filter of conditions on single fields is exact", arguments: [
        "{ .a = 1 }", "{ .a = 1 && .b > 2 }", "{ .a = 1 || .b =~ \"x\" }", "{ .a }", "{ !.a }", "{ !(.a = 1) }",
        "{ !(.a = 1 && status = error) || .b != nil }", "{ }", "{ true }", "{ 1 = 2 }", "{ .a = 5 * 1024 }",
        "{ 1s < duration }", "{ event:name = \"x\" }", "{ event:name = \"x\" || event.a = 1 }", "{ trace:duration > 1s }",
        "{ event:name = \"x\" && link.a = 1 }",
    ])
    func exact(text: String) throws { #expect(try conditions(text).filters[0].isExact) }

    @Test("what compares fields, computes, or asks twice of events is not", arguments: [
        "{ .a = .b }", "{ .a + 1 = 2 }", "{ duration * 2 > 4s }", "{ (.a = 1) = (.b = 2) }", "{ -.a > 1 }",
        "{ event:name = \"x\" && event.a = 1 }", "{ !(event:name = \"x\") }", "{ !!.a }",
    ])
    func notExact(text: String) throws { #expect(try !conditions(text).filters[0].isExact) }

    @Test("conditions stand as they are written, constants on the right")
    func shape() throws {
        let both = try #require(try conditions("{ .a = 1 && 1s <= duration }").filters[0].predicate.flat)
        #expect(both.isAll && both.conditions.count == 2)
        #expect(both.conditions[1].test == .comparison(.greaterOrEqual, .duration(1_000_000_000)))
        let either = try #require(try conditions("{ .a =~ \"x\" || .b = nil }").filters[0].predicate.flat)
        #expect(!either.isAll && either.conditions.map(\.test) == [.pattern("x", isNegated: false), .isAbsent])
        #expect(try conditions("{ .a = .b && .c = 1 }").filters[0].predicate.required.map(\.field.description) == [".c"])
        #expect(try conditions("{ 1 = 2 }").filters[0].predicate == .never)
        #expect(try conditions("{ !(.a = 1 || .b = 2) }").filters[0].predicate.required.allSatisfy(\.isComplement))
    }

    @Test("what a search needs beyond its filters")
    func needs() throws {
        let simple = try conditions("{ .a = 1 } | select(.b, name, .b)")
        #expect(simple.isSingleFilter && !simple.needsStructure && !simple.needsTraceFields)
        #expect(simple.selectedFields.map(\.description) == [".b", "name"] && simple.judgedFields.isEmpty)
        let judged = try conditions("{ .a + 1 = 2 } | by(.b) | max(.c) > 1")
        #expect(!judged.isSingleFilter && judged.judgedFields.map(\.description) == [".a", ".b", ".c"])
        #expect(try conditions("{ .a } > { .b }").needsStructure)
        #expect(try conditions("{ span:childCount = 0 }").needsStructure)
        #expect(try conditions("{ rootName = \"x\" }").needsTraceFields)
        #expect(try conditions("count() > 2").filters == [FilterConditions(nil)])
    }

    @Test("which filters a trace has to have a hit of", arguments: [
        ("{ .a } && { .b }", [[0, 1]]), ("{ .a } || { .b }", [[0], [1]]), ("{ .a } > { .b }", [[0, 1]]),
        ("{ .a } !> { .b }", [[1]]), ("{ .a } &~ { .b }", [[0, 1]]), ("{ .a } | { .b }", [[0, 1]]),
        ("({ .a } | count() > 1) || ({ .b } && { .c })", [[0], [1, 2]]),
    ] as [(String, [Set<Int>])])
    func requirement(text: String, minima: [Set<Int>]) throws {
        let conditions = try conditions(text)
        for mask in 0..<(1 << conditions.filters.count) {
            let hits = Set(conditions.filters.indices.filter { mask >> $0 & 1 == 1 })
            let isMet = conditions.requirement.isMet { hits.contains($0) }
            #expect(isMet == minima.contains { $0.isSubset(of: hits) }, "\(text) with \(hits)")
        }
    }

    @Test("predicates and requirements let every answer through, and no more where they are exact", arguments: 0..<20)
    func againstTheEvaluator(seed: Int) throws {
        var searches = RandomSearches(seed: UInt64(seed))
        for _ in 0..<60 {
            let query = searches.search()
            let trace = searches.trace(spanCount: 8)
            let conditions = SearchConditions(try #require(query.search))
            let filters = try conditions.filters.map { filter in
                try CheckedQuery(TraceQuery(.search(Pipeline([.spansets(SpansetExpression(.filter(filter.condition)))]))))
            }
            let hits = try filters.map { filter in
                try #require(ReferenceEvaluator(filter)).spansets(of: trace).flatMap(\.spans)
            }
            let answer = try #require(ReferenceEvaluator(query)).spansets(of: trace)
            if !answer.isEmpty { #expect(conditions.requirement.isMet { !hits[$0].isEmpty }, "\(query.query)") }
            if conditions.isSingleFilter { #expect(answer.flatMap(\.spans) == hits[0], "\(query.query)") }
            for (filter, hits) in zip(conditions.filters, hits) {
                try expectPredicate(filter, hits, trace)
            }
        }
    }

    /// The predicate is tested as a query of its own; conditions on events are taken out where they could not be combined.
    private func expectPredicate(_ filter: FilterConditions, _ hits: [Int], _ trace: ReferenceTrace) throws {
        let testable = filter.predicate.keeping { !$0.field.isOfCollection }
        let found = trace.spans.indices.filter { span in
            holds(testable, ReferenceConditionValues(trace), span)
        }
        #expect(Set(hits).isSubset(of: found), "\(filter.condition?.description ?? "")")
        if filter.isExact, testable == filter.predicate { #expect(hits == found, "\(filter.condition?.description ?? "")") }
    }

    private func holds(_ predicate: ScanPredicate, _ values: ReferenceConditionValues, _ span: Int) -> Bool {
        switch predicate {
        case .always: true
        case .never: false
        case .all(let parts): parts.allSatisfy { holds($0, values, span) }
        case .any(let parts): parts.contains { holds($0, values, span) }
        case .condition(let condition): values.holds(condition, span: span)
        }
    }
}
