// SPDX-License-Identifier: Apache-2.0

package import RegularExpressions

/// A condition on one field of a span, which storage can test by itself, on dictionary entries or statistics too.
package struct FieldCondition: Hashable, Sendable {
    package enum Test: Hashable, Sendable {
        /// By `=`, `!=`, `<`, `<=`, `>` or `>=`; the literal is never absent.
        case comparison(ComparisonOperator, StaticValue)
        /// Wholly, by RE2. `!~` needs a string to be there, too.
        case pattern(String, isNegated: Bool)
        case isPresent
        case isAbsent
    }

    package var field: SpanField
    package var test: Test
    /// Holds for the spans for which the test does not, those without the field included.
    package var isComplement: Bool

    package init(_ field: SpanField, _ test: Test, isComplement: Bool = false) {
        self.field = field
        self.test = test
        self.isComplement = isComplement
    }

    /// Whether a value of the field satisfies it.
    ///
    /// Of an attribute the literal's type chooses what is compared: see `ComparisonOperator.holds(attribute:literal:)`.
    ///
    /// - Parameter compiled: The compiled form of a pattern: `CheckedQuery.regularExpressions`.
    package func holds(_ value: StaticValue, compiled: (String) -> RegularExpression?) -> Bool {
        testHolds(value, compiled) != isComplement
    }

    private func testHolds(_ value: StaticValue, _ compiled: (String) -> RegularExpression?) -> Bool {
        switch test {
        case .isPresent: return value != .absent
        case .isAbsent: return value == .absent
        case .pattern(let pattern, let isNegated): return compiled(pattern)?.accepts(value, negated: isNegated) ?? false
        case .comparison(let comparison, let literal):
            if case .attribute = field { return comparison.holds(attribute: value, literal: literal) }
            return comparison.holds(value, literal)
        }
    }
}
