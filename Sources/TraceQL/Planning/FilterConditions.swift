// SPDX-License-Identifier: Apache-2.0

/// One `{ … }` as a planner needs it.
package struct FilterConditions: Hashable, Sendable {
    /// What is asked of each span, folded; nil if all are selected.
    package let condition: FieldExpression?
    /// What can be tested field by field.
    package let predicate: ScanPredicate
    /// Whether the predicate says everything: spans that satisfy it need no second look.
    package let isExact: Bool
    /// Every field in the condition, once, in order: the columns that a second look takes.
    package let fields: [SpanField]

    package init(_ condition: FieldExpression?) {
        let folded = condition?.folded()
        let extracted = Extraction(folded, isNegated: false)
        self.condition = folded?.literal == .boolean(true) ? nil : folded
        predicate = extracted.predicate
        isExact = extracted.isExact
        fields = (folded?.fields ?? []).distinct()
    }
}

/// Events and links of a span are tried one after the other: a filter holds if it holds for one event and one link.
private struct CollectionFields: OptionSet {
    let rawValue: Int
    static let event = Self(rawValue: 1)
    static let link = Self(rawValue: 2)

    init(rawValue: Int) { self.rawValue = rawValue }

    init(_ field: SpanField) {
        switch field {
        case .attribute(let reference):
            self = reference.scope == .event ? .event : reference.scope == .link ? .link : []
        case .intrinsic(let reference):
            switch reference.intrinsic {
            case .eventName, .eventTimeSinceStart: self = .event
            case .linkTraceID, .linkSpanID: self = .link
            default: self = []
            }
        }
    }
}

extension SpanField {
    /// Whether a span has a value of it for each event or each link.
    package var isOfCollection: Bool { !CollectionFields(self).isEmpty }
}

/// The predicate of a condition or of its opposite, and whether it says all.
private struct Extraction {
    var predicate: ScanPredicate
    var isExact: Bool
    /// What its conditions are about.
    var collections: CollectionFields = []

    static let unknown = Extraction(predicate: .always, isExact: false)

    init(predicate: ScanPredicate, isExact: Bool, collections: CollectionFields = []) {
        self.predicate = predicate
        self.isExact = isExact
        self.collections = collections
    }

    init(_ expression: FieldExpression?, isNegated: Bool) {
        guard let expression else {
            self = Extraction(predicate: .always, isExact: true)
            return
        }
        switch expression.form {
        case .literal(let value):
            let holds = (value == .boolean(true)) != isNegated
            self = Extraction(predicate: holds ? .always : .never, isExact: true)
        case .field(let field):
            self.init(field, .comparison(.equal, .boolean(true)), isNegated: isNegated)
        case .not(let operand):
            // `!.a` has a value where `.a` is a boolean only, so it is no mere opposite.
            if let field = operand.field {
                self.init(field, .comparison(.equal, .boolean(false)), isNegated: isNegated)
                if isNegated { isExact = false }
            } else {
                self.init(operand, isNegated: !isNegated)
            }
        case .all(let operands): self.init(operands, isNegated: isNegated, isAll: !isNegated)
        case .any(let operands): self.init(operands, isNegated: isNegated, isAll: isNegated)
        case .comparison(let comparison, let left, let right):
            self.init(comparison, left, right, isNegated: isNegated)
        case .minus, .arithmetic: self = .unknown
        }
    }

    private init(_ operands: [FieldExpression], isNegated: Bool, isAll: Bool) {
        let parts = operands.map { Extraction($0, isNegated: isNegated) }
        self.init(
            predicate: .joined(parts.map(\.predicate), isAll: isAll), isExact: parts.allSatisfy(\.isExact))
        for part in parts {
            // Two conditions on events may hold for different events, which is not enough.
            if isAll, !collections.isDisjoint(with: part.collections) { isExact = false }
            collections.formUnion(part.collections)
        }
    }

    private init(
        _ comparison: ComparisonOperator, _ left: FieldExpression, _ right: FieldExpression, isNegated: Bool
    ) {
        if let field = left.field, let literal = right.literal {
            self.init(field, Self.test(comparison, literal), isNegated: isNegated)
        } else if let field = right.field, let literal = left.literal, !comparison.isRegularExpression {
            self.init(field, Self.test(comparison.mirrored, literal), isNegated: isNegated)
        } else {
            self = .unknown
        }
    }

    private static func test(_ comparison: ComparisonOperator, _ literal: StaticValue) -> FieldCondition.Test {
        switch (comparison, literal) {
        case (.matches, .string(let pattern)): .pattern(pattern, isNegated: false)
        case (.matchesNot, .string(let pattern)): .pattern(pattern, isNegated: true)
        case (.equal, .absent): .isAbsent
        case (_, .absent): .isPresent
        default: .comparison(comparison, literal)
        }
    }

    private init(_ field: SpanField, _ test: FieldCondition.Test, isNegated: Bool) {
        let collections = CollectionFields(field)
        // "No event is such" is not the opposite that is asked for, which is "some event is not such".
        guard collections.isEmpty || !isNegated else {
            self = .unknown
            return
        }
        let condition = FieldCondition(field, test, isComplement: isNegated)
        self.init(predicate: .condition(condition), isExact: true, collections: collections)
    }
}

extension Sequence where Element: Hashable {
    /// Each element once, where it first stands.
    func distinct() -> [Element] {
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}
