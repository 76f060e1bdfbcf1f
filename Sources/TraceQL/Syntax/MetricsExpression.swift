// SPDX-License-Identifier: Apache-2.0

package enum OverTimeFunction: String, CaseIterable, Sendable {
    case min = "min_over_time"
    case max = "max_over_time"
    case avg = "avg_over_time"
    case sum = "sum_over_time"
}

/// What is made of the spans that fall into a step.
package enum MetricsFunction: Hashable, Sendable {
    case rate
    case countOverTime
    case overTime(OverTimeFunction, FieldExpression)
    /// Quantiles between 0 and 1, at least one.
    case quantileOverTime(FieldExpression, quantiles: [StaticValue])
    case histogramOverTime(FieldExpression)
    case compare(Comparison)

    /// `compare({ … }, 10, start, end)`
    package struct Comparison: Hashable, Sendable {
        /// Nil for `{ }`.
        package var selection: FieldExpression?
        /// Nil for the default, 10.
        package var limit: Int64?
        /// Unix nanoseconds, both or none.
        package var start: Int64?
        package var end: Int64?

        package init(selection: FieldExpression?, limit: Int64? = nil, start: Int64? = nil, end: Int64? = nil) {
            self.selection = selection
            self.limit = limit
            self.start = start
            self.end = end
        }
    }
}

/// `{ … } | rate() by (resource.service.name)`
package struct MetricsAggregation: Hashable, Sendable {
    package var pipeline: Pipeline
    package var function: MetricsFunction
    /// What series are told apart by.
    package var labels: [FieldExpression]

    package init(_ pipeline: Pipeline, _ function: MetricsFunction, labels: [FieldExpression] = []) {
        self.pipeline = pipeline
        self.function = function
        self.labels = labels
    }
}

/// What is done with finished series.
package enum MetricsSecondStage: Hashable, Sendable {
    case topk(Int64)
    case bottomk(Int64)
    /// Keeps the points for which it holds.
    case filter(ComparisonOperator, StaticValue)
}

/// Series over time, and arithmetic on them.
package struct MetricsExpression: Hashable, Sendable {
    package indirect enum Form: Hashable, Sendable {
        case aggregation(MetricsAggregation)
        /// A number as an operand of arithmetic.
        case number(StaticValue)
        case arithmetic(ArithmeticOperator, MetricsExpression, MetricsExpression)
        case secondStage(MetricsExpression, MetricsSecondStage)
    }

    package var form: Form
    @TextPosition package var offset: Int

    package init(_ form: Form, offset: Int = 0) {
        self.form = form
        self.offset = offset
    }
}
