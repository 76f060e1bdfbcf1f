// SPDX-License-Identifier: Apache-2.0

extension CheckedQuery {
    /// What stands in a query that is still being written: one filter that holds for every span that the finished query
    /// may be about. This is how names and values are offered while somebody types.
    ///
    /// A condition that can't be read is dropped, as one that may hold for any span: `{ .a = && .b = 1 }` gives
    /// `{ .b = 1 }`, and `{ .a = 1 || .b = }` gives `{ }`. Braces, parentheses and strings need no end. Of several filters
    /// spans may satisfy any; what follows filters does not matter. Text without a filter gives `{ }`.
    package init(lenient text: String) {
        let filter = SpansetExpression(.filter(LenientReader(text)?.condition()))
        self = (try? CheckedQuery(TraceQuery(.search(Pipeline([.spansets(filter)]))))) ?? .everything
    }

    /// `{ }`
    package static var everything: CheckedQuery {
        CheckedQuery(
            query: TraceQuery(.search(Pipeline([.spansets(SpansetExpression(.filter(nil)))]))), regularExpressions: [:])
    }
}

/// Reads the filters of a text by their braces alone, and of each what can be parsed.
struct LenientReader {
    private let text: [UInt8]
    /// Parentheses that are looked into when what is in them can't be parsed whole.
    private static let maximumDepth = 8
    private static let maximumFilterCount = 64

    /// Nil if the text is longer than a query may be.
    init?(_ text: String) {
        self.text = Array(text.utf8)
        guard self.text.count <= TraceQLLimits.maximumByteCount else { return nil }
    }

    /// What spans of any filter satisfy; nil if all may.
    func condition() -> FieldExpression? {
        var alternatives: [FieldExpression] = []
        var filterCount = 0
        var scanner = LenientScanner(text, 0..<text.count)
        while let open = scanner.skip(to: UInt8(ascii: "{")) {
            filterCount += 1
            guard filterCount <= Self.maximumFilterCount else { return nil }
            let end = scanner.endOfBraces()
            guard let condition = condition(in: open + 1..<end, depth: 0) else { return nil }
            if !alternatives.contains(condition) { alternatives.append(condition) }
        }
        return joined(alternatives, isAll: false)
    }

    /// What stands in a piece of text that is perhaps a condition; nil if it may hold for any span.
    private func condition(in range: Range<Int>, depth: Int) -> FieldExpression? {
        if let whole = parsed(range) { return whole }
        var scanner = LenientScanner(text, range)
        let terms = scanner.terms()
        guard terms.count > 1 else { return parenthesized(range, depth: depth) }
        // Conditions up to here: all of them have to hold, and none says nothing.
        var known: [FieldExpression] = []
        for (number, term) in terms.enumerated() {
            let condition = parsed(term.range) ?? parenthesized(term.range, depth: depth)
            if number == 0 || term.isAnd {
                if let condition { known.append(condition) }
            } else if let before = joined(known, isAll: true), let condition {
                known = [joined([before, condition], isAll: false) ?? condition]
            } else {
                known = []
            }
        }
        return joined(known, isAll: true)
    }

    /// What stands in parentheses that can't be parsed as they are, closed or not.
    private func parenthesized(_ range: Range<Int>, depth: Int) -> FieldExpression? {
        guard depth < Self.maximumDepth, let open = range.first(where: { !isSpace(text[$0]) }),
            text[open] == UInt8(ascii: "(")
        else { return nil }
        var end = range.upperBound
        while end > open + 1, isSpace(text[end - 1]) { end -= 1 }
        if text[end - 1] == UInt8(ascii: ")"), end - 1 > open { end -= 1 }
        return condition(in: open + 1..<max(open + 1, end), depth: depth + 1)
    }

    private func parsed(_ range: Range<Int>) -> FieldExpression? {
        guard var parser = try? Parser(Array(text[range])), let condition = try? parser.field(),
            parser.token.content == .end
        else { return nil }
        var checker = Checker()
        return (try? checker.checkCondition(condition, at: 0)) == nil ? nil : condition
    }

    private func joined(_ conditions: [FieldExpression], isAll: Bool) -> FieldExpression? {
        guard conditions.count > 1 else { return conditions.first }
        var operands = conditions
        switch (conditions[0].form, isAll) {
        case (.all(let inner), true), (.any(let inner), false): operands.replaceSubrange(0..<1, with: inner)
        default: break
        }
        return FieldExpression(isAll ? .all(operands) : .any(operands))
    }
}
