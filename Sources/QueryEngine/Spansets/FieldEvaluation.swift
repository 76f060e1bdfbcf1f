// SPDX-License-Identifier: Apache-2.0

internal import RegularExpressions
internal import TraceQL

/// Evaluates a field expression for spans.
struct FieldEvaluation {
    private let expression: FieldExpression
    private let program: SpansetProgram
    private let values: any SpanValues
    private let pace: QueryPace
    private let isOfEvents: Bool
    private let isOfLinks: Bool
    private let stepCount: Int

    init(_ expression: FieldExpression, _ program: SpansetProgram, _ values: any SpanValues, _ pace: QueryPace) {
        self.expression = expression
        self.program = program
        self.values = values
        self.pace = pace
        let fields = expression.fields
        isOfEvents = fields.contains(where: \.isOfEvent)
        isOfLinks = fields.contains(where: \.isOfLink)
        stepCount = expression.partCount
    }

    /// Whether the expression holds for the span with one of its events and one of its links, if it has any.
    func selects(_ row: Int32) throws(QueryError) -> Bool {
        let events = isOfEvents ? values.eventCount(of: row) : 0
        let links = isOfLinks ? values.linkCount(of: row) : 0
        for event in 0..<max(1, events) {
            for link in 0..<max(1, links) {
                try pace.spend(stepCount)
                let place = SpanPlace(
                    row: row, event: event < events ? event : nil, link: link < links ? link : nil)
                if isTrue(expression, place) { return true }
            }
        }
        return false
    }

    /// The value for the span with its first event and its first link; absent where nothing can be said of it.
    func value(ofSpan row: Int32) throws(QueryError) -> StaticValue {
        try pace.spend(stepCount)
        let value = value(
            expression,
            SpanPlace(
                row: row, event: values.eventCount(of: row) > 0 ? 0 : nil,
                link: values.linkCount(of: row) > 0 ? 0 : nil))
        return value == .opaque ? .absent : value
    }

    private func value(_ expression: FieldExpression, _ place: SpanPlace) -> StaticValue {
        switch expression.form {
        case .literal(let value): return value
        case .field(let field): return values.value(of: field, place)
        case .not(let operand):
            switch value(operand, place) {
            case .boolean(let value): return .boolean(!value)
            case .array(let elements): return .boolean(elements.contains(.boolean(false)))
            default: return .absent
            }
        case .minus(let operand): return value(operand, place).negated
        case .all(let operands): return .boolean(operands.allSatisfy { isTrue($0, place) })
        case .any(let operands): return .boolean(operands.contains { isTrue($0, place) })
        case .arithmetic(let first, let steps):
            return steps.reduce(value(first, place)) { $1.operator.apply($0, value($1.operand, place)) }
        case .comparison(let comparison, let left, let right):
            return .boolean(compare(comparison, left, right, place))
        }
    }

    /// An attribute alone has to be true, or an element of it.
    private func isTrue(_ expression: FieldExpression, _ place: SpanPlace) -> Bool {
        switch value(expression, place) {
        case .boolean(let value): value
        case .array(let elements): elements.contains(.boolean(true))
        default: false
        }
    }

    private func compare(
        _ comparison: ComparisonOperator, _ left: FieldExpression, _ right: FieldExpression, _ place: SpanPlace
    ) -> Bool {
        let (a, b) = (value(left, place), value(right, place))
        if comparison.isRegularExpression {
            guard case .string(let pattern) = b, let compiled = program.expressions[pattern] else { return false }
            return compiled.accepts(a, negated: comparison == .matchesNot)
        }
        if left.isAttribute, right.literal != nil { return comparison.holds(attribute: a, literal: b) }
        if right.isAttribute, left.literal != nil { return comparison.mirrored.holds(attribute: b, literal: a) }
        return comparison.holds(a, b)
    }
}

extension FieldExpression {
    fileprivate var isAttribute: Bool {
        if case .attribute? = field { true } else { false }
    }

    /// It, its operands, and theirs.
    fileprivate var partCount: Int { operands.reduce(1) { $0 + $1.partCount } }
}

extension SpanField {
    /// Whether each event has its own value.
    var isOfEvent: Bool {
        switch self {
        case .attribute(let reference): reference.scope == .event
        case .intrinsic(let reference): reference.intrinsic == .eventName || reference.intrinsic == .eventTimeSinceStart
        }
    }

    /// Whether each link has its own value.
    var isOfLink: Bool {
        switch self {
        case .attribute(let reference): reference.scope == .link
        case .intrinsic(let reference): reference.intrinsic == .linkTraceID || reference.intrinsic == .linkSpanID
        }
    }
}
