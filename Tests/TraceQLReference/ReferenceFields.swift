// SPDX-License-Identifier: Apache-2.0

internal import RegularExpressions
internal import TraceQL

/// The value of every field and expression for one span of a trace, with one of its events and one of its links.
struct ReferenceFields {
    let trace: ReferenceTrace
    let structure: ReferenceStructure
    let patterns: [String: RegularExpression]

    /// Where an expression is looked at.
    struct Place {
        var span: Int
        var event: Int?
        var link: Int?
    }

    /// Whether a filter selects the span: for one of its events and one of its links, if it has any.
    func selects(_ condition: FieldExpression?, _ span: Int) -> Bool {
        guard let condition = condition?.folded() else { return true }
        return places(span, condition.fields).contains { isTrue(condition, at: $0) }
    }

    /// The span with each of its events and links that the fields are about; once without, if there is none.
    func places(_ span: Int, _ fields: [SpanField]) -> [Place] {
        let events = fields.contains { isOf($0, .event) } ? indexes(trace.spans[span].events.count) : [nil]
        let links = fields.contains { isOf($0, .link) } ? indexes(trace.spans[span].links.count) : [nil]
        return events.flatMap { event in links.map { Place(span: span, event: event, link: $0) } }
    }

    private func indexes(_ count: Int) -> [Int?] { count == 0 ? [nil] : Array(0..<count) }

    private func isOf(_ field: SpanField, _ scope: AttributeScope) -> Bool {
        switch field {
        case .attribute(let reference): reference.scope == scope
        case .intrinsic(let reference): reference.intrinsic.scopedName?.hasPrefix(scope.rawValue + ":") ?? false
        }
    }

    /// For groups and aggregates: with the first event and the first link.
    func value(of expression: FieldExpression, span: Int) -> StaticValue {
        let events = trace.spans[span].events.isEmpty ? nil : 0
        let links = trace.spans[span].links.isEmpty ? nil : 0
        let value = value(of: expression, at: Place(span: span, event: events, link: links))
        return value == .opaque ? .absent : value
    }

    func value(of expression: FieldExpression, at place: Place) -> StaticValue {
        switch expression.form {
        case .literal(let value): return value
        case .field(let field): return value(of: field, at: place)
        case .minus(let operand): return value(of: operand, at: place).negated
        case .not(let operand):
            switch value(of: operand, at: place) {
            case .boolean(let value): return .boolean(!value)
            case .array(let values): return .boolean(values.contains(.boolean(false)))
            default: return .absent
            }
        case .all(let operands):
            return .boolean(operands.allSatisfy { isTrue($0, at: place) })
        case .any(let operands):
            return .boolean(operands.contains { isTrue($0, at: place) })
        case .arithmetic(let first, let steps):
            return steps.reduce(value(of: first, at: place)) { $1.operator.apply($0, value(of: $1.operand, at: place)) }
        case .comparison(let comparison, let left, let right):
            return .boolean(holds(comparison, left, right, at: place))
        }
    }

    /// An attribute alone is compared with true, and so is each element of an array.
    private func isTrue(_ expression: FieldExpression, at place: Place) -> Bool {
        switch value(of: expression, at: place) {
        case .boolean(let value): value
        case .array(let values): values.contains(.boolean(true))
        default: false
        }
    }

    private func holds(
        _ comparison: ComparisonOperator, _ left: FieldExpression, _ right: FieldExpression, at place: Place
    ) -> Bool {
        let (a, b) = (value(of: left, at: place), value(of: right, at: place))
        if comparison.isRegularExpression {
            guard case .string(let pattern) = b else { return false }
            return patterns[pattern]?.accepts(a, negated: comparison == .matchesNot) ?? false
        }
        if left.isAttribute, right.literal != nil { return comparison.holds(attribute: a, literal: b) }
        if right.isAttribute, left.literal != nil { return comparison.mirrored.holds(attribute: b, literal: a) }
        return comparison.holds(a, b)
    }

    // MARK: Fields

    private func value(of field: SpanField, at place: Place) -> StaticValue {
        switch field {
        case .attribute(let reference): value(of: reference, at: place)
        case .intrinsic(let reference): value(of: reference.intrinsic, at: place)
        }
    }

    private func value(of reference: AttributeReference, at place: Place) -> StaticValue {
        let span = trace.spans[place.span]
        // Of several with the key the first counts, also if it has no value.
        func first(_ attributes: [ReferenceAttribute]) -> StaticValue? {
            let value = attributes.first { $0.key == reference.name }?.value
            return value == .absent ? nil : value
        }
        let value: StaticValue? =
            switch reference.scope {
            case .any: first(span.attributes) ?? first(span.resource)
            case .span: first(span.attributes)
            case .resource: first(span.resource)
            case .instrumentation: first(span.instrumentation)
            case .event: place.event.flatMap { first(span.events[$0].attributes) }
            case .link: place.link.flatMap { first(span.links[$0].attributes) }
            }
        return value ?? .absent
    }

    private func value(of intrinsic: Intrinsic, at place: Place) -> StaticValue {
        let span = trace.spans[place.span]
        switch intrinsic {
        case .name: return .string(span.name)
        case .status: return .status(span.status)
        case .statusMessage: return .string(span.statusMessage)
        case .kind: return .kind(span.kind)
        case .duration: return .duration(span.endNanoseconds - span.startNanoseconds)
        case .spanID: return .string(span.id)
        case .parentID: return .string(span.parentID)
        case .spanStartTime: return .int(span.startNanoseconds)
        case .instrumentationName: return .string(span.instrumentationName)
        case .instrumentationVersion: return .string(span.instrumentationVersion)
        case .eventName: return place.event.map { .string(span.events[$0].name) } ?? .absent
        case .eventTimeSinceStart:
            return place.event.map { .duration(span.events[$0].timeNanoseconds - span.startNanoseconds) } ?? .absent
        case .linkTraceID: return place.link.map { .string(span.links[$0].traceID) } ?? .absent
        case .linkSpanID: return place.link.map { .string(span.links[$0].spanID) } ?? .absent
        case .childCount: return .int(Int64(structure.children(of: place.span).count))
        case .nestedSetLeft: return .int(structure.left[place.span])
        case .nestedSetRight: return .int(structure.right[place.span])
        case .nestedSetParent: return .int(structure.parent[place.span])
        case .traceID, .traceDuration, .traceStartTime, .rootName, .rootServiceName: return traceValue(of: intrinsic)
        case .parent: return .absent
        }
    }

    private func traceValue(of intrinsic: Intrinsic) -> StaticValue {
        let start = trace.spans.map(\.startNanoseconds).min() ?? 0
        let root = trace.spans.filter(\.isRoot)
            .min { ($0.startNanoseconds, $0.id) < ($1.startNanoseconds, $1.id) }
        switch intrinsic {
        case .traceID: return .string(trace.id)
        case .traceDuration: return .duration((trace.spans.map(\.endNanoseconds).max() ?? 0) - start)
        case .traceStartTime: return .int(start)
        case .rootName: return root.map { .string($0.name) } ?? .absent
        case .rootServiceName: return root.map { .string($0.serviceName) } ?? .absent
        default: return .absent
        }
    }
}

extension FieldExpression {
    fileprivate var isAttribute: Bool {
        if case .attribute? = field { true } else { false }
    }
}
