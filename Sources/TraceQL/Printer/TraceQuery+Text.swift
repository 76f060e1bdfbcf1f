// SPDX-License-Identifier: Apache-2.0

extension TraceQuery: CustomStringConvertible {
    /// The query as text; parsing it gives an equal one.
    package var description: String {
        let text =
            switch body {
            case .search(let pipeline): pipeline.description
            case .metrics(let expression): expression.description
            }
        guard !hints.isEmpty else { return text }
        return text + " with (" + hints.map { "\($0.name)=\($0.value)" }.joined(separator: ", ") + ")"
    }
}

extension Pipeline: CustomStringConvertible {
    package var description: String { stages.map(\.description).joined(separator: " | ") }
}

extension PipelineStage: CustomStringConvertible {
    package var description: String {
        switch self {
        case .spansets(let expression): expression.description
        case .scalarFilter(let filter): filter.description
        case .by(let expression): "by(\(expression))"
        case .coalesce: "coalesce()"
        case .select(let fields): "select(" + list(fields) + ")"
        }
    }
}

private func list(_ fields: [FieldExpression]) -> String { fields.map(\.description).joined(separator: ", ") }

extension SpansetExpression: CustomStringConvertible {
    package var description: String {
        switch form {
        case .filter(nil): return "{ }"
        case .filter(let condition?): return "{ \(condition) }"
        case .pipeline(let pipeline): return "(\(pipeline))"
        case .chain(let first, let steps): return Self.text(first, steps)
        }
    }

    /// Where the operator of a chain changes parentheses say which comes first, unless it changes often: they are not
    /// needed, and may not be nested too deep.
    ///
    /// - Returns: Before which steps a parenthesis is closed.
    static func marks(_ steps: [OperatorStep<SpansetOperator, Self>]) -> [Int] {
        let changes = steps.indices.dropFirst().filter { steps[$0].operator != steps[$0 - 1].operator }
        return changes.count <= 8 ? changes : []
    }

    private static func text(_ first: Self, _ steps: [OperatorStep<SpansetOperator, Self>]) -> String {
        let marks = marks(steps)
        var text = String(repeating: "(", count: marks.count) + first.operandText
        for (index, step) in steps.enumerated() {
            if marks.contains(index) { text += ")" }
            text += " \(step.operator.symbol) \(step.operand.operandText)"
        }
        return text
    }

    private var operandText: String {
        if case .chain = form { "(\(description))" } else { description }
    }
}

extension ScalarFilter: CustomStringConvertible {
    package var description: String { "\(left.text(in: .sum)) \(comparison.rawValue) \(right.text(in: .sum))" }
}

extension ScalarExpression: CustomStringConvertible {
    package var description: String {
        switch form {
        case .literal(let value): value.description
        case .aggregate(let function, let argument): "\(function.rawValue)(\(argument?.description ?? ""))"
        case .minus(let operand): "-" + operand.text(in: .prefix)
        case .pipeline(let pipeline, let scalar): "(\(pipeline) | \(scalar))"
        case .arithmetic(let arithmetic, let left, let right):
            left.text(in: arithmetic.leftContext) + " \(arithmetic.rawValue) " + right.text(in: arithmetic.rightContext)
        }
    }

    fileprivate func text(in context: Precedence) -> String { precedence < context ? "(\(description))" : description }

    private var precedence: Precedence {
        switch form {
        case .literal(let value): value.isNegative ? .prefix : .none
        case .aggregate, .pipeline: .none
        case .minus: .prefix
        case .arithmetic(let arithmetic, _, _): arithmetic.precedence
        }
    }
}

extension MetricsExpression: CustomStringConvertible {
    package var description: String {
        switch form {
        case .aggregation(let aggregation): aggregation.description
        case .number(let value): value.isNegative ? "(\(value))" : value.description
        case .secondStage(let metrics, .topk(let limit)): "\(metrics) | topk(\(limit))"
        case .secondStage(let metrics, .bottomk(let limit)): "\(metrics) | bottomk(\(limit))"
        case .secondStage(let metrics, .filter(let comparison, let value)):
            "\(metrics) \(comparison.rawValue) \(value)"
        case .arithmetic(let arithmetic, let left, let right):
            left.text(in: arithmetic.leftContext) + " \(arithmetic.rawValue) " + right.text(in: arithmetic.rightContext)
        }
    }

    private func text(in context: Precedence) -> String {
        switch form {
        case .number: description
        case .aggregation, .secondStage: "(\(description))"
        case .arithmetic(let arithmetic, _, _): arithmetic.precedence < context ? "(\(description))" : description
        }
    }
}

extension MetricsAggregation: CustomStringConvertible {
    package var description: String {
        let text = "\(pipeline) | \(function)"
        return labels.isEmpty ? text : text + " by (" + list(labels) + ")"
    }
}

extension MetricsFunction: CustomStringConvertible {
    package var description: String {
        switch self {
        case .rate: "rate()"
        case .countOverTime: "count_over_time()"
        case .overTime(let function, let argument): "\(function.rawValue)(\(argument))"
        case .histogramOverTime(let argument): "histogram_over_time(\(argument))"
        case .quantileOverTime(let argument, let quantiles):
            "quantile_over_time(" + ([argument.description] + quantiles.map(\.description)).joined(separator: ", ") + ")"
        case .compare(let comparison): "compare(\(comparison))"
        }
    }
}

extension MetricsFunction.Comparison: CustomStringConvertible {
    package var description: String {
        let numbers = [limit, start, end].compactMap { $0.map { ", \(StaticValue.int($0))" } }.joined()
        return "{ " + (selection.map { "\($0) " } ?? "") + "}" + numbers
    }
}
