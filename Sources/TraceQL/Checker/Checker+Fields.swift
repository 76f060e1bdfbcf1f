// SPDX-License-Identifier: Apache-2.0

internal import RegularExpressions

extension Checker {
    /// What is known of an expression's value.
    mutating func type(of expression: FieldExpression) throws(Misfit) -> ValueType {
        switch expression.form {
        case .literal(let value): return value.type
        case .field(let field): return try type(of: field, at: expression.offset)
        case .not(let operand):
            try checkBoolean(operand, "!", at: expression.offset)
            return .boolean
        case .minus(let operand): return try number(try type(of: operand), "-", at: expression.offset)
        case .all(let operands):
            for operand in operands { try checkBoolean(operand, "&&", at: expression.offset) }
            return .boolean
        case .any(let operands):
            for operand in operands { try checkBoolean(operand, "||", at: expression.offset) }
            return .boolean
        case .comparison(let comparison, let left, let right):
            try check(comparison, left, right, at: expression.offset)
            return .boolean
        case .arithmetic(let first, let steps):
            var type = try type(of: first)
            for step in steps {
                let symbol = step.operator.rawValue
                type = step.operator.resultType(
                    try number(type, symbol, at: step.offset),
                    try number(try self.type(of: step.operand), symbol, at: step.offset))
            }
            return type
        }
    }

    private func type(of field: SpanField, at offset: Int) throws(Misfit) -> ValueType {
        switch field {
        case .attribute(let reference) where reference.isOfParent:
            throw Misfit(
                .unsupported, at: offset, "attributes of the parent span are not supported",
                suggestion: "use a structural operator: `{ … } > { … }`")
        case .intrinsic(let reference) where reference.intrinsic == .parent:
            throw Misfit(
                .unsupported, at: offset, "`parent` is not supported",
                suggestion: "root spans are found by `nestedSetParent < 0`")
        default: return field.type
        }
    }

    private mutating func checkBoolean(_ operand: FieldExpression, _ symbol: String, at offset: Int) throws(Misfit) {
        let type = try type(of: operand)
        guard type != .boolean, type != .unknown || operand.isArithmetic else { return }
        let what = type == .unknown ? "a number" : type.name
        throw Misfit(
            .type, at: operand.offset, "`\(symbol)` takes conditions, and `\(operand.shortText)` is \(what)",
            suggestion: symbol == "!" ? "did you forget parentheses: `!(…)`?" : "compare it: `\(operand.shortText) = …`")
    }

    private mutating func check(
        _ comparison: ComparisonOperator, _ left: FieldExpression, _ right: FieldExpression, at offset: Int
    ) throws(Misfit) {
        let leftType = try type(of: left)
        let rightType = try type(of: right)
        if comparison.isRegularExpression {
            return try checkPattern(comparison, leftType, right, rightType, at: offset)
        }
        if leftType == .absent || rightType == .absent {
            return try checkNil(comparison, left, leftType, right, rightType, at: offset)
        }
        for type in [leftType, rightType] where !comparison.takes(type) {
            throw Misfit(
                .type, at: offset, "`\(comparison.rawValue)` can't compare \(type.name), which has no order",
                suggestion: "use `=` or `!=`")
        }
        guard leftType == .unknown || rightType == .unknown || leftType == rightType
            || leftType.isNumeric && rightType.isNumeric
        else {
            throw Misfit(
                .type, at: offset, "\(leftType.name) can't be compared with \(rightType.name): it would never hold",
                suggestion: meant(left, leftType, right) ?? meant(right, rightType, left))
        }
    }

