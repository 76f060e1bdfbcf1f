// SPDX-License-Identifier: Apache-2.0

/// Compares two values of a span, or an aggregate with a number.
package enum ComparisonOperator: String, CaseIterable, Sendable {
    case equal = "="
    case notEqual = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case matches = "=~"
    case matchesNot = "!~"

    package var isRegularExpression: Bool { self == .matches || self == .matchesNot }

    /// The operator that says the same with its sides exchanged.
    package var mirrored: Self {
        switch self {
        case .less: .greater
        case .lessOrEqual: .greaterOrEqual
        case .greater: .less
        case .greaterOrEqual: .lessOrEqual
        case .equal, .notEqual, .matches, .matchesNot: self
        }
    }
}

package enum ArithmeticOperator: String, CaseIterable, Sendable {
    case plus = "+"
    case minus = "-"
    case times = "*"
    case divide = "/"
    case remainder = "%"
    /// Binds to the right: `2 ^ 3 ^ 2` is `2 ^ (3 ^ 2)`.
    case power = "^"
}

/// How spans of the right side stand to spans of the left side.
package enum StructuralRelation: String, CaseIterable, Sendable {
    /// Its parent is on the left.
    case child = ">"
    /// An ancestor of it is on the left.
    case descendant = ">>"
    /// A child of it is on the left.
    case parent = "<"
    /// A descendant of it is on the left.
    case ancestor = "<<"
    /// Another child of the same parent is on the left.
    case sibling = "~"
}

/// What a structural operator keeps.
package enum StructuralForm: String, CaseIterable, Sendable {
    /// The right side's spans that stand so.
    case right = ""
    /// The right side's spans that don't stand so to any span of the left side, which may be empty.
    case negated = "!"
    /// The spans of both sides that stand so to one of the other side.
    case union = "&"
}

/// Combines what two spanset expressions select in one trace.
package enum SpansetOperator: Hashable, Sendable {
    /// Both select something: the spans of both.
    case and
    /// Either selects something: the spans of both.
    case or
    case structural(StructuralRelation, StructuralForm)

    package var symbol: String {
        switch self {
        case .and: "&&"
        case .or: "||"
        case .structural(let relation, let form): form.rawValue + relation.rawValue
        }
    }

    var precedence: Precedence {
        switch self {
        case .and, .or: .logical
        case .structural: .comparison
        }
    }

    static let allCases: [Self] =
        [.and, .or] + StructuralRelation.allCases.flatMap { relation in
            StructuralForm.allCases.map { .structural(relation, $0) }
        }
}
