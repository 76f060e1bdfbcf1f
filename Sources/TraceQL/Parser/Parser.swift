// SPDX-License-Identifier: Apache-2.0

/// Makes a syntax tree of a query's text: one function a rule of the grammar.
///
///     query      = pipeline [ "with" "(" hint { "," hint } ")" ]
///     pipeline   = stage { "|" stage }
///     stage      = "by" "(" field ")" | "coalesce" "(" ")" | "select" "(" field { "," field } ")"
///                | metrics [ "by" "(" field { "," field } ")" ] { comparison number }
///                | ( "topk" | "bottomk" ) "(" integer ")" | expression
///     expression = operands of `&& ||`, of comparisons and structure, of `+ -`, of `* / %`, of `^`
///     operand    = "{" [ field ] "}" | "(" pipeline ")" | aggregate "(" [ field ] ")" | [ "-" ] number
///     field      = the same operators between literals, names, "(" field ")", "!" field and "-" field
///
/// What an operator between pipelines means follows from what stands beside it: `>` is a child between spansets, a
/// comparison between numbers, and a filter of series behind metrics.
struct Parser {
    var lexer: Lexer
    var token: Token
    /// Parentheses and prefix operators that are open now.
    private var nesting = 0
    /// Filters and rankings of series so far.
    var secondStageCount = 0

    init(_ text: [UInt8], from offset: Int = 0) throws(Misfit) {
        lexer = Lexer(text, from: offset)
        token = try lexer.next()
    }

    /// The whole text as a query.
    mutating func query() throws(Misfit) -> TraceQuery {
        let start = token.offset
        let body = try body(of: try pipeline(), at: start)
        let hints = try hints()
        guard token.content == .end else { throw afterTheEnd() }
        return TraceQuery(body, hints: hints)
    }

    private func body(of operand: Operand, at start: Int) throws(Misfit) -> TraceQuery.Body {
        switch operand {
        case .spansets(let expression): return .search(Pipeline([.spansets(expression)]))
        case .pipeline(let pipeline): return .search(pipeline)
        case .scalarFilter(let filter): return .search(Pipeline([.scalarFilter(filter)]))
        case .metrics(let expression):
            guard case .number = expression.form else { return .metrics(expression) }
            throw Misfit(.type, at: start, "a number is no query")
        case .scalar(let expression): throw lacksComparison(expression)
        }
    }

    private mutating func hints() throws(Misfit) -> [Hint] {
        guard token.content == .word("with") else { return [] }
        try advance()
        try expect(.parenthesisOpen, as: "`(` after `with`")
        var hints = [try hint()]
        while !token.isSymbol(.parenthesisClose) {
            try expect(.comma, as: "`,` or `)` after a hint")
            hints.append(try hint())
        }
        try advance()
        return hints
    }

    private mutating func hint() throws(Misfit) -> Hint {
        let offset = token.offset
        guard case .word(let name) = token.content else { throw unexpected("a hint, such as `most_recent=true`") }
        try advance()
        try expect(.equal, as: "`=` and a value for the hint `\(name)`")
        let isNegative = try skip(.minus)
        guard let value = try literal() else { throw unexpected("a value for the hint `\(name)`") }
        guard isNegative else { return Hint(name, value, offset: offset) }
        guard value.negated != .absent else { throw Misfit(.syntax, at: offset, "`-` takes a number") }
        return Hint(name, value.negated, offset: offset)
    }

    private func afterTheEnd() -> Misfit {
        let suggestion: String? =
            switch token.content {
            case .symbol(.braceClose), .symbol(.parenthesisClose): "there is nothing open that it closes"
            case .symbol(.braceOpen): "spansets are combined by `&&`, `||`, `>`, `>>` and the like, or by `|`"
            case .word(let word): Keywords.operatorMeant(by: word)
            case .symbol(let symbol) where symbol.arithmetic != nil:
                "metrics to compute with stand in parentheses: `({ … } | rate()) \(symbol.rawValue) …`"
            default: nil
            }
        return unexpected("an operator, `|` or the end of the query", suggestion: suggestion)
    }

    // MARK: Tokens

    mutating func advance() throws(Misfit) { token = try lexer.next() }

    /// Whether the symbol was there, and is behind now.
    mutating func skip(_ symbol: Symbol) throws(Misfit) -> Bool {
        guard token.isSymbol(symbol) else { return false }
        try advance()
        return true
    }

    mutating func expect(_ symbol: Symbol, as words: String, suggestion: String? = nil) throws(Misfit) {
        guard try skip(symbol) else { throw unexpected(words, suggestion: suggestion) }
    }

    /// A literal, and behind it; nil, and nothing done, if there is none.
    mutating func literal() throws(Misfit) -> StaticValue? {
        let value: StaticValue
        switch token.content {
        case .literal(let literal): value = literal
        case .word(let word):
            guard let keyword = Keywords.literals[word] else { return nil }
            value = keyword
        default: return nil
        }
        try advance()
        return value
    }

    /// "expected …, found …" at the token.
    func unexpected(_ words: String, suggestion: String? = nil) -> Misfit {
        Misfit(.syntax, at: token.offset, "expected \(words), found \(found)", suggestion: suggestion)
    }

    /// The token as messages name it.
    var found: String {
        token.content == .end ? "the end of the query" : lexer.quoted(from: token.offset, to: token.endOffset)
    }

    // MARK: Depth

    /// Does something one level deeper.
    mutating func nested<Value>(
        _ body: (inout Parser) throws(Misfit) -> Value
    ) throws(Misfit) -> Value {
        nesting += 1
        defer { nesting -= 1 }
        guard nesting <= TraceQLLimits.maximumDepth else { throw tooDeep(at: token.offset) }
        return try body(&self)
    }

    /// One more than the higher of two trees.
    func height(_ left: Int, _ right: Int, at offset: Int) throws(Misfit) -> Int {
        let height = max(left, right) + 1
        guard height <= TraceQLLimits.maximumDepth else { throw tooDeep(at: offset) }
        return height
    }

    /// - Parameter count: Operands of a chain.
    func checkOperandCount(_ count: Int, at offset: Int) throws(Misfit) {
        guard count > TraceQLLimits.maximumOperandCount else { return }
        throw Misfit(
            .tooLarge, at: offset, "a chain has more than \(TraceQLLimits.maximumOperandCount) operands",
            suggestion: "put alternatives into one filter, `{ … || … }`, or into a pattern, `{ .a =~ \"x|y\" }`")
    }

    private func tooDeep(at offset: Int) -> Misfit {
        Misfit(
            .tooLarge, at: offset, "the query is nested more than \(TraceQLLimits.maximumDepth) levels deep",
            suggestion: "leave out parentheses, or use fewer operators of different kinds")
    }
}