    /// The value that was probably meant where a literal has the wrong type.
    private func meant(_ field: FieldExpression, _ type: ValueType, _ other: FieldExpression) -> String? {
        guard let literal = other.literal else { return nil }
        switch (type, literal) {
        case (.status, .string(let text)) where StatusKeyword.allCases.contains { $0.name == text.lowercased() },
            (.kind, .string(let text)) where KindKeyword.allCases.contains { $0.name == text.lowercased() }:
            return "leave out the quotes: `\(text.lowercased())`"
        case (.status, _): return "statuses are `error`, `ok` and `unset`"
        case (.kind, _): return "kinds are " + KindKeyword.allCases.map { "`\($0.name)`" }.joined(separator: ", ")
        case (.duration, .string): return "durations have units and no quotes: `100ms`, `1.5s`"
        case (.string, .int), (.string, .float): return "put it in quotes: `\"\(literal)\"`"
        default: return nil
        }
    }

    private func checkNil(
        _ comparison: ComparisonOperator, _ left: FieldExpression, _ leftType: ValueType, _ right: FieldExpression,
        _ rightType: ValueType, at offset: Int
    ) throws(Misfit) {
        guard comparison == .equal || comparison == .notEqual else {
            throw Misfit(
                .type, at: offset, "`\(comparison.rawValue)` can't compare with nil", suggestion: "use `=` or `!=`")
        }
        let (other, type) = leftType == .absent ? (right, rightType) : (left, leftType)
        guard type != .absent else {
            throw Misfit(
                .type, at: offset, "nil can't be compared with nil: on one side stands an attribute",
                suggestion: "such as `.a = nil`")
        }
        guard type == .unknown, other.field != nil else {
            throw Misfit(
                .type, at: offset, "only attributes can be compared with nil, and `\(other.shortText)` is \(type.name)",
                suggestion: "an intrinsic is always there")
        }
    }

    private mutating func checkPattern(
        _ comparison: ComparisonOperator, _ leftType: ValueType, _ right: FieldExpression, _ rightType: ValueType,
        at offset: Int
    ) throws(Misfit) {
        guard leftType == .string || leftType == .unknown else {
            throw Misfit(.type, at: offset, "`\(comparison.rawValue)` takes strings, not \(leftType.name)")
        }
        guard case .string(let pattern)? = right.literal else {
            let what = right.literal == nil ? "an expression" : rightType.name
            throw Misfit(
                .type, at: right.offset,
                "on the right of `\(comparison.rawValue)` stands a regular expression, not \(what)",
                suggestion: "write it in quotes: `\(comparison.rawValue) \"…\"`")
        }
        try compile(pattern, at: right.offset)
    }

    private mutating func compile(_ pattern: String, at offset: Int) throws(Misfit) {
        guard regularExpressions[pattern] == nil else { return }
        guard regularExpressions.count < TraceQLLimits.maximumRegularExpressions else {
            throw Misfit(
                .tooLarge, at: offset,
                "the query has more than \(TraceQLLimits.maximumRegularExpressions) regular expressions",
                suggestion: "join them: `a|b|c`")
        }
        do throws(RegularExpressionError) {
            regularExpressions[pattern] = try RegularExpression(
                pattern, memoryLimit: TraceQLLimits.regularExpressionByteCount)
        } catch {
            throw Misfit(
                .type, at: offset, "the regular expression is wrong: \(error.message)",
                suggestion: "the syntax is RE2's; in double quotes a backslash is written twice, in backticks once")
        }
    }
}

extension ComparisonOperator {
    /// Whether values of the type can be compared so.
    fileprivate func takes(_ type: ValueType) -> Bool {
        switch type {
        case .boolean, .status, .kind, .absent: self == .equal || self == .notEqual
        case .int, .float, .duration, .string, .unknown: true
        }
    }
}

extension ArithmeticOperator {
    /// The type of the result, as far as it is known.
    func resultType(_ left: ValueType, _ right: ValueType) -> ValueType {
        if left == .unknown || right == .unknown { return .unknown }
        if self == .power { return .float }
        if left == .int, right == .int { return .int }
        guard left == .duration || right == .duration else { return .float }
        return self == .divide && right == .duration ? .float : .duration
    }
}
