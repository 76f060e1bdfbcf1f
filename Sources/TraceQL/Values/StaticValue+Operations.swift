// SPDX-License-Identifier: Apache-2.0

package import RegularExpressions

// What operators do with values at run time. Nothing here fails: what does not fit is false or absent.

extension ComparisonOperator {
    /// Whether `left` compares so to `right`, where both are known only at run time.
    ///
    /// Numbers compare by value whatever their types, exactly; strings by their bytes; statuses, kinds and booleans
    /// only by `=` and `!=`. Values of different types don't compare: false, also for `!=`. So it is with an absent
    /// value, unless the other side is a written `nil`: see `holds(attribute:literal:)`.
    ///
    /// An array on either side: `=` and the ordering operators hold if they hold for any element; `!=` holds if `=`
    /// holds for no element, and some element can be compared or there is none.
    package func holds(_ left: StaticValue, _ right: StaticValue) -> Bool {
        if case .array(let elements) = left {
            return overElements(elements) {
                $0.holds($1, right)
            } comparable: {
                Self.areComparable($0, right)
            }
        }
        if case .array(let elements) = right {
            return overElements(elements) {
                $0.holds(left, $1)
            } comparable: {
                Self.areComparable(left, $0)
            }
        }
        return holdsForScalars(left, right)
    }

    /// Whether an attribute's value compares so to a written literal.
    ///
    /// The literal's type chooses: `.a > 1` is asked of integers only, `.a > 1.5` of floats only; that is how Tempo
    /// answers. Durations are asked of integers, as nanoseconds, and of floats. All else is as for `holds(_:_:)`.
    package func holds(attribute: StaticValue, literal: StaticValue) -> Bool {
        guard literal != .absent else { return self == .equal ? attribute == .absent : attribute != .absent }
        if case .array(let elements) = attribute {
            return overElements(elements) {
                $0.holds(attribute: $1, literal: literal)
            } comparable: {
                Self.literal(literal, fits: $0)
            }
        }
        return Self.literal(literal, fits: attribute) && holdsForScalars(attribute, literal)
    }

    /// Whether a literal is asked of values of this type at all.
    package static func literal(_ literal: StaticValue, fits value: StaticValue) -> Bool {
        literal.type == value.type || literal.type == .duration && (value.type == .int || value.type == .float)
    }

    private func overElements(
        _ elements: [StaticValue], _ test: (Self, StaticValue) -> Bool, comparable: (StaticValue) -> Bool
    ) -> Bool {
        guard self == .notEqual else { return elements.contains { test(self, $0) } }
        return !elements.contains { test(.equal, $0) } && (elements.isEmpty || elements.contains(where: comparable))
    }

    private func holdsForScalars(_ left: StaticValue, _ right: StaticValue) -> Bool {
        if let order = numericOrder(left, right) { return holds(order) }
        switch (left, right) {
        case (.string(let left), .string(let right)):
            if left.utf8.elementsEqual(right.utf8) { return holds(.equal) }
            return holds(left.utf8.lexicographicallyPrecedes(right.utf8) ? .less : .greater)
        case (.boolean(let left), .boolean(let right)): return holdsForEquality(left == right)
        case (.status(let left), .status(let right)): return holdsForEquality(left == right)
        case (.kind(let left), .kind(let right)): return holdsForEquality(left == right)
        default: return false
        }
    }

    private static func areComparable(_ left: StaticValue, _ right: StaticValue) -> Bool {
        left.type == right.type && left.type != .absent || left.number != nil && right.number != nil
    }

    private func holdsForEquality(_ areEqual: Bool) -> Bool {
        self == .equal ? areEqual : self == .notEqual && !areEqual
    }

    private func holds(_ order: NumericOrder) -> Bool {
        switch self {
        case .equal: order == .equal
        case .notEqual: order != .equal
        case .less: order == .less
        case .lessOrEqual: order == .less || order == .equal
        case .greater: order == .greater
        case .greaterOrEqual: order == .greater || order == .equal
        case .matches, .matchesNot: false
        }
    }
}

