// SPDX-License-Identifier: Apache-2.0

/// An expression and how deep its tree is.
struct SizedField {
    var expression: FieldExpression
    var height: Int
}

extension Parser {
    /// An expression over the fields of one span.
    mutating func field() throws(Misfit) -> FieldExpression { try field(.logical).expression }

    /// Operands and the operators between them that bind at least so tightly.
    private mutating func field(_ minimum: Precedence) throws(Misfit) -> SizedField {
        var left = try fieldOperand()
        while case .symbol(let symbol) = token.content, let precedence = symbol.precedence, precedence >= minimum {
            if precedence == .logical {
                left = try chain(from: left, symbol)
                continue
            }
            if symbol.arithmetic != nil {
                left = try arithmetic(from: left, precedence)
                continue
            }
            let offset = token.offset
            guard let comparison = symbol.comparison else { throw structuralInFilter(symbol) }
            try advance()
            try checkKeyword(after: left.expression)
            let right = try nested { (parser) throws(Misfit) in try parser.field(precedence.tighter) }
            let form = FieldExpression.Form.comparison(comparison, left.expression, right.expression)
            let height = try height(left.height, right.height, at: offset)
            left = SizedField(expression: FieldExpression(form, offset: offset), height: height)
        }
        return left
    }

    /// All arithmetic behind an operand that binds equally, as one expression; of `^` one step.
    private mutating func arithmetic(from left: SizedField, _ precedence: Precedence) throws(Misfit) -> SizedField {
        let start = token.offset
        let known = left.expression.arithmetic(precedence: precedence)
        var (first, steps) = known ?? (left.expression, [])
        var highest = known == nil ? left.height : left.height - 1
        while case .symbol(let symbol) = token.content, symbol.precedence == precedence,
            let `operator` = symbol.arithmetic
        {
            let offset = token.offset
            try advance()
            if steps.isEmpty { try checkKeyword(after: first) }
            let minimum = precedence == .power ? precedence : precedence.tighter
            let right = try nested { (parser) throws(Misfit) in try parser.field(minimum) }
            steps.append(OperatorStep(`operator`, right.expression, offset: offset))
            try checkOperandCount(steps.count + 1, at: offset)
            highest = max(highest, right.height)
        }
        return SizedField(
            expression: FieldExpression(.arithmetic(first, steps), offset: start),
            height: try height(highest, 0, at: start))
    }

    /// All operands of one `&&` or `||` as one expression.
    private mutating func chain(from left: SizedField, _ symbol: Symbol) throws(Misfit) -> SizedField {
        let offset = token.offset
        var (operands, highest) = ([left.expression], left.height)
        switch left.expression.form {
        case .all(let inner) where symbol == .and: (operands, highest) = (inner, left.height - 1)
        case .any(let inner) where symbol == .or: (operands, highest) = (inner, left.height - 1)
        default: break
        }
        while token.isSymbol(symbol) {
            try advance()
            let right = try field(Precedence.logical.tighter)
            operands.append(right.expression)
            highest = max(highest, right.height)
        }
        let expression = FieldExpression(symbol == .and ? .all(operands) : .any(operands), offset: offset)
        return SizedField(expression: expression, height: try height(highest, 0, at: offset))
    }

    private mutating func fieldOperand() throws(Misfit) -> SizedField {
        let offset = token.offset
        if let literal = try literal() {
            return SizedField(expression: FieldExpression(.literal(literal), offset: offset), height: 1)
        }
        switch token.content {
        case .symbol(.parenthesisOpen): return try parenthesizedField()
        case .symbol(.minus), .symbol(.not): return try prefixedField()
        case .field(let field): return try leaf(field)
        case .word(let word):
            guard let intrinsic = Intrinsic.plainNames[word] else { throw unknownName(word) }
            return try leaf(.intrinsic(IntrinsicReference(intrinsic, isScoped: false)))
        default:
            throw unexpected("a value, an attribute or an intrinsic", suggestion: operandMeant)
        }
    }

    private mutating func leaf(_ field: SpanField) throws(Misfit) -> SizedField {
        let expression = FieldExpression(.field(field), offset: token.offset)
        try advance()
        return SizedField(expression: expression, height: 1)
    }

    private mutating func parenthesizedField() throws(Misfit) -> SizedField {
        try advance()
        let inner = try nested { (parser) throws(Misfit) in try parser.field(.logical) }
        try expect(.parenthesisClose, as: "an operator or `)`", suggestion: operatorMeant)
        return inner
    }

    /// `!a` and `-a`; a minus before a number is part of it.
    private mutating func prefixedField() throws(Misfit) -> SizedField {
        let offset = token.offset
        let isMinus = token.isSymbol(.minus)
        try advance()
        let operand = try nested { (parser) throws(Misfit) in try parser.field(isMinus ? .prefix : .product) }
        if isMinus, let literal = operand.expression.literal, literal.negated != .absent {
            return SizedField(expression: FieldExpression(.literal(literal.negated), offset: offset), height: 1)
        }
        let form: FieldExpression.Form = isMinus ? .minus(operand.expression) : .not(operand.expression)
        let height = try height(operand.height, 0, at: offset)
        return SizedField(expression: FieldExpression(form, offset: offset), height: height)
    }

    // MARK: What goes wrong

    private func unknownName(_ word: String) -> Misfit {
        if Keywords.aggregates.contains(word) || Keywords.metrics.contains(word) {
            return Misfit(
                .syntax, at: token.offset, "`\(word)` is a function of spansets and can't stand in a filter",
                suggestion: "put it behind the filter: `{ … } | \(word)(…)`")
        }
        let near = nearestWord(to: word, among: Keywords.fieldWords).map { "did you mean `\($0)`?" }
        return Misfit(
            .syntax, at: token.offset, "`\(word.prefix(40))` is no intrinsic and no keyword",
            suggestion: Keywords.nameMeant(by: word) ?? (word == "not" ? Keywords.operatorMeant(by: word) : near)
                ?? "attributes begin with a scope or a dot: `span.\(word.prefix(40))`, `.\(word.prefix(40))`")
    }

    /// Where a status or a kind is compared: that the word that follows is one, if it is nothing else.
    private func checkKeyword(after left: FieldExpression) throws(Misfit) {
        guard case .word(let word) = token.content, Keywords.literals[word] == nil, Intrinsic.plainNames[word] == nil
        else { return }
        let words: [String]
        switch left.field?.type {
        case .status: words = StatusKeyword.allCases.map(\.name)
        case .kind: words = KindKeyword.allCases.map(\.name)
        default: return
        }
        let near = nearestWord(to: word, among: words).map { "did you mean `\($0)`?" }
        throw unexpected("one of " + words.map { "`\($0)`" }.joined(separator: ", "), suggestion: near)
    }

    private func structuralInFilter(_ symbol: Symbol) -> Misfit {
        Misfit(
            .syntax, at: token.offset, "`\(symbol.rawValue)` stands between spansets and not inside of a filter",
            suggestion: symbol == .tilde
                ? "did you mean `=~`?" : "close the filter first: `{ … } \(symbol.rawValue) { … }`")
    }

    /// What a word means that stands where an operator should.
    var operatorMeant: String? {
        if case .word(let word) = token.content { return Keywords.operatorMeant(by: word) }
        return nil
    }

    private var operandMeant: String? {
        switch token.content {
        case .symbol(.braceOpen): "filters don't stand in each other: `{ … } && { … }`"
        case .symbol(.equal), .symbol(.matches): "an attribute stands before the operator: `.name = …`"
        default: nil
        }
    }
}
