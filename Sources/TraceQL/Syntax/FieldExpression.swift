// SPDX-License-Identifier: Apache-2.0

/// What is asked of one span: the inside of `{ … }`, and the argument of `by`, `avg` and the like.
///
/// Two are equal that say the same, wherever they stood in their texts.
package struct FieldExpression: Hashable, Sendable {
    package indirect enum Form: Hashable, Sendable {
        case literal(StaticValue)
        case field(SpanField)
        /// `!a`
        case not(FieldExpression)
        /// `-a`
        case minus(FieldExpression)
        /// `a && b && c`: two or more, of which the first is not itself an `all`.
        case all([FieldExpression])
        /// `a || b || c`: two or more, of which the first is not itself an `any`.
        case any([FieldExpression])
        case comparison(ComparisonOperator, FieldExpression, FieldExpression)
        /// `a - b + c`, from left to right: at least one step, of operators that bind equally. The first operand is not
        /// itself such arithmetic, and of `^`, which binds to the right, there is one step.
        case arithmetic(FieldExpression, [OperatorStep<ArithmeticOperator, FieldExpression>])
    }

    package var form: Form
    @TextPosition package var offset: Int

    package init(_ form: Form, offset: Int = 0) {
        self.form = form
        self.offset = offset
    }

    /// `left operator right`
    package init(_ left: Self, _ operator: ArithmeticOperator, _ right: Self, offset: Int = 0) {
        let step = OperatorStep(`operator`, right, offset: offset)
        guard let (first, steps) = left.arithmetic(precedence: `operator`.precedence) else {
            self.init(.arithmetic(left, [step]), offset: offset)
            return
        }
        self.init(.arithmetic(first, steps + [step]), offset: offset)
    }

    /// Its operands, if it is arithmetic to which further steps may be added.
    func arithmetic(precedence: Precedence) -> (Self, [OperatorStep<ArithmeticOperator, Self>])? {
        guard case .arithmetic(let first, let steps) = form, precedence != .power,
            steps[0].operator.precedence == precedence
        else { return nil }
        return (first, steps)
    }

    package var literal: StaticValue? {
        if case .literal(let value) = form { value } else { nil }
    }

    package var field: SpanField? {
        if case .field(let field) = form { field } else { nil }
    }

    /// Its operands, in order.
    package var operands: [FieldExpression] {
        switch form {
        case .literal, .field: []
        case .not(let operand), .minus(let operand): [operand]
        case .all(let operands), .any(let operands): operands
        case .comparison(_, let left, let right): [left, right]
        case .arithmetic(let first, let steps): [first] + steps.map(\.operand)
        }
    }

    /// Every field in it, in order, repeated as often as it is written.
    package var fields: [SpanField] {
        if let field { return [field] }
        return operands.flatMap(\.fields)
    }
}
