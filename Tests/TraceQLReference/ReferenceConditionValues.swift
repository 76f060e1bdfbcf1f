// SPDX-License-Identifier: Apache-2.0

internal import RegularExpressions
package import TraceQL

/// Conditions on single fields, tested as storage would.
package struct ReferenceConditionValues {
    private let fields: ReferenceFields

    package init(_ trace: ReferenceTrace) {
        fields = ReferenceFields(trace: trace, structure: ReferenceStructure(trace), patterns: [:])
    }

    /// Of events and links any may satisfy it.
    package func holds(_ condition: FieldCondition, span: Int) -> Bool {
        let expression = FieldExpression(.field(condition.field))
        return fields.places(span, [condition.field]).contains { place in
            condition.holds(fields.value(of: expression, at: place)) { try? RegularExpression($0) }
        }
    }
}
