// SPDX-License-Identifier: Apache-2.0

extension Parser {
    /// Stages with `|` between them, and what they give together.
    mutating func pipeline() throws(Misfit) -> Operand { try sizedPipeline().operand }

    private mutating func sizedPipeline() throws(Misfit) -> SizedOperand {
        var stages: [PipelineStage] = []
        var height = 1
        while true {
            let offset = token.offset
            if let stage = try wordStage(isFirst: stages.isEmpty) {
                stages.append(stage)
            } else if let function = try metricsFunction() {
                let metrics = try metrics(of: stages, function, at: offset)
                return SizedOperand(operand: try secondStages(of: metrics), height: height + 1)
            } else {
                let sized = try expression(.logical)
                height = max(height, sized.height + 1)
                if let last = try lastStage(sized.operand, after: stages, at: offset) {
                    return SizedOperand(operand: last, height: height)
                }
                if let stage = sized.operand.asStage(at: offset) { stages.append(stage) }
            }
            guard try skip(.pipe) else { return SizedOperand(operand: operand(of: stages), height: height) }
        }
    }

    private func operand(of stages: [PipelineStage]) -> Operand {
        if stages.count == 1, case .spansets(let expression) = stages[0] {
            if case .pipeline(let pipeline) = expression.form { return .pipeline(pipeline) }
            return .spansets(expression)
        }
        return .pipeline(Pipeline(stages))
    }

    /// What is no stage and so ends the pipeline: a number, or series. Nil for a stage.
    private mutating func lastStage(
        _ operand: Operand, after stages: [PipelineStage], at offset: Int
    ) throws(Misfit) -> Operand? {
        switch operand {
        case .spansets, .pipeline, .scalarFilter: return nil
        case .metrics(let expression):
            guard stages.isEmpty else {
                throw Misfit(.syntax, at: offset, "metrics in parentheses can't follow other stages")
            }
            return try secondStages(of: expression)
        case .scalar(let expression):
            guard !token.isSymbol(.pipe) else { throw lacksComparison(expression) }
            guard !stages.isEmpty else { return operand }
            return .scalar(ScalarExpression(.pipeline(Pipeline(stages), expression), offset: offset))
        }
    }

    func lacksComparison(_ expression: ScalarExpression) -> Misfit {
        if case .pipeline(_, let last) = expression.form { return lacksComparison(last) }
        if case .literal = expression.form {
            return Misfit(
                .syntax, at: expression.offset, "a value alone selects nothing",
                suggestion: "conditions stand in braces: `{ … }`")
        }
        return Misfit(
            .syntax, at: expression.offset, "the aggregate is not compared with anything",
            suggestion: "compare it with a number: `count() > 2`, `avg(duration) > 1s`")
    }

    // MARK: Stages that begin with a word

    private mutating func wordStage(isFirst: Bool) throws(Misfit) -> PipelineStage? {
        guard case .word(let word) = token.content else { return nil }
        switch word {
        case "by":
            try advance()
            try expect(.parenthesisOpen, as: "`(` after `by`")
            if token.isSymbol(.parenthesisClose) { throw unexpected("what to group by") }
            let expression = try nested { (parser) throws(Misfit) in try parser.field() }
            try expect(
                .parenthesisClose, as: "an operator or `)`",
                suggestion: token.isSymbol(.comma) ? "group twice: `by(a) | by(b)`" : operatorMeant)
            return .by(expression)
        case "coalesce":
            try advance()
            try expect(.parenthesisOpen, as: "`(` after `coalesce`")
            try expect(.parenthesisClose, as: "`)`: `coalesce` takes nothing")
            return .coalesce
        case "select":
            try advance()
            return .select(try fieldList(of: "select"))
        default:
            return nil
        }
    }

    /// Fields in parentheses, at least one.
    mutating func fieldList(of function: String) throws(Misfit) -> [FieldExpression] {
        try expect(.parenthesisOpen, as: "`(` after `\(function)`")
        if token.isSymbol(.parenthesisClose) { throw unexpected("an attribute or an intrinsic") }
        var fields: [FieldExpression] = []
        repeat {
            let expression = try nested { (parser) throws(Misfit) in try parser.field() }
            guard expression.field != nil else {
                throw Misfit(.type, at: expression.offset, "`\(function)` takes attributes and intrinsics only")
            }
            fields.append(expression)
        } while try skip(.comma)
        try expect(.parenthesisClose, as: "`,` or `)`", suggestion: operatorMeant)
        return fields
    }

    // MARK: Expressions

    /// Operands and the operators between them that bind at least so tightly.
    private mutating func expression(_ minimum: Precedence) throws(Misfit) -> SizedOperand {
        var leftOffset = token.offset
        var left = try operand()
        while case .symbol(let symbol) = token.content, let precedence = symbol.precedence, precedence >= minimum {
            let offset = token.offset
            if symbol.spansetOperator != nil, let spansets = left.operand.asSpansets(at: leftOffset) {
                left = try chain(from: spansets, height: left.height, precedence, at: leftOffset)
                leftOffset = offset
                continue
            }
            try advance()
            let rightOffset = token.offset
            let rightMinimum = precedence == .power ? .power : precedence.tighter
            let right = try nested { (parser) throws(Misfit) in try parser.expression(rightMinimum) }
            let sides = Sides(
                symbol: symbol, offset: offset, left: left.operand, leftOffset: leftOffset, right: right.operand,
                rightOffset: rightOffset)
            left = SizedOperand(
                operand: try sides.combined(), height: try height(left.height, right.height, at: offset))
            leftOffset = offset
        }
        return left
    }

