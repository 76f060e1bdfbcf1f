// SPDX-License-Identifier: Apache-2.0

/// A word of the language with its place in the text.
struct Token: Equatable {
    enum Content: Equatable {
        case symbol(Symbol)
        case literal(StaticValue)
        /// A name without scope: a keyword, an intrinsic, a function or a hint.
        case word(String)
        /// An attribute, or an intrinsic with its scope.
        case field(SpanField)
        case end
    }

    var content: Content
    /// Bytes of the text: `offset ..< endOffset`.
    var offset: Int
    var endOffset: Int

    func isSymbol(_ symbol: Symbol) -> Bool { content == .symbol(symbol) }
}

/// Everything that is written with other characters than letters and digits.
enum Symbol: String, CaseIterable {
    case braceOpen = "{"
    case braceClose = "}"
    case parenthesisOpen = "("
    case parenthesisClose = ")"
    case comma = ","
    case pipe = "|"
    case and = "&&"
    case or = "||"
    case not = "!"
    case equal = "="
    case notEqual = "!="
    case matches = "=~"
    /// Not matching in a filter, not a sibling between spansets.
    case notTilde = "!~"
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case descendant = ">>"
    case ancestor = "<<"
    case tilde = "~"
    case notChild = "!>"
    case notParent = "!<"
    case notDescendant = "!>>"
    case notAncestor = "!<<"
    case unionChild = "&>"
    case unionParent = "&<"
    case unionDescendant = "&>>"
    case unionAncestor = "&<<"
    case unionTilde = "&~"
    case plus = "+"
    case minus = "-"
    case times = "*"
    case divide = "/"
    case remainder = "%"
    case power = "^"

    /// By length, the longest first: the lexer takes the first that fits.
    static let longestFirst: [(symbol: Symbol, bytes: [UInt8])] = allCases
        .map { ($0, Array($0.rawValue.utf8)) }
        .sorted { $0.1.count > $1.1.count }

    var comparison: ComparisonOperator? { ComparisonOperator(rawValue: rawValue) }
    var arithmetic: ArithmeticOperator? { ArithmeticOperator(rawValue: rawValue) }
    var spansetOperator: SpansetOperator? { Self.spansetOperators[rawValue] }

    private static let spansetOperators: [String: SpansetOperator] = Dictionary(
        uniqueKeysWithValues: SpansetOperator.allCases.map { ($0.symbol, $0) })

    /// How tightly it binds its operands; nil if it stands between none. `&&` and `||` bind equally tightly.
    var precedence: Precedence? {
        switch self {
        case .and, .or: .logical
        case .plus, .minus: .sum
        case .times, .divide, .remainder: .product
        case .power: .power
        case .braceOpen, .braceClose, .parenthesisOpen, .parenthesisClose, .comma, .pipe, .not: nil
        default: .comparison
        }
    }
}

/// Levels of operators, the loosest first; operators of one level bind to the left, but for `^`.
enum Precedence: Int, Comparable {
    case logical, comparison, sum
    /// `!` takes products, and `-` too, but no sums.
    case prefix
    case product, power, none

    static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }

    /// The next tighter one.
    var tighter: Self { Self(rawValue: rawValue + 1) ?? .none }
}
