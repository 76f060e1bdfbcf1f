// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import RegularExpressions
internal import TraceModel
internal import TraceQL

/// Turns the inside of `{ … }` into a filter that columns are asked by, and what only values can say.
struct FieldCompiler {
    let expressions: [String: RegularExpression]

    /// A filter that holds for every span for which the expression does.
    private struct Translation {
        var filter: SpanFilter
        /// Whether it holds for no other.
        var isExact = true
        /// Whether it asks for an event, or a link.
        var isOfEvent = false
        var isOfLink = false

        static let unknown = Translation(filter: .all([]), isExact: false)

        static func all(_ parts: [Translation]) -> Translation {
            // Conditions on events are asked of one and the same event; the filter may find two.
            let isExact =
                parts.allSatisfy(\.isExact) && parts.count(where: \.isOfEvent) < 2
                && parts.count(where: \.isOfLink) < 2
            return Translation(
                filter: parts.count == 1 ? parts[0].filter : .all(parts.map(\.filter)), isExact: isExact,
                isOfEvent: parts.contains(where: \.isOfEvent), isOfLink: parts.contains(where: \.isOfLink))
        }

        static func any(_ parts: [Translation]) -> Translation {
            Translation(
                filter: .any(parts.map(\.filter)), isExact: parts.allSatisfy(\.isExact),
                isOfEvent: parts.contains(where: \.isOfEvent), isOfLink: parts.contains(where: \.isOfLink))
        }

        /// The spans for which it does not hold.
        var inverted: Translation {
            // Of several events one may be so and another not.
            isExact && !isOfEvent && !isOfLink ? Translation(filter: .not(filter)) : .unknown
        }
    }

    func leaf(_ expression: FieldExpression?) -> SpansetProgram.Leaf {
        var leaf = SpansetProgram.Leaf()
        var translations: [Translation] = []
        var rest: [FieldExpression] = []
        for part in (expression?.folded().withWholeIdentifiers()).map(Self.conjuncts) ?? [] {
            if let test = traceTest(part) {
                leaf.trace.append(test)
                continue
            }
            let translation = translate(part)
            translations.append(translation)
            if !translation.isExact || translation.isOfEvent || translation.isOfLink { rest.append(part) }
        }
        let all = Translation.all(translations)
        leaf.filter = all.filter
        if !all.isExact { leaf.rest = rest.count == 1 ? rest[0] : FieldExpression(.all(rest)) }
        return leaf
    }

    /// What has to hold all together.
    private static func conjuncts(_ expression: FieldExpression) -> [FieldExpression] {
        guard case .all(let parts) = expression.form else { return [expression] }
        return parts.flatMap(conjuncts)
    }

    // MARK: - Of the trace

    private func traceTest(_ expression: FieldExpression) -> TraceTest? {
        guard let (field, comparison, literal) = comparison(in: expression), case .intrinsic(let reference) = field
        else { return nil }
        let subject: TraceTest.Subject
        switch reference.intrinsic {
        case .traceDuration: subject = .duration
        case .rootName: subject = .rootName
        case .rootServiceName: subject = .rootServiceName
        case .traceID: subject = .id
        default: return nil
        }
        if reference.intrinsic == .traceID, comparison != .equal, comparison != .notEqual { return nil }
        return intrinsicTest(reference.intrinsic, comparison, literal).map { TraceTest(subject: subject, test: $0) }
    }

    // MARK: - Of the span

    private func translate(_ expression: FieldExpression) -> Translation {
        switch expression.form {
        case .literal(let value): return Translation(filter: value == .boolean(true) ? .all([]) : .any([]))
        case .minus, .arithmetic: return Translation(filter: .any([]))
        case .field(let field): return attribute(field, .compares(.equal, .boolean(true)))
        case .not(let operand):
            if let field = operand.field { return attribute(field, .compares(.equal, .boolean(false))) }
            // What has no value has none if it is negated twice: it does not become true.
            if case .not = operand.form { return .unknown }
            return translate(operand).inverted
        case .all(let parts): return .all(parts.map(translate))
        case .any(let parts): return .any(parts.map(translate))
        case .comparison:
            guard let (field, comparison, literal) = comparison(in: expression) else { return .unknown }
            switch field {
            case .intrinsic(let reference):
                var translation = intrinsic(reference.intrinsic, comparison, literal)
                (translation.isOfEvent, translation.isOfLink) = (field.isOfEvent, field.isOfLink)
                return translation
            case .attribute:
                if literal == .absent {
                    let exists = attribute(field, .exists)
                    return comparison == .notEqual ? exists : exists.inverted
                }
                guard let test = test(comparison, literal) else { return Translation(filter: .any([])) }
                return attribute(field, test)
            }
        }
    }

    /// A field, how it is compared, and with what.
    private func comparison(in expression: FieldExpression) -> (SpanField, ComparisonOperator, StaticValue)? {
        guard case .comparison(let comparison, let left, let right) = expression.form else { return nil }
        if let field = left.field, let literal = right.literal { return (field, comparison, literal) }
        guard let field = right.field, let literal = left.literal, !comparison.isRegularExpression else { return nil }
        return (field, comparison.mirrored, literal)
    }

