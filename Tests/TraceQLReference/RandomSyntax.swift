// SPDX-License-Identifier: Apache-2.0

package import TraceQL

/// Makes up syntax trees of the whole language, whether they make sense or not: what the printer is held against.
///
/// Trees are as the parser makes them: a minus before a number is part of the number, and parentheses leave no trace
/// where nothing else does.
package struct RandomSyntax {
    package var random: RandomChoices

    package init(seed: UInt64) { random = RandomChoices(seed: seed) }

    package mutating func query() -> TraceQuery {
        let body: TraceQuery.Body =
            random.once(in: 3) ? .metrics(metrics(depth: 3)) : .search(pipeline(depth: 4, mayBeParenthesized: false))
        let hints = random.once(in: 3) ? random.several(1...3) { Hint($0.pick(Self.words), Self.literal(&$0)) } : []
        return TraceQuery(body, hints: hints)
    }

    private static let words = ["most_recent", "sample", "exemplars", "x", "by", "count", "true_", "_1"]

    // MARK: Fields

    package mutating func field(depth: Int) -> FieldExpression {
        guard depth > 0, !random.once(in: 4) else { return random.once(in: 2) ? FieldExpression(.literal(literal())) : leaf() }
        switch random.below(6) {
        case 0: return FieldExpression(.not(field(depth: depth - 1)))
        case 1:
            let operand = field(depth: depth - 1)
            return operand.literal?.number == nil ? FieldExpression(.minus(operand)) : operand
        case 2: return chain(depth: depth, isAll: true)
        case 3: return chain(depth: depth, isAll: false)
        case 4:
            let comparison = random.pick(ComparisonOperator.allCases)
            return FieldExpression(.comparison(comparison, field(depth: depth - 1), field(depth: depth - 1)))
        default:
            let arithmetic = random.pick(ArithmeticOperator.allCases)
            var expression = FieldExpression(field(depth: depth - 1), arithmetic, field(depth: depth - 1))
            for _ in 0..<(random.once(in: 20) ? random.below(400) : 0) {
                expression = FieldExpression(expression, random.pick([.plus, .minus]), leaf())
            }
            return expression
        }
    }

    private mutating func chain(depth: Int, isAll: Bool) -> FieldExpression {
        var operands = (0..<2 + random.below(3)).map { _ in field(depth: depth - 1) }
        switch (operands[0].form, isAll) {
        case (.all, true), (.any, false): operands[0] = leaf()
        default: break
        }
        return FieldExpression(isAll ? .all(operands) : .any(operands))
    }

    private mutating func leaf() -> FieldExpression {
        if random.once(in: 3) {
            let intrinsic = random.pick(Intrinsic.allCases)
            let isScoped = intrinsic.plainName == nil || intrinsic.scopedName != nil && random.once(in: 2)
            return FieldExpression(.field(.intrinsic(IntrinsicReference(intrinsic, isScoped: isScoped))))
        }
        let scope = random.pick(AttributeScope.allCases)
        let name = random.once(in: 2) ? random.pick(Self.names) : nonEmptyText()
        return FieldExpression(.field(.attribute(AttributeReference(scope, name, isOfParent: random.once(in: 8)))))
    }

    private static let names = ["a", "http.status_code", "k8s-pod/name", "span.x", "5", "5s", "-", "a b", "\"", "naïve", "nil"]

    private mutating func nonEmptyText() -> String {
        let text = Self.text(&random)
        return text.isEmpty ? "x" : text
    }

    private mutating func literal() -> StaticValue { Self.literal(&random) }

    private static func literal(_ random: inout RandomChoices) -> StaticValue {
        switch random.below(9) {
        case 0: .absent
        case 1: .boolean(random.once(in: 2))
        case 2: .status(random.pick(StatusKeyword.allCases))
        case 3: .kind(random.pick(KindKeyword.allCases))
        case 4, 5: .string(text(&random))
        default: number(&random)
        }
    }

    private static func number(_ random: inout RandomChoices) -> StaticValue {
        let word = Int64(bitPattern: random.next()) >> Int64(random.below(63))
        switch random.below(3) {
        case 0: return .int(random.once(in: 20) ? .min : word)
        case 1: return .duration(max(word, -Int64.max))
        default:
            let float = Double(bitPattern: random.next())
            return .float(float.isFinite && random.once(in: 3) ? float : Double(word % 1_000) / 8)
        }
    }

    private static let characters: [Character] = Array("abcXYZ019 .:-_\"\\`'{}()=~!<>&|^,\n\t\u{7}é→🦉\u{a0}")

    private static func text(_ random: inout RandomChoices) -> String {
        String(random.several(0...6) { $0.pick(characters) })
    }

    // MARK: Spansets

    private mutating func pipeline(depth: Int, mayBeParenthesized: Bool) -> Pipeline {
        var stages = (0..<1 + random.below(3)).map { _ in stage(depth: depth) }
        if stages.count == 1, case .spansets(let expression) = stages[0] {
            if case .pipeline = expression.form, !mayBeParenthesized { stages.append(.coalesce) }
        }
        return Pipeline(stages)
    }

    private mutating func stage(depth: Int) -> PipelineStage {
        switch random.below(8) {
        case 0: .by(field(depth: 2))
        case 1: .coalesce
        case 2: .select((0..<1 + random.below(3)).map { _ in leaf() })
        case 3:
            .scalarFilter(
                ScalarFilter(random.pick(ComparisonOperator.allCases), scalar(depth: depth - 1), scalar(depth: depth - 1)))
        default: .spansets(spansets(depth: depth))
        }
    }

    private mutating func spansets(depth: Int) -> SpansetExpression {
        guard depth > 0, !random.once(in: 3) else {
            return SpansetExpression(.filter(random.once(in: 6) ? nil : field(depth: 3)))
        }
        guard !random.once(in: 4) else {
            var inner = pipeline(depth: depth - 1, mayBeParenthesized: false)
            // A spanset expression alone needs no pipeline around it.
            if inner.stages.count == 1, case .spansets = inner.stages[0] { inner.stages.append(.coalesce) }
            return SpansetExpression(.pipeline(inner))
        }
        let `operator` = spansetOperator()
        var expression = SpansetExpression(spansets(depth: depth - 1), `operator`, spansets(depth: depth - 1))
        // Operators that bind equally: others make a level each.
        let equals: [SpansetOperator] =
            if case .structural = `operator` { (0..<3).map { _ in structuralOperator() } } else { [.and, .or] }
        let others = random.once(in: 2) ? [`operator`] : equals
        for _ in 0..<(random.once(in: 10) ? random.below(400) : random.below(3)) {
            expression = SpansetExpression(expression, random.pick(others), SpansetExpression(.filter(leaf())))
        }
        return expression
    }

    private mutating func structuralOperator() -> SpansetOperator {
        .structural(random.pick(StructuralRelation.allCases), random.pick(StructuralForm.allCases))
    }

    private mutating func spansetOperator() -> SpansetOperator {
        switch random.below(4) {
        case 0: .and
        case 1: .or
        default: structuralOperator()
        }
    }

    private mutating func scalar(depth: Int) -> ScalarExpression {
        guard depth > 0, !random.once(in: 3) else { return scalarLeaf() }
        switch random.below(4) {
        case 0:
            let operand = scalar(depth: depth - 1)
            if case .literal(let value) = operand.form, value.number != nil { return operand }
            return ScalarExpression(.minus(operand))
        case 1:
            return ScalarExpression(
                .pipeline(pipeline(depth: depth - 1, mayBeParenthesized: true), scalar(depth: depth - 1)))
        default:
            let arithmetic = random.pick(ArithmeticOperator.allCases)
            return ScalarExpression(.arithmetic(arithmetic, scalar(depth: depth - 1), scalar(depth: depth - 1)))
        }
    }

    private mutating func scalarLeaf() -> ScalarExpression {
        if random.once(in: 2) { return ScalarExpression(.literal(literal())) }
        let function = random.pick(AggregateFunction.allCases)
        return ScalarExpression(.aggregate(function, function == .count ? nil : field(depth: 2)))
    }

    // MARK: Metrics

    private mutating func metrics(depth: Int) -> MetricsExpression {
        guard depth > 0, !random.once(in: 3) else { return MetricsExpression(.aggregation(aggregation())) }
        guard random.once(in: 2) else {
            return MetricsExpression(.secondStage(metrics(depth: depth - 1), secondStage()))
        }
        let other = random.once(in: 3) ? MetricsExpression(.number(Self.number(&random))) : metrics(depth: depth - 1)
        let sides = random.once(in: 2) ? (metrics(depth: depth - 1), other) : (other, metrics(depth: depth - 1))
        return MetricsExpression(.arithmetic(random.pick(ArithmeticOperator.allCases), sides.0, sides.1))
    }

    private mutating func secondStage() -> MetricsSecondStage {
        switch random.below(3) {
        case 0: .topk(Int64(random.below(100)))
        case 1: .bottomk(Int64(random.below(100)))
        default: .filter(random.pick(ComparisonOperator.allCases), Self.number(&random))
        }
    }

    private mutating func aggregation() -> MetricsAggregation {
        let function = metricsFunction()
        var labels = random.once(in: 2) ? (0..<1 + random.below(3)).map { _ in leaf() } : []
        if case .compare = function { labels = [] }
        return MetricsAggregation(pipeline(depth: 2, mayBeParenthesized: true), function, labels: labels)
    }

    private mutating func metricsFunction() -> MetricsFunction {
        switch random.below(6) {
        case 0: return .rate
        case 1: return .countOverTime
        case 2: return .overTime(random.pick(OverTimeFunction.allCases), field(depth: 2))
        case 3: return .histogramOverTime(field(depth: 2))
        case 4: return .quantileOverTime(field(depth: 2), quantiles: random.several(1...3) { Self.number(&$0) })
        default:
            let limit = random.once(in: 2) ? Int64(random.below(20)) : nil
            let start = limit != nil && random.once(in: 2) ? Int64(random.below(1_000)) : nil
            return .compare(
                .init(
                    selection: random.once(in: 5) ? nil : field(depth: 2), limit: limit, start: start,
                    end: start.map { $0 - 5 }))
        }
    }
}
