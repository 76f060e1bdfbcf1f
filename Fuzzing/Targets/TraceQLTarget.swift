// SPDX-License-Identifier: Apache-2.0

internal import TraceQL
internal import TraceQLReference

/// A query's text.
///
/// What is accepted prints as text that is accepted and equal; errors stand in the text; the lenient reading always gives
/// a filter; the reference evaluator gives spans of the trace that it is asked about.
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
        guard query.search != nil, input.count < 512 else { return }
        var searches = RandomSearches(seed: 3)
        let trace = searches.trace(spanCount: 5)
        for spanset in ReferenceEvaluator(query)?.spansets(of: trace) ?? [] {
            claim(!spanset.spans.isEmpty && spanset.spans.count <= 5, "a spanset has spans of its trace")
        }
    }

    static func seeds() -> [[UInt8]] {
        var syntax = RandomSyntax(seed: 11)
        var searches = RandomSearches(seed: 12)
        return (0..<12).map { Array((($0 % 2 == 0 ? syntax.query() : searches.search().query).description).utf8) }
            + ["{ .a = }", "{ span.a = && .b = 1", "({ } | rate()) / ({ } | rate()) * 100"].map { Array($0.utf8) }
    }
}
