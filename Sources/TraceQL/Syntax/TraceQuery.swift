// SPDX-License-Identifier: Apache-2.0

/// A whole query as it was written, but for positions, spaces and superfluous parentheses.
package struct TraceQuery: Hashable, Sendable {
    package enum Body: Hashable, Sendable {
        /// Selects spans of traces.
        case search(Pipeline)
        /// Counts and measures spans over time.
        case metrics(MetricsExpression)
    }

    package var body: Body
    /// Of `with (…)`, in order.
    package var hints: [Hint]

    package init(_ body: Body, hints: [Hint] = []) {
        self.body = body
        self.hints = hints
    }
}

/// `most_recent=true`
package struct Hint: Hashable, Sendable {
    package var name: String
    package var value: StaticValue
    @TextPosition package var offset: Int

    package init(_ name: String, _ value: StaticValue, offset: Int = 0) {
        self.name = name
        self.value = value
        self.offset = offset
    }
}

/// Stages, each of which gets the spansets that the one before it gave; at least one.
package struct Pipeline: Hashable, Sendable {
    package var stages: [PipelineStage]

    package init(_ stages: [PipelineStage]) { self.stages = stages }
}

package indirect enum PipelineStage: Hashable, Sendable {
    /// Selects spans of each spanset; of the whole trace if it is the first stage.
    case spansets(SpansetExpression)
    /// Keeps the spansets for which it holds.
    case scalarFilter(ScalarFilter)
    /// Splits each spanset by the values that its spans have.
    case by(FieldExpression)
    /// Makes one spanset of all.
    case coalesce
    /// Shows fields of the spans that are found.
    case select([FieldExpression])
}

/// `{ … }` and what combines them.
package struct SpansetExpression: Hashable, Sendable {
    package indirect enum Form: Hashable, Sendable {
        /// Nil for `{ }`, which selects all spans.
        case filter(FieldExpression?)
        /// `{ … } && { … } || { … }`, from left to right: at least one step, of operators that bind equally. The first
        /// operand is not itself such a chain.
        case chain(SpansetExpression, [OperatorStep<SpansetOperator, SpansetExpression>])
        /// In parentheses, more than a mere spanset expression.
        case pipeline(Pipeline)
    }

    package var form: Form
    @TextPosition package var offset: Int

    package init(_ form: Form, offset: Int = 0) {
        self.form = form
        self.offset = offset
    }
}

extension SpansetExpression {
    /// `left operator right`
    package init(_ left: Self, _ operator: SpansetOperator, _ right: Self, offset: Int = 0) {
        let step = OperatorStep(`operator`, right, offset: offset)
        guard let (first, steps) = left.chain(precedence: `operator`.precedence) else {
            self.init(.chain(left, [step]), offset: offset)
            return
        }
        self.init(.chain(first, steps + [step]), offset: offset)
    }

    /// Its operands, if it is a chain to which further steps may be added.
    func chain(precedence: Precedence) -> (Self, [OperatorStep<SpansetOperator, Self>])? {
        guard case .chain(let first, let steps) = form, steps[0].operator.precedence == precedence else { return nil }
        return (first, steps)
    }
}

package enum AggregateFunction: String, CaseIterable, Sendable {
    case count, avg, min, max, sum
}

/// A number that a spanset has.
package struct ScalarExpression: Hashable, Sendable {
    package indirect enum Form: Hashable, Sendable {
        case literal(StaticValue)
        /// The argument is nil for `count`, and only for it.
        case aggregate(AggregateFunction, FieldExpression?)
        case minus(ScalarExpression)
        case arithmetic(ArithmeticOperator, ScalarExpression, ScalarExpression)
        /// `({ … } | count())`: the number of a pipeline's own result, which is not supported.
        case pipeline(Pipeline, ScalarExpression)
    }

    package var form: Form
    @TextPosition package var offset: Int

    package init(_ form: Form, offset: Int = 0) {
        self.form = form
        self.offset = offset
    }
}

/// `count() > 2`
package struct ScalarFilter: Hashable, Sendable {
    package var comparison: ComparisonOperator
    package var left: ScalarExpression
    package var right: ScalarExpression
    @TextPosition package var offset: Int

    package init(_ comparison: ComparisonOperator, _ left: ScalarExpression, _ right: ScalarExpression, offset: Int = 0) {
        self.comparison = comparison
        self.left = left
        self.right = right
        self.offset = offset
    }
}
