// SPDX-License-Identifier: Apache-2.0

extension FieldExpression {
    /// The same with what is the same for every span worked out: `10 * 1024` is `10240`, `1 = 2 || .a` is `.a`.
    ///
    /// As a condition it holds for exactly the same spans; a value (of `by`, of `select`) may not be folded, since an
    /// attribute alone may come out of `true && .a`. What has no result, such as a division by 0, stays.
    package func folded() -> FieldExpression {
        switch form {
        case .literal, .field: return self
        case .not(let operand):
            let operand = operand.folded()
            guard case .boolean(let value)? = operand.literal else { return with(.not(operand)) }
            return with(.literal(.boolean(!value)))
        case .minus(let operand):
            let operand = operand.folded()
            return folded(to: operand.literal?.negated) ?? with(.minus(operand))
        case .all(let operands): return chain(operands, decidedBy: false)
        case .any(let operands): return chain(operands, decidedBy: true)
        case .comparison(let comparison, let left, let right):
            return folded(comparison, left.folded(), right.folded())
        case .arithmetic(let first, let steps): return folded(first.folded(), steps)
        }
    }

    /// Arithmetic up to the first step that has no result.
    private func folded(
        _ first: FieldExpression, _ steps: [OperatorStep<ArithmeticOperator, FieldExpression>]
    ) -> FieldExpression {
        var first = first
        var rest: [OperatorStep<ArithmeticOperator, FieldExpression>] = []
        for step in steps {
            var step = step
            step.operand = step.operand.folded()
            if rest.isEmpty, let a = first.literal, let b = step.operand.literal,
                let value = folded(to: step.operator.apply(a, b))
            {
                first = value
            } else {
                rest.append(step)
            }
        }
        return rest.isEmpty ? first : with(.arithmetic(first, rest))
    }

    private func with(_ form: Form) -> FieldExpression { FieldExpression(form, offset: offset) }

    private func folded(to value: StaticValue?) -> FieldExpression? {
        guard let value, value != .absent, value.number?.isFinite ?? true else { return nil }
        return with(.literal(value))
    }

    private func folded(
        _ comparison: ComparisonOperator, _ left: FieldExpression, _ right: FieldExpression
    ) -> FieldExpression {
        guard let a = left.literal, let b = right.literal, !comparison.isRegularExpression else {
            return with(.comparison(comparison, left, right))
        }
        return with(.literal(.boolean(comparison.holds(a, b))))
    }

    /// `&&` is decided by false and does without true; `||` the other way round.
    private func chain(_ operands: [FieldExpression], decidedBy decisive: Bool) -> FieldExpression {
        var rest: [FieldExpression] = []
        for operand in operands.map({ $0.folded() }) {
            guard case .boolean(let value)? = operand.literal else {
                rest.append(operand)
                continue
            }
            if value == decisive { return with(.literal(.boolean(decisive))) }
        }
        if rest.count < 2 { return rest.first?.asBoolean ?? with(.literal(.boolean(!decisive))) }
        // The first operand of a chain is never a chain of the same kind.
        switch (rest[0].form, decisive) {
        case (.all(let inner), false), (.any(let inner), true): rest.replaceSubrange(0..<1, with: inner)
        default: break
        }
        return with(decisive ? .any(rest) : .all(rest))
    }

    /// The same as a boolean, where a chain that made one of it is gone: absent is false.
    private var asBoolean: FieldExpression {
        switch form {
        case .field, .not: with(.comparison(.equal, self, with(.literal(.boolean(true)))))
        default: self
        }
    }
}
