// SPDX-License-Identifier: Apache-2.0

internal import TraceQL
internal import TraceQLReference

/// A query's text.
///
/// What is accepted prints as text that is accepted and equal; errors stand in the text; the lenient reading always gives
/// a filter; the conditions of a search let every span through that the reference evaluator finds in a small trace.
enum TraceQLTarget {
    static func run(_ input: [UInt8]) {
        let text = String(decoding: input, as: UTF8.self)
        let lenient = CheckedQuery(lenient: text)
        claim(lenient.search?.stages.count == 1, "an unfinished query is one filter")
        do throws(TraceQLError) {
            let query = try TraceQuery(parsing: text)
            claim((try? TraceQuery(parsing: query.description)) == query, "a query prints as itself: \(query)")
        } catch {
            claim(error.position.offset <= text.utf8.count, "an error stands in the text")
            claim(!error.message.isEmpty, "an error says what is wrong")
        }
        guard let query = try? CheckedQuery(text) else { return }
        claim((try? CheckedQuery(query.query)) != nil, "what is accepted is accepted as it prints")
        guard let pipeline = query.search, input.count < 512 else { return }
        evaluate(query, SearchConditions(pipeline))
    }

    private static func evaluate(_ query: CheckedQuery, _ conditions: SearchConditions) {
        var searches = RandomSearches(seed: 3)
        let trace = searches.trace(spanCount: 5)
        guard let answer = ReferenceEvaluator(query)?.spansets(of: trace), !answer.isEmpty else { return }
        let isMet = conditions.requirement.isMet { number in
            let filter = SpansetExpression(.filter(conditions.filters[number].condition))
            guard let query = try? CheckedQuery(TraceQuery(.search(Pipeline([.spansets(filter)])))) else { return true }
            return ReferenceEvaluator(query)?.spansets(of: trace).isEmpty == false
        }
        claim(isMet, "an answer has a hit of every filter that it takes")
    }

    static func seeds() -> [[UInt8]] {
        var syntax = RandomSyntax(seed: 11)
        var searches = RandomSearches(seed: 12)
        return (0..<12).map { Array((($0 % 2 == 0 ? syntax.query() : searches.search().query).description).utf8) }
            + ["{ .a = }", "{ span.a = && .b = 1", "({ } | rate()) / ({ } | rate()) * 100"].map { Array($0.utf8) }
    }
}
