// SPDX-License-Identifier: Apache-2.0

package import RegularExpressions

extension TraceQuery {
    /// Parses a query; what it means is not looked at.
    ///
    /// - Throws: `.syntax`, `.tooLarge`, or `.type` and `.unsupported` where operators stand between what they can't.
    package init(parsing text: String) throws(TraceQLError) {
        let bytes = Array(text.utf8)
        do throws(Misfit) {
            guard bytes.count <= TraceQLLimits.maximumByteCount else {
                let limit = TraceQLLimits.maximumByteCount
                throw Misfit(.tooLarge, at: 0, "the query has \(bytes.count) bytes; \(limit) are allowed")
            }
            var parser = try Parser(bytes)
            self = try parser.query()
        } catch {
            throw error.error(in: bytes)
        }
    }
}

/// A query that can be answered: its types fit, its regular expressions compile, and all in it is supported.
package struct CheckedQuery: Sendable {
    package let query: TraceQuery
    /// The compiled form of every pattern in it.
    package let regularExpressions: [String: RegularExpression]

    /// - Throws: Everything there is to say against the query; the first thing, where there are several.
    package init(_ text: String) throws(TraceQLError) {
        let query = try TraceQuery(parsing: text)
        var checker = Checker()
        do throws(Misfit) {
            try checker.check(query)
        } catch {
            throw error.error(in: Array(text.utf8))
        }
        self.query = query
        regularExpressions = checker.regularExpressions
    }

    init(query: TraceQuery, regularExpressions: [String: RegularExpression]) {
        self.query = query
        self.regularExpressions = regularExpressions
    }

    /// A query that is made and not written, as for the tags of a legacy search.
    ///
    /// - Throws: As for text; positions are in the text that the query prints as.
    package init(_ query: TraceQuery) throws(TraceQLError) { try self.init(query.description) }

    /// The pipeline of a search; nil of a metrics query.
    package var search: Pipeline? {
        if case .search(let pipeline) = query.body { pipeline } else { nil }
    }

    package var metrics: MetricsExpression? {
        if case .metrics(let expression) = query.body { expression } else { nil }
    }

    /// The value of a hint, the last if it is given several times.
    package func hint(_ name: String) -> StaticValue? { query.hints.last { $0.name == name }?.value }
}
