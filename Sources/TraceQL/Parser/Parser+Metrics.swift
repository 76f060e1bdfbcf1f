// SPDX-License-Identifier: Apache-2.0

extension Parser {
    /// A function over time with its arguments; nil, and nothing done, if there is none.
    mutating func metricsFunction() throws(Misfit) -> MetricsFunction? {
        guard case .word(let word) = token.content, Keywords.metrics.contains(word) else { return nil }
        try advance()
        try expect(.parenthesisOpen, as: "`(` after `\(word)`")
        let function: MetricsFunction
        switch word {
        case "rate": function = .rate
        case "count_over_time": function = .countOverTime
        case "quantile_over_time": function = try quantiles()
        case "histogram_over_time": function = .histogramOverTime(try measured(by: word))
        case "compare": function = .compare(try comparison())
        default:
            guard let overTime = OverTimeFunction(rawValue: word) else { return nil }
            function = .overTime(overTime, try measured(by: word))
        }
        try expect(.parenthesisClose, as: "`)` at the end of the arguments of `\(word)`")
        return function
    }

    private mutating func measured(by function: String) throws(Misfit) -> FieldExpression {
        if token.isSymbol(.parenthesisClose) {
            throw unexpected("what to measure", suggestion: "such as `\(function)(duration)`")
        }
        return try nested { (parser) throws(Misfit) in try parser.field() }
    }

    private mutating func quantiles() throws(Misfit) -> MetricsFunction {
        let argument = try measured(by: "quantile_over_time")
        var quantiles: [StaticValue] = []
        while try skip(.comma) {
            quantiles.append(try number("a quantile, a number from 0 to 1"))
        }
        guard !quantiles.isEmpty else {
            throw unexpected("`,` and a quantile", suggestion: "such as `quantile_over_time(duration, .99)`")
        }
        return .quantileOverTime(argument, quantiles: quantiles)
    }

    private mutating func comparison() throws(Misfit) -> MetricsFunction.Comparison {
        guard token.isSymbol(.braceOpen) else {
            throw unexpected("a filter", suggestion: "such as `compare({ status = error })`")
        }
        var comparison = MetricsFunction.Comparison(
            selection: try nested { (parser) throws(Misfit) in try parser.filter() })
        guard try skip(.comma) else { return comparison }
        comparison.limit = try integer("how many values to list")
        guard try skip(.comma) else { return comparison }
        comparison.start = try integer("the start of the selection in Unix nanoseconds")
        try expect(.comma, as: "`,` and the end of the selection")
        comparison.end = try integer("the end of the selection in Unix nanoseconds")
        return comparison
    }

    private mutating func integer(_ words: String) throws(Misfit) -> Int64 {
        let isNegative = try skip(.minus)
        guard case .literal(.int(let value)) = token.content else { throw unexpected(words) }
        try advance()
        return isNegative ? -value : value
    }

    /// The function over what the stages before it select, and `by` behind it.
    mutating func metrics(
        of stages: [PipelineStage], _ function: MetricsFunction, at offset: Int
    ) throws(Misfit) -> MetricsExpression {
        guard !stages.isEmpty else {
            throw Misfit(
                .syntax, at: offset, "metrics need spans to count", suggestion: "begin with a filter: `{ } | …`")
        }
        var aggregation = MetricsAggregation(Pipeline(stages), function)
        if token.content == .word("by") {
            let byOffset = token.offset
            try advance()
            if case .compare = function { throw Misfit(.type, at: byOffset, "`compare` takes no `by`") }
            aggregation.labels = try fieldList(of: "by")
        }
        return MetricsExpression(.aggregation(aggregation), offset: offset)
    }

    /// What follows finished series: comparisons with a number, and `topk` and `bottomk` behind `|`.
    mutating func secondStages(of metrics: MetricsExpression) throws(Misfit) -> Operand {
        var metrics = metrics
        while true {
            let offset = token.offset
            if case .symbol(let symbol) = token.content, let comparison = symbol.comparison {
                try advance()
                metrics = MetricsExpression(.secondStage(metrics, .filter(comparison, try threshold())), offset: offset)
            } else if try skip(.pipe) {
                metrics = MetricsExpression(.secondStage(metrics, try ranking()), offset: offset)
            } else {
                return .metrics(metrics)
            }
            secondStageCount += 1
            guard secondStageCount <= TraceQLLimits.maximumDepth else {
                throw Misfit(.tooLarge, at: offset, "there are more than \(TraceQLLimits.maximumDepth) second stages")
            }
        }
    }

    private mutating func threshold() throws(Misfit) -> StaticValue {
        try number("a number", suggestion: "metrics are compared with numbers: `> 10`, `> 100ms`")
    }

    private mutating func number(_ words: String, suggestion: String? = nil) throws(Misfit) -> StaticValue {
        let isNegative = try skip(.minus)
        let misfit = unexpected(words, suggestion: suggestion)
        guard let value = try literal(), value.number != nil else { throw misfit }
        return isNegative ? value.negated : value
    }

    private mutating func ranking() throws(Misfit) -> MetricsSecondStage {
        guard case .word(let word) = token.content, word == "topk" || word == "bottomk" else {
            throw unexpected("`topk` or `bottomk`", suggestion: "nothing else follows metrics")
        }
        try advance()
        try expect(.parenthesisOpen, as: "`(` after `\(word)`")
        let limit = try integer("how many series to keep")
        try expect(.parenthesisClose, as: "`)`")
        return word == "topk" ? .topk(limit) : .bottomk(limit)
    }
}
