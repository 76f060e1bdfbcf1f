// SPDX-License-Identifier: Apache-2.0

/// An operator between two operands of a pipeline, of which the left one is no spansets, and what it makes of them.
struct Sides {
    var symbol: Symbol
    var offset: Int
    var left: Operand
    var leftOffset: Int
    var right: Operand
    var rightOffset: Int

    func combined() throws(Misfit) -> Operand {
        if let comparison = symbol.comparison, let combined = try compared(comparison) { return combined }
        if let arithmetic = symbol.arithmetic, let combined = try computed(arithmetic) { return combined }
        throw doesNotFit()
    }

    private func compared(_ comparison: ComparisonOperator) throws(Misfit) -> Operand? {
        switch (left, right) {
        case (.scalar(let left), .scalar(let right)):
            return .scalarFilter(ScalarFilter(comparison, left, right, offset: offset))
        case (.metrics(let left), .scalar(let right)):
            guard case .literal(let value) = right.form else { return nil }
            return .metrics(MetricsExpression(.secondStage(left, .filter(comparison, value)), offset: offset))
        case (.scalar, .metrics):
            throw Misfit(
                .unsupported, at: offset, "metrics stand on the left of a comparison",
                suggestion: "turn it around: `… \(comparison.mirrored.rawValue) number`")
        default:
            return nil
        }
    }

    private func computed(_ arithmetic: ArithmeticOperator) throws(Misfit) -> Operand? {
        if case .scalar(let left) = left, case .scalar(let right) = right {
            return .scalar(ScalarExpression(.arithmetic(arithmetic, left, right), offset: offset))
        }
        guard let left = left.asMetrics(), let right = right.asMetrics() else { return nil }
        return .metrics(MetricsExpression(.arithmetic(arithmetic, left, right), offset: offset))
    }

    func doesNotFit() -> Misfit {
        let message = "`\(symbol.rawValue)` can't stand between \(left.name) and \(right.name)"
        let suggestion: String? =
            switch (symbol, left, right) {
            case (.and, .scalarFilter, _), (.or, .scalarFilter, _), (.and, _, .scalarFilter), (.or, _, .scalarFilter):
                "put the conditions in parentheses, each with its filter: `({ … } | count() > 1) \(symbol.rawValue) ({ … })`"
            case (.plus, .spansets, .spansets): "did you mean `||`?"
            case (.notEqual, .spansets, .spansets), (.equal, .spansets, .spansets):
                "spansets are related by `>`, `>>`, `~` and the like"
            default: nil
            }
        return Misfit(.type, at: offset, message, suggestion: suggestion)
    }
}
