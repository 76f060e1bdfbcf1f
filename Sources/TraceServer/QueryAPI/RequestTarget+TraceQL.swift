// SPDX-License-Identifier: Apache-2.0

internal import TraceQL

extension RequestTarget {
    /// The parameter `q` as a search; nil if it is missing or blank.
    func traceQLSearch() throws(ParameterError) -> CheckedQuery? {
        guard let text = self["q"], !text.allSatisfy({ " \t\n\r".contains($0) }) else { return nil }
        let query: CheckedQuery
        do {
            query = try CheckedQuery(text)
        } catch {
            throw ParameterError(query: text, error: error)
        }
        guard query.search != nil else {
            throw ParameterError(
                name: "q", value: text, expected: "a search; this is a metrics query, for /api/metrics/query_range")
        }
        return query
    }

    /// A parameter that is `true` or `false`.
    func flag(_ name: String, default missing: Bool = false) throws(ParameterError) -> Bool {
        try choice(name, Flag.self).map { $0 == .true } ?? missing
    }
}

private enum Flag: String, CaseIterable {
    case `true`, `false`
}
