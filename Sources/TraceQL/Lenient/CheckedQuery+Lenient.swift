// SPDX-License-Identifier: Apache-2.0

extension CheckedQuery {
    /// What stands in a query that is still being written: one filter that holds for every span that the finished query
    /// may be about. This is how names and values are offered while somebody types.
    ///
    /// A condition that can't be read is dropped, as one that may hold for any span: `{ .a = && .b = 1 }` gives
    /// `{ .b = 1 }`, and `{ .a = 1 || .b = }` gives `{ }`. Braces, parentheses and strings need no end. Of several filters
    /// spans may satisfy any; what follows filters does not matter. Text without a filter gives `{ }`.
    ///
    /// Nor does a condition count at which somebody is still writing: the last one of a filter without end, if it may
    /// become another one, as `{ .a` and `{ .a = 5` may become `{ .a = 500`.
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
    /// Changes from `&&` to `||` and back in one pair of parentheses.
    private static let maximumChangeCount = 16

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
            guard let condition = condition(in: open + 1..<end, depth: 0, isOpen: end == text.count) else { return nil }
            if !alternatives.contains(condition) { alternatives.append(condition) }
        }
        return joined(alternatives, isAll: false)
    }

    /// What stands in a piece of text that is perhaps a condition; nil if it may hold for any span.
    ///
    /// - Parameter isOpen: Whether the text may go on where the piece ends.
    private func condition(in range: Range<Int>, depth: Int, isOpen: Bool) -> FieldExpression? {
        if !isOpen, let whole = parsed(range) { return whole }
        var scanner = LenientScanner(text, range)
        let terms = scanner.terms()
        guard terms.count > 1 else { return term(range, depth: depth, isOpen: isOpen) }
        // Conditions up to here, of which all have to hold or any; none says nothing.
        var known: [FieldExpression] = []
        var (isAll, changeCount) = (true, 0)
        for (number, term) in terms.enumerated() {
            let isLast = number == terms.count - 1
            let condition = self.term(term.range, depth: depth, isOpen: isOpen && isLast)
            guard number == 0 || term.isAnd || !known.isEmpty else { continue }
            guard let condition else {
                if number > 0, !term.isAnd { known = [] }
                continue
            }
            if known.count > 1, term.isAnd != isAll {
                // Each change is a level of the tree.
                changeCount += 1
                guard changeCount <= Self.maximumChangeCount else { return nil }
                known = joined(known, isAll: isAll).map { [$0] } ?? []
            }
            isAll = term.isAnd
            known.append(condition)
        }
        return joined(known, isAll: isAll)
    }

    private func term(_ range: Range<Int>, depth: Int, isOpen: Bool) -> FieldExpression? {
        if let condition = parsed(range) { return isOpen && mayGrow(condition, range) ? nil : condition }
        return parenthesized(range, depth: depth, isOpen: isOpen)
    }

    /// Whether what is written next may change the condition at the end of the text: a word or number may go on, and an
    /// attribute alone is about to be compared.
    private func mayGrow(_ condition: FieldExpression, _ range: Range<Int>) -> Bool {
        guard let last = range.last.map({ text[$0] }) else { return true }
        let isEnded = isSpace(last) || [UInt8(ascii: "\""), UInt8(ascii: "`"), UInt8(ascii: ")")].contains(last)
        switch condition.form {
        case .comparison, .all, .any: return !isEnded
        case .literal, .field, .not, .minus, .arithmetic: return true
        }
    }

    /// What stands in parentheses that can't be parsed as they are, closed or not.
    private func parenthesized(_ range: Range<Int>, depth: Int, isOpen: Bool) -> FieldExpression? {
        guard depth < Self.maximumDepth, let open = range.first(where: { !isSpace(text[$0]) }),
            text[open] == UInt8(ascii: "(")
        else { return nil }
        var end = range.upperBound
        while end > open + 1, isSpace(text[end - 1]) { end -= 1 }
        guard text[end - 1] == UInt8(ascii: ")"), end - 1 > open else {
            return condition(in: open + 1..<range.upperBound, depth: depth + 1, isOpen: isOpen)
        }
        return condition(in: open + 1..<end - 1, depth: depth + 1, isOpen: false)
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