extension RegularExpression {
    /// Whether a value satisfies `=~`, or `!~` if `negated`: only strings do; of an array any element, or none.
    ///
    /// `!~` needs a string to be there, as `!=` does.
    package func accepts(_ value: StaticValue, negated: Bool) -> Bool {
        switch value {
        case .string(let text): return matches(text) != negated
        case .array(let elements):
            let isAnyMatching = elements.contains { accepts($0, negated: false) }
            guard negated else { return isAnyMatching }
            return !isAnyMatching && (elements.isEmpty || elements.contains { $0.type == .string })
        default: return false
        }
    }
}

private enum NumericOrder {
    case less, equal, greater
    /// One is NaN.
    case none
}

/// The order of two numbers of any numeric types; nil if one is no number.
private func numericOrder(_ left: StaticValue, _ right: StaticValue) -> NumericOrder? {
    switch (left, right) {
    case (.float(let left), .float(let right)):
        if left.isNaN || right.isNaN { return NumericOrder.none }
        return left < right ? .less : left > right ? .greater : .equal
    case (.float(let left), _):
        guard let right = right.wholeNumber else { return nil }
        return order(right, left).map { $0 == .less ? .greater : $0 == .greater ? .less : .equal } ?? NumericOrder.none
    case (_, .float(let right)):
        guard let left = left.wholeNumber else { return nil }
        return order(left, right) ?? NumericOrder.none
    default:
        guard let left = left.wholeNumber, let right = right.wholeNumber else { return nil }
        return left < right ? .less : left > right ? .greater : .equal
    }
}

/// Exact also where the integer is no Double; nil for NaN.
private func order(_ whole: Int64, _ float: Double) -> NumericOrder? {
    if float.isNaN { return nil }
    if float >= 0x1p63 { return .less }
    if float < -0x1p63 { return .greater }
    let floor = float.rounded(.down)
    let truncated = Int64(floor)
    if whole != truncated { return whole < truncated ? .less : .greater }
    return floor < float ? .less : .equal
}

extension ArithmeticOperator {
    /// The result, or absent if an operand is no number, a divisor is 0, or a duration's result is beyond Int64.
    ///
    /// Integers stay integers (`/` cuts towards zero, overflow wraps around) but for `^`, which gives floats. A
    /// duration plus, minus or times something stays a duration; a duration divided by one is a float.
    package func apply(_ left: StaticValue, _ right: StaticValue) -> StaticValue {
        guard let a = left.number, let b = right.number else { return .absent }
        if case .int(let a) = left, case .int(let b) = right, self != .power { return integers(a, b) }
        let isDuration = left.type == .duration || right.type == .duration
        let isExact = self == .plus || self == .minus || self == .times
        if isDuration, isExact, let a = left.wholeNumber, let b = right.wholeNumber {
            guard case .int(let result) = exact(a, b) else { return .absent }
            return .duration(result)
        }
        let result = floats(a, b)
        guard isDuration, !(self == .divide && right.type == .duration), self != .power else { return .float(result) }
        guard result.magnitude < 0x1p63 else { return .absent }
        return .duration(Int64(result.rounded()))
    }

    private func integers(_ a: Int64, _ b: Int64) -> StaticValue {
        switch self {
        case .plus: .int(a &+ b)
        case .minus: .int(a &- b)
        case .times: .int(a &* b)
        case .divide: b == 0 ? .absent : .int(a.dividedReportingOverflow(by: b).partialValue)
        case .remainder: b == 0 ? .absent : .int(a.remainderReportingOverflow(dividingBy: b).partialValue)
        case .power: .absent
        }
    }

    private func exact(_ a: Int64, _ b: Int64) -> StaticValue {
        let (result, isBeyond) =
            switch self {
            case .plus: a.addingReportingOverflow(b)
            case .minus: a.subtractingReportingOverflow(b)
            default: a.multipliedReportingOverflow(by: b)
            }
        return isBeyond ? .absent : .int(result)
    }

    private func floats(_ a: Double, _ b: Double) -> Double {
        switch self {
        case .plus: a + b
        case .minus: a - b
        case .times: a * b
        case .divide: a / b
        case .remainder: a.truncatingRemainder(dividingBy: b)
        case .power: raised(a, to: b)
        }
    }
}

extension StaticValue {
    /// The number with the other sign; absent of what is no number.
    package var negated: StaticValue {
        switch self {
        case .int(let value): .int(0 &- value)
        case .duration(let value): .duration(0 &- value)
        case .float(let value): .float(-value)
        default: .absent
        }
    }
}
