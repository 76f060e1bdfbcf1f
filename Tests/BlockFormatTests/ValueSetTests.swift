// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ByteCoding
internal import ColumnEncoding
internal import Testing
internal import TraceModel

/// The set of stored values that a test makes has those of which the test itself says so.
@Suite struct ValueSetTests {
    static let comparisons: [Comparison] = [.equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual]
    static let integers: [Int64] = [.min, .min + 1, -7, -1, 0, 1, 2, 500, 1 << 53, .max - 1, .max]
    static let doubles: [Double] = [
        .nan, -.nan, -.infinity, -.greatestFiniteMagnitude, -1.5, -.leastNonzeroMagnitude, -0.0, 0.0,
        .leastNonzeroMagnitude, .leastNormalMagnitude, 1.5, 500, .greatestFiniteMagnitude, .infinity,
    ]

    /// Tests of every kind around the values that are tried.
    static let tests: [ValueTest] = {
        var tests: [ValueTest] = [
            .exists, .string([1, 2]), .boolean(true), .boolean(false), .tag(TagText("")), .tag(TagText("500")),
            .tag(TagText("1.5")), .tag(TagText("true")), .matches(TextPattern("x", isNegated: true) { _ in false }),
            .compares(.notEqual, .string([1])), .compares(.equal, .boolean(true)), .compares(.notEqual, .boolean(true)),
        ]
        for comparison in comparisons {
            tests += integers.map { .compares(comparison, .integer($0)) }
            tests += integers.map { .compares(comparison, .duration($0)) }
            tests += doubles.map { .compares(comparison, .double($0)) }
        }
        for (index, low) in integers.enumerated() { tests += integers[index...].map { .integer(low...$0) } }
        let ordered = doubles.filter { !$0.isNaN }
        for (index, low) in ordered.enumerated() { tests += ordered[index...].map { .number(low...$0) } }
        return tests
    }()

    @Test(arguments: tests) func integersAndDoublesAreWantedAsTheyHold(test: ValueTest) {
        for value in Self.integers {
            let isWanted = test.wanted(.int).contains(OrderedKey.key(value))
            #expect(isWanted == test.holds(integer: value), "\(value)")
        }
        for value in Self.doubles {
            let isWanted = test.wanted(.double).contains(OrderedKey.key(value))
            #expect(isWanted == test.holds(bits: value.bitPattern, .double), "\(value)")
        }
        for bit in [0, 1] as [UInt64] {
            #expect(test.wanted(.bool).contains(bit) == test.holds(bits: bit, .bool))
        }
    }

    @Test(arguments: tests) func durationsAreWantedAsTheyHold(test: ValueTest) {
        for value in Self.integers {
            let isWanted = test.wantedDurations.contains(UInt64(bitPattern: value))
            #expect(isWanted == test.holds(integer: max(0, value)), "\(value)")
        }
    }

    @Test func spanIDsAreWantedByAllTheirBytes() {
        let id: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 0xf8]
        let operands = [id, Array(id.reversed()), [], Array(id.dropLast()), id + [0]]
        var tests: [ValueTest] = [.exists, .integer(1...2)]
        for operand in operands {
            tests.append(.string(operand))
            tests += Self.comparisons.map { .compares($0, .string(operand)) }
        }
        for test in tests {
            for operand in operands where operand.count == 8 {
                let stored = operand.reduce(0) { $0 << 8 | UInt64($1) }
                #expect(test.wantedSpanIDs.contains(stored) == test.holds(string: operand.rawSpan), "\(test) \(operand)")
            }
        }
    }
}
