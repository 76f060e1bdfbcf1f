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
        case arithmetic(ArithmeticOperator, FieldExpression, FieldExpression)
    }

    package var form: Form
    @TextPosition package var offset: Int

    package init(_ form: Form, offset: Int = 0) {
        self.form = form
        self.offset = offset
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
        case .comparison(_, let left, let right), .arithmetic(_, let left, let right): [left, right]
        }
    }

    /// Every field in it, in order, repeated as often as it is written.
    package var fields: [SpanField] {
        if let field { return [field] }
        return operands.flatMap(\.fields)
    }
}
