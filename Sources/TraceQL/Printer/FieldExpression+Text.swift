// SPDX-License-Identifier: Apache-2.0

extension FieldExpression: CustomStringConvertible {
    /// As a query has it, with no more parentheses than it needs, but for those between `&&` and `||`.
    package var description: String {
        switch form {
        case .literal(let value): value.description
        case .field(let field): field.description
        case .not(let operand): "!" + operand.text(in: .product)
        case .minus(let operand): "-" + operand.text(in: .prefix)
        case .all(let operands): operands.map { $0.text(in: .comparison) }.joined(separator: " && ")
        case .any(let operands): operands.map { $0.text(in: .comparison) }.joined(separator: " || ")
        case .comparison(let comparison, let left, let right):
            "\(left.text(in: .comparison)) \(comparison.rawValue) \(right.text(in: .sum))"
        case .arithmetic(let first, let steps):
            steps.reduce(into: first.text(in: steps[0].operator.leftContext)) { text, step in
                text += " \(step.operator.rawValue) " + step.operand.text(in: step.operator.rightContext)
            }
        }
    }

    /// In parentheses if it binds less tightly than where it stands.
    private func text(in context: Precedence) -> String { precedence < context ? "(\(description))" : description }

    private var precedence: Precedence {
        switch form {
        case .literal(let value): value.isNegative ? .prefix : .none
        case .field: .none
        case .not, .minus: .prefix
        case .all, .any: .logical
        case .comparison: .comparison
        case .arithmetic(_, let steps): steps[0].operator.precedence
        }
    }
}

extension ArithmeticOperator {
    var precedence: Precedence {
        switch self {
        case .plus, .minus: .sum
        case .times, .divide, .remainder: .product
        case .power: .power
        }
    }

    /// What may stand on its left without parentheses: itself too, but for `^`.
    var leftContext: Precedence { self == .power ? .none : precedence }
    var rightContext: Precedence { self == .power ? .power : precedence.tighter }
}