    /// Spansets and all operators behind them that bind equally, as one expression.
    private mutating func chain(
        from left: SpansetExpression, height: Int, _ precedence: Precedence, at leftOffset: Int
    ) throws(Misfit) -> SizedOperand {
        let start = token.offset
        let known = left.chain(precedence: precedence)
        var (first, steps) = known ?? (left, [])
        var highest = known == nil ? height : height - 1 - SpansetExpression.marks(steps).count
        while case .symbol(let symbol) = token.content, symbol.precedence == precedence,
            let `operator` = symbol.spansetOperator
        {
            let offset = token.offset
            try advance()
            let rightOffset = token.offset
            let right = try nested { (parser) throws(Misfit) in try parser.expression(precedence.tighter) }
            guard let spansets = right.operand.asSpansets(at: rightOffset) else {
                let sides = Sides(
                    symbol: symbol, offset: offset, left: .spansets(first), leftOffset: leftOffset,
                    right: right.operand, rightOffset: rightOffset)
                throw sides.doesNotFit()
            }
            steps.append(OperatorStep(`operator`, spansets, offset: offset))
            try checkOperandCount(steps.count + 1, at: offset)
            highest = max(highest, right.height)
        }
        return SizedOperand(
            operand: .spansets(SpansetExpression(.chain(first, steps), offset: start)),
            // So that what it prints as is no deeper.
            height: try self.height(highest + SpansetExpression.marks(steps).count, 0, at: start))
    }

    private mutating func operand() throws(Misfit) -> SizedOperand {
        let offset = token.offset
        switch token.content {
        case .symbol(.braceOpen):
            let filter = try filter()
            return SizedOperand(operand: .spansets(SpansetExpression(.filter(filter), offset: offset)), height: 1)
        case .symbol(.parenthesisOpen):
            try advance()
            let inner = try nested { (parser) throws(Misfit) in try parser.sizedPipeline() }
            try expect(.parenthesisClose, as: "an operator, `|` or `)`", suggestion: operatorMeant)
            if case .scalarFilter(let filter) = inner.operand {
                return SizedOperand(operand: .pipeline(Pipeline([.scalarFilter(filter)])), height: inner.height)
            }
            return inner
        case .symbol(.minus):
            try advance()
            return try negative(at: offset)
        default:
            return try aggregateOrNumber(at: offset)
        }
    }

    /// `{ … }`; nil for `{ }`.
    mutating func filter() throws(Misfit) -> FieldExpression? {
        try expect(.braceOpen, as: "`{`")
        if try skip(.braceClose) { return nil }
        let expression = try field()
        try expect(.braceClose, as: "an operator or `}`", suggestion: operatorMeant)
        return expression
    }

    private mutating func negative(at offset: Int) throws(Misfit) -> SizedOperand {
        let sized = try nested { (parser) throws(Misfit) in try parser.expression(.prefix) }
        guard case .scalar(let expression) = sized.operand else {
            throw Misfit(.type, at: offset, "`-` takes a number, not \(sized.operand.name)")
        }
        if case .literal(let value) = expression.form, value.negated != .absent {
            return SizedOperand(operand: .scalar(ScalarExpression(.literal(value.negated), offset: offset)), height: 1)
        }
        let height = try height(sized.height, 0, at: offset)
        return SizedOperand(operand: .scalar(ScalarExpression(.minus(expression), offset: offset)), height: height)
    }

    private mutating func aggregateOrNumber(at offset: Int) throws(Misfit) -> SizedOperand {
        if case .word(let word) = token.content, let function = AggregateFunction(rawValue: word) {
            try advance()
            let form = ScalarExpression.Form.aggregate(function, try argument(of: function))
            return SizedOperand(operand: .scalar(ScalarExpression(form, offset: offset)), height: 2)
        }
        guard let value = try literal() else { throw notAStage() }
        return SizedOperand(operand: .scalar(ScalarExpression(.literal(value), offset: offset)), height: 1)
    }

    private mutating func argument(of function: AggregateFunction) throws(Misfit) -> FieldExpression? {
        try expect(.parenthesisOpen, as: "`(` after `\(function.rawValue)`")
        guard function != .count else {
            try expect(.parenthesisClose, as: "`)`: `count` takes nothing")
            return nil
        }
        if token.isSymbol(.parenthesisClose) {
            throw unexpected("what to aggregate", suggestion: "such as `\(function.rawValue)(duration)`")
        }
        let argument = try nested { (parser) throws(Misfit) in try parser.field() }
        try expect(.parenthesisClose, as: "an operator or `)`", suggestion: operatorMeant)
        return argument
    }

    private func notAStage() -> Misfit {
        switch token.content {
        case .word(let word):
            let near = nearestWord(to: word, among: Keywords.stages).map { "did you mean `\($0)(…)`?" }
            let isField = Intrinsic.plainNames[word] != nil
            return Misfit(
                .syntax, at: token.offset, "`\(word.prefix(40))` is no function",
                suggestion: isField
                    ? "conditions stand in braces: `{ \(word) = … }`" : Keywords.operatorMeant(by: word) ?? near)
        case .field:
            return unexpected(
                "a filter, an aggregate or a number", suggestion: "conditions stand in braces: `{ … = … }`")
        default:
            return unexpected("a filter in braces, or a function")
        }
    }
}