    private func attribute(_ field: SpanField, _ test: ValueTest) -> Translation {
        guard case .attribute(let reference) = field, !reference.isOfParent else { return .unknown }
        let key = Array(reference.name.utf8)
        switch reference.scope {
        case .span: return Translation(filter: .holds(.spanAttribute(key), test))
        case .resource: return Translation(filter: .holds(.resourceAttribute(key), test))
        case .event: return Translation(filter: .holds(.eventAttribute(key), test), isOfEvent: true)
        case .link: return Translation(filter: .holds(.linkAttribute(key), test), isOfLink: true)
        case .instrumentation: return Translation(filter: .holds(.scopeAttribute(key), test))
        case .any:
            let isOfSpan = SpanFilter.holds(.spanAttribute(key), .exists)
            return Translation(
                filter: .any([
                    .holds(.spanAttribute(key), test),
                    .all([.holds(.resourceAttribute(key), test), .not(isOfSpan)]),
                ]))
        }
    }

    private func intrinsic(
        _ intrinsic: Intrinsic, _ comparison: ComparisonOperator, _ literal: StaticValue
    ) -> Translation {
        let subject: SpanSubject
        switch intrinsic {
        case .name: subject = .name
        case .status: subject = .status
        case .statusMessage: subject = .statusMessage
        case .kind: subject = .kind
        case .duration: subject = .duration
        case .eventName: subject = .eventName
        case .eventTimeSinceStart: subject = .eventTime
        case .instrumentationName: subject = .scopeName
        case .instrumentationVersion: subject = .scopeVersion
        case .spanID: return identifier(.spanID, comparison, literal, digitCount: 16)
        case .linkSpanID: return identifier(.linkSpanID, comparison, literal, digitCount: 16)
        case .linkTraceID: return identifier(.linkTraceID, comparison, literal, digitCount: 32)
        case .nestedSetParent: return root(comparison, literal)
        case .parentID, .childCount, .spanStartTime, .traceDuration, .rootName, .rootServiceName, .traceID,
            .traceStartTime, .nestedSetLeft, .nestedSetRight, .parent:
            return .unknown
        }
        guard let test = intrinsicTest(intrinsic, comparison, literal) else { return .unknown }
        return Translation(filter: .holds(subject, test))
    }

    /// IDs are stored as bytes, and asked for as text.
    private func identifier(
        _ subject: SpanSubject, _ comparison: ComparisonOperator, _ literal: StaticValue, digitCount: Int
    ) -> Translation {
        guard comparison == .equal, case .string(let text) = literal, text.utf8.count == digitCount,
            let id = TraceID(hexadecimal: text)
        else { return .unknown }
        let bytes = (0..<16).map { UInt8(truncatingIfNeeded: ($0 < 8 ? id.high : id.low) >> (56 - 8 * ($0 % 8))) }
        return Translation(filter: .holds(subject, .string(Array(bytes.suffix(digitCount / 2)))))
    }

    /// Roots have a parent of -1, all others none below 0: where that is all that is asked, the parent column says it.
    private func root(_ comparison: ComparisonOperator, _ literal: StaticValue) -> Translation {
        let others = [StaticValue.int(0), .int(1), .int(.max)].map { comparison.holds($0, literal) }
        let ofRoots = comparison.holds(.int(-1), literal)
        guard !others.contains(ofRoots) else { return .unknown }
        return Translation(filter: .holds(.isRoot, .boolean(ofRoots)))
    }

    // MARK: - Tests

    /// Of an intrinsic, whose type is known; nil if columns can't be asked so.
    private func intrinsicTest(
        _ intrinsic: Intrinsic, _ comparison: ComparisonOperator, _ literal: StaticValue
    ) -> ValueTest? {
        switch (intrinsic.type, literal) {
        case (.string, .string): return test(comparison, literal)
        case (.status, .status(let status)): return test(comparison, .int(Int64(status.rawValue)))
        case (.kind, .kind(let kind)): return test(comparison, .int(Int64(kind.rawValue)))
        case (.duration, .duration(let value)), (.duration, .int(let value)): return test(comparison, .int(value))
        default: return nil
        }
    }

    /// Nil if no value is so.
    private func test(_ comparison: ComparisonOperator, _ literal: StaticValue) -> ValueTest? {
        if comparison.isRegularExpression {
            guard case .string(let pattern) = literal, let expression = expressions[pattern] else { return nil }
            return .matches(
                TextPattern(pattern, isNegated: comparison == .matchesNot) { expression.matches($0) })
        }
        guard let comparison = Comparison(comparison) else { return nil }
        switch literal {
        case .string(let text): return .compares(comparison, .string(Array(text.utf8)))
        case .int(let value): return .compares(comparison, .integer(value))
        case .float(let value): return .compares(comparison, .double(value))
        case .duration(let value): return .compares(comparison, .duration(value))
        case .boolean(let value): return .compares(comparison, .boolean(value))
        case .absent, .status, .kind, .array, .opaque: return nil
        }
    }
}

extension Comparison {
    /// Nil for regular expressions.
    fileprivate init?(_ comparison: ComparisonOperator) {
        switch comparison {
        case .equal: self = .equal
        case .notEqual: self = .notEqual
        case .less: self = .less
        case .lessOrEqual: self = .lessOrEqual
        case .greater: self = .greater
        case .greaterOrEqual: self = .greaterOrEqual
        case .matches, .matchesNot: return nil
        }
    }
}
