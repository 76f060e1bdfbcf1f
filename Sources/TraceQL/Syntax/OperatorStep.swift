// SPDX-License-Identifier: Apache-2.0

/// What follows the first operand of a chain of operators that bind equally: `a - b + c` is `a`, and then `- b` and `+ c`.
///
/// Chains are lists and no trees, so that nothing recurses as deep as a chain is long.
package struct OperatorStep<Operator: Hashable & Sendable, Operand: Hashable & Sendable>: Hashable, Sendable {
    package var `operator`: Operator
    package var operand: Operand
    @TextPosition package var offset: Int

    package init(_ operator: Operator, _ operand: Operand, offset: Int = 0) {
        self.operator = `operator`
        self.operand = operand
        self.offset = offset
    }
}
