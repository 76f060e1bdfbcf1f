// SPDX-License-Identifier: Apache-2.0

extension Checker {
    mutating func check(_ expression: MetricsExpression) throws(Misfit) {
        switch expression.form {
        case .aggregation(let aggregation): try check(aggregation, at: expression.offset)
        case .number(let value):
            guard value.type != .int, value.type != .float else { return }
            throw Misfit(
                .type, at: expression.offset, "arithmetic on metrics takes plain numbers, not \(value.type.name)")
        case .arithmetic(let arithmetic, let left, let right): try check(arithmetic, left, right, at: expression.offset)
        case .secondStage(let metrics, let stage):
            try check(metrics)
            try check(stage, at: expression.offset)
        }
    }

    private mutating func check(
        _ arithmetic: ArithmeticOperator, _ left: MetricsExpression, _ right: MetricsExpression, at offset: Int
    ) throws(Misfit) {
        guard arithmetic != .remainder, arithmetic != .power else {
            throw Misfit(
                .unsupported, at: offset, "`\(arithmetic.rawValue)` between metrics is not supported",
                suggestion: "there are `+`, `-`, `*` and `/`")
        }
        for side in [left, right] {
            if case .aggregation(let aggregation) = side.form, case .compare = aggregation.function {
                throw Misfit(.unsupported, at: side.offset, "arithmetic with `compare` is not supported")
            }
            try check(side)
        }
    }

    private func check(_ stage: MetricsSecondStage, at offset: Int) throws(Misfit) {
        switch stage {
        case .topk(let limit), .bottomk(let limit):
            guard limit < 1 else { return }
            throw Misfit(.type, at: offset, "`topk` and `bottomk` keep 1 series or more, not \(limit)")
        case .filter(let comparison, let value):
            guard comparison.isRegularExpression || value.number == nil else { return }
            throw Misfit(
                .type, at: offset, "metrics are compared with numbers by `=`, `!=`, `<`, `<=`, `>` and `>=` only")
        }
    }

    private mutating func check(_ aggregation: MetricsAggregation, at offset: Int) throws(Misfit) {
        try check(aggregation.pipeline)
        var labelLimit = TraceQLLimits.maximumMetricsLabels
        switch aggregation.function {
        case .rate, .countOverTime: break
        case .overTime(let function, let argument): _ = try type(of: function.rawValue, measuring: argument)
        case .histogramOverTime(let argument):
            labelLimit = TraceQLLimits.maximumDistributionLabels
            _ = try type(of: "histogram_over_time", measuring: argument)
        case .quantileOverTime(let argument, let quantiles):
            labelLimit = TraceQLLimits.maximumDistributionLabels
            _ = try type(of: "quantile_over_time", measuring: argument)
            try check(quantiles, at: offset)
        case .compare(let comparison): try check(comparison, at: offset)
        }
        for label in aggregation.labels { _ = try type(of: label) }
        guard aggregation.labels.count > labelLimit else { return }
        throw Misfit(
            .type, at: aggregation.labels[labelLimit].offset,
            "`by` takes \(labelLimit) attributes here at most, not \(aggregation.labels.count)")
    }

    private func check(_ quantiles: [StaticValue], at offset: Int) throws(Misfit) {
        for quantile in quantiles {
            guard quantile.type == .int || quantile.type == .float, let number = quantile.number, (0...1) ~= number else {
                throw Misfit(
                    .type, at: offset, "a quantile is a number from 0 to 1, not \(quantile)",
                    suggestion: "the 99th percentile is `.99`")
            }
        }
    }

    private mutating func check(_ comparison: MetricsFunction.Comparison, at offset: Int) throws(Misfit) {
        try checkCondition(comparison.selection, at: offset)
        if let limit = comparison.limit, !(1...Int64(TraceQLLimits.maximumComparedValues) ~= limit) {
            throw Misfit(
                .type, at: offset,
                "`compare` lists 1 to \(TraceQLLimits.maximumComparedValues) values of an attribute, not \(limit)")
        }
        guard let start = comparison.start, let end = comparison.end, start >= end else { return }
        throw Misfit(.type, at: offset, "the selection of `compare` ends before it starts")
    }
}
