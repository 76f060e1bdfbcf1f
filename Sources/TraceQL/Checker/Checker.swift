// SPDX-License-Identifier: Apache-2.0

internal import RegularExpressions

/// Holds a query's types against what operators and functions take.
struct Checker {
    /// Compiled so far, by pattern.
    var regularExpressions: [String: RegularExpression] = [:]

    mutating func check(_ query: TraceQuery) throws(Misfit) {
        for hint in query.hints { try check(hint) }
        switch query.body {
        case .search(let pipeline): try check(pipeline)
        case .metrics(let expression): try check(expression)
        }
    }

    /// Hints that are unknown say nothing; those that are known have to make sense.
    private func check(_ hint: Hint) throws(Misfit) {
        guard hint.name == "most_recent", hint.value.type != .boolean else { return }
        throw Misfit(.type, at: hint.offset, "the hint `most_recent` is true or false, not \(hint.value)")
    }

    mutating func check(_ pipeline: Pipeline) throws(Misfit) {
        for stage in pipeline.stages {
            switch stage {
            case .spansets(let expression): try check(expression)
            case .scalarFilter(let filter): try check(filter)
            case .by(let expression): try checkReferring(expression, "`by`")
            case .select(let fields): for field in fields { _ = try type(of: field) }
            case .coalesce: break
            }
        }
    }

    private mutating func check(_ expression: SpansetExpression) throws(Misfit) {
        switch expression.form {
        case .filter(let condition): try checkCondition(condition, at: expression.offset)
        case .pipeline(let pipeline): try check(pipeline)
        case .chain(let first, let steps):
            try check(first)
            for step in steps { try check(step.operand) }
        }
    }

    /// The inside of a filter: a condition, or an attribute, which is compared with true.
    mutating func checkCondition(_ condition: FieldExpression?, at offset: Int) throws(Misfit) {
        guard let condition else { return }
        let type = try type(of: condition)
        guard type != .boolean, type != .unknown || condition.isArithmetic else { return }
        let what = type == .unknown ? "a number" : type.name
        throw Misfit(
            .type, at: condition.offset, "a filter takes a condition, and `\(condition.shortText)` is \(what)",
            suggestion: "compare it: `{ \(condition.shortText) = … }`")
    }

    /// What groups and aggregates take has to differ from span to span.
    private mutating func checkReferring(_ expression: FieldExpression, _ function: String) throws(Misfit) {
        _ = try type(of: expression)
        guard expression.refersToSpan else {
            throw Misfit(
                .type, at: expression.offset, "\(function) takes something that spans have, not a constant",
                suggestion: "such as `name` or `resource.service.name`")
        }
    }

    // MARK: Numbers of spansets

    private mutating func check(_ filter: ScalarFilter) throws(Misfit) {
        let left = try type(of: filter.left)
        let right = try type(of: filter.right)
        guard !filter.comparison.isRegularExpression else {
            throw Misfit(
                .type, at: filter.offset, "`\(filter.comparison.rawValue)` takes strings, and an aggregate is a number")
        }
        guard left.mayBeNumeric, right.mayBeNumeric else {
            let other = left.mayBeNumeric ? right : left
            throw Misfit(.type, at: filter.offset, "an aggregate is compared with a number, not with \(other.name)")
        }
        guard case .aggregate = filter.left.form else {
            throw Misfit(
                .unsupported, at: filter.left.offset,
                "only an aggregate alone on the left of a comparison is supported",
                suggestion: "such as `count() > 2`")
        }
        guard filter.right.constant != nil else {
            throw Misfit(
                .unsupported, at: filter.right.offset,
                "comparing an aggregate with anything but a number is not supported",
                suggestion: "such as `avg(duration) > 1s`")
        }
    }

    private mutating func type(of expression: ScalarExpression) throws(Misfit) -> ValueType {
        switch expression.form {
        case .literal(let value): return value.type
        case .aggregate(.count, _): return .int
        case .aggregate(let function, let argument):
            guard let argument else { return .unknown }
            return try type(of: function.rawValue, measuring: argument)
        case .minus(let operand): return try number(try type(of: operand), "-", at: expression.offset)
        case .arithmetic(let arithmetic, let left, let right):
            let left = try number(try type(of: left), arithmetic.rawValue, at: expression.offset)
            let right = try number(try type(of: right), arithmetic.rawValue, at: expression.offset)
            return arithmetic.resultType(left, right)
        case .pipeline(let pipeline, let scalar):
            try check(pipeline)
            return try type(of: scalar)
        }
    }

    /// What a function over numbers gives: the type of its argument.
    mutating func type(of function: String, measuring argument: FieldExpression) throws(Misfit) -> ValueType {
        let type = try type(of: argument)
        guard type.mayBeNumeric else {
            throw Misfit(
                .type, at: argument.offset, "`\(function)` takes a number, and `\(argument.shortText)` is \(type.name)",
                suggestion: "such as `\(function)(duration)`")
        }
        try checkReferring(argument, "`\(function)`")
        return type
    }

    func number(_ type: ValueType, _ symbol: String, at offset: Int) throws(Misfit) -> ValueType {
        guard type.mayBeNumeric else { throw Misfit(.type, at: offset, "`\(symbol)` takes numbers, not \(type.name)") }
        return type
    }
}

extension ScalarExpression {
    /// Its value if there is no aggregate in it.
    package var constant: StaticValue? {
        switch form {
        case .literal(let value): return value
        case .aggregate, .pipeline: return nil
        case .minus(let operand): return operand.constant?.negated
        case .arithmetic(let arithmetic, let left, let right):
            guard let left = left.constant, let right = right.constant else { return nil }
            return arithmetic.apply(left, right)
        }
    }
}

extension FieldExpression {
    var isArithmetic: Bool {
        switch form {
        case .arithmetic, .minus: true
        default: false
        }
    }

    var refersToSpan: Bool { field != nil || operands.contains(where: \.refersToSpan) }

    /// As messages show it between backticks: strings stand in quotes.
    var shortText: String {
        let text = Self.withQuotes(description)
        return text.count <= 40 ? text : text.prefix(39) + "…"
    }

    /// A query's text without strings in backticks, which stand in quotes.
    private static func withQuotes(_ text: String) -> String {
        // Of code points: a combining mark would be one character with the backtick before it.
        var result = String.UnicodeScalarView()
        /// What ends the string that is being read.
        var delimiter: Unicode.Scalar?
        var isEscaped = false
        for character in text.unicodeScalars {
            if delimiter == nil, character == "`" || character == "\"" {
                delimiter = character
                result.append("\"")
            } else if delimiter == character, !isEscaped {
                delimiter = nil
                result.append("\"")
            } else {
                if delimiter == "`", character == "\"" || character == "\\" { result.append("\\") }
                isEscaped = delimiter == "\"" && character == "\\" && !isEscaped
                result.append(character)
            }
        }
        return String(result)
    }
}
