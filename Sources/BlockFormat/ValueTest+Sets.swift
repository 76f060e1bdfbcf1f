// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
package import ColumnEncoding
package import TraceModel

// Tests as sets of stored values, which chunks are judged by without decoding them.

extension ValueTest {
    /// The integers that pass, if they are a range or all but one.
    private enum Integers {
        case none
        case all
        case within(ClosedRange<Int64>)
        case without(Int64)
        /// Asked one by one.
        case judged
    }

    private var integers: Integers {
        switch self {
        case .exists: .all
        case .integer(let range): .within(range)
        case .compares(let comparison, .integer(let operand)), .compares(let comparison, .duration(let operand)):
            switch comparison {
            case .equal: .within(operand...operand)
            case .notEqual: .without(operand)
            case .less: operand == .min ? .none : .within(.min...(operand - 1))
            case .lessOrEqual: .within(.min...operand)
            case .greater: operand == .max ? .none : .within((operand + 1)...(.max))
            case .greaterOrEqual: .within(operand...(.max))
            }
        case .tag, .number: .judged
        case .string, .boolean, .compares, .matches: .none
        }
    }

    /// Of a column of a type that has no bytes: the stored values that pass.
    package func wanted(_ type: AttributeType) -> ValueSet {
        switch type {
        case .int: wantedKeys
        case .double: wantedDoubleKeys
        case .absent, .empty, .bool, .string, .array, .keyValueList, .bytes:
            .judged { holds(bits: AttributeScatter.bits($0, type), type) }
        }
    }

    /// The keys of the integers that pass.
    private var wantedKeys: ValueSet {
        switch integers {
        case .none: .none
        case .all: .all
        case .within(let range): ValueSet(OrderedKey.key(range.lowerBound)...OrderedKey.key(range.upperBound))
        case .without(let value): ValueSet(outside: OrderedKey.key(value)...OrderedKey.key(value))
        case .judged: .judged { holds(integer: OrderedKey.integer($0)) }
        }
    }

    /// The keys of the doubles that pass. Both zeros are equal, and NaN is to nothing.
    private var wantedDoubleKeys: ValueSet {
        switch self {
        case .exists: .all
        case .number(let range): ValueSet(Self.keys(range))
        case .compares(let comparison, .double(let operand)): Self.wantedKeys(comparison, operand)
        case .compares(let comparison, .duration(let operand)): Self.wantedKeys(comparison, Double(operand))
        case .tag: .judged { holds(double: OrderedKey.double($0)) }
        case .string, .boolean, .integer, .compares, .matches: .none
        }
    }

    private static func wantedKeys(_ comparison: Comparison, _ operand: Double) -> ValueSet {
        if operand.isNaN { return comparison == .notEqual ? .all : .none }
        switch comparison {
        case .equal: return ValueSet(keys(operand...operand))
        case .notEqual: return ValueSet(outside: keys(operand...operand))
        case .less: return operand == -.infinity ? .none : ValueSet(keys(-.infinity...operand.nextDown))
        case .lessOrEqual: return ValueSet(keys(-.infinity...operand))
        case .greater: return operand == .infinity ? .none : ValueSet(keys(operand.nextUp...(.infinity)))
        case .greaterOrEqual: return ValueSet(keys(operand...(.infinity)))
        }
    }

    private static func keys(_ range: ClosedRange<Double>) -> ClosedRange<UInt64> {
        let lower = range.lowerBound == 0 ? -0.0 : range.lowerBound
        let upper = range.upperBound == 0 ? 0.0 : range.upperBound
        return OrderedKey.key(lower)...OrderedKey.key(upper)
    }

    /// The stored durations that pass, where those with the first bit set are of spans that end before they start and
    /// count as 0.
    package var wantedDurations: ValueSet {
        let negative: UInt64 = 1 << 63
        switch integers {
        case .none: return .none
        case .all: return .all
        case .within(let range):
            guard range.upperBound >= 0 else { return .none }
            let upper = UInt64(range.upperBound)
            guard range.lowerBound <= 0 else { return ValueSet(UInt64(range.lowerBound)...upper) }
            return .range(first: negative, extent: negative + upper)
        case .without(let value):
            guard value >= 0 else { return .all }
            return value == 0 ? ValueSet(1...(negative - 1)) : ValueSet(outside: UInt64(value)...UInt64(value))
        case .judged: return .judged { holds(integer: max(0, Int64(bitPattern: $0))) }
        }
    }

    /// The span IDs that pass, as they are stored.
    package var wantedSpanIDs: ValueSet {
        switch self {
        case .string(let bytes), .compares(.equal, .string(let bytes)):
            return Self.spanID(bytes).map { ValueSet($0...$0) } ?? .none
        case .compares(.notEqual, .string(let bytes)):
            return Self.spanID(bytes).map { ValueSet(outside: $0...$0) } ?? .all
        case .exists, .tag, .integer, .number, .boolean, .compares, .matches:
            return .judged { holds(string: BlockFilter.bytes(of: $0).rawSpan) }
        }
    }

    private static func spanID(_ bytes: [UInt8]) -> UInt64? {
        bytes.count == 8 ? bytes.reduce(0) { $0 << 8 | UInt64($1) } : nil
    }
}
