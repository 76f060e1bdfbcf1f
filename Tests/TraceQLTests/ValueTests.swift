// SPDX-License-Identifier: Apache-2.0

import RegularExpressions
import Testing
import TraceQL

@Suite struct ValueTests {
    @Test("numbers compare by value whatever their types, exactly")
    func numbers() {
        let large = Int64(1) << 53
        #expect(ComparisonOperator.equal.holds(.int(2), .float(2)))
        #expect(ComparisonOperator.less.holds(.int(1), .float(1.5)))
        #expect(ComparisonOperator.greater.holds(.duration(1_000_000_000), .int(999_999_999)))
        #expect(ComparisonOperator.greater.holds(.int(large + 1), .float(Double(large))))
        #expect(ComparisonOperator.less.holds(.int(.max), .float(0x1p63)))
        #expect(ComparisonOperator.greaterOrEqual.holds(.int(.min), .float(-0x1p63)))
        #expect(ComparisonOperator.less.holds(.int(-2), .float(-1.5)))
        #expect(ComparisonOperator.greater.holds(.float(.infinity), .int(.max)))
        for comparison in [ComparisonOperator.equal, .less, .greater, .lessOrEqual, .greaterOrEqual] {
            #expect(!comparison.holds(.float(.nan), .int(1)) && !comparison.holds(.float(.nan), .float(.nan)))
        }
    }

    @Test("an integer and a float compare as their mathematical values do, on every pair of edges")
    func edges() {
        let wholes: [Int64] = [.min, .min + 1, -(1 << 53) - 1, -2, -1, 0, 1, 2, 1 << 53, (1 << 53) + 1, .max - 1, .max]
        let floats = wholes.map(Double.init) + [-1.5, -0.5, 0.5, 1.5, 0x1p64, -0x1p64]
        for whole in wholes {
            for float in floats {
                let isLess = Int128(float.rounded(.up)) > Int128(whole)
                let isEqual = float == float.rounded() && Int128(float) == Int128(whole)
                #expect(ComparisonOperator.less.holds(.int(whole), .float(float)) == isLess, "\(whole) < \(float)")
                #expect(ComparisonOperator.equal.holds(.int(whole), .float(float)) == isEqual, "\(whole) = \(float)")
                #expect(ComparisonOperator.greater.holds(.float(float), .int(whole)) == isLess)
            }
        }
    }

    @Test("values of different types, and absent ones, compare as false, also by !=", arguments: [
        (StaticValue.string("1"), StaticValue.int(1)), (.boolean(true), .int(1)), (.status(.ok), .int(1)),
        (.kind(.server), .status(.ok)), (.absent, .int(1)), (.absent, .absent), (.string("x"), .absent),
    ])
    func mismatches(left: StaticValue, right: StaticValue) {
        for comparison in ComparisonOperator.allCases {
            #expect(!comparison.holds(left, right) && !comparison.holds(right, left))
        }
    }

    @Test("strings compare by their bytes")
    func strings() {
        #expect(ComparisonOperator.less.holds(.string("Z"), .string("a")))
        #expect(ComparisonOperator.less.holds(.string("a"), .string("ab")))
        #expect(ComparisonOperator.greater.holds(.string("\u{e9}"), .string("z")))
        // The same letter, written with one and with two characters.
        #expect(!ComparisonOperator.equal.holds(.string("\u{e9}"), .string("e\u{301}")))
        #expect(ComparisonOperator.notEqual.holds(.string("\u{e9}"), .string("e\u{301}")))
    }

    @Test("a written number is asked of attributes of its type only")
    func literals() {
        #expect(ComparisonOperator.greater.holds(attribute: .int(2), literal: .int(1)))
        #expect(!ComparisonOperator.greater.holds(attribute: .float(2), literal: .int(1)))
        #expect(!ComparisonOperator.notEqual.holds(attribute: .string("x"), literal: .int(1)))
        #expect(ComparisonOperator.greater.holds(attribute: .int(2_000), literal: .duration(1_000)))
        #expect(ComparisonOperator.equal.holds(attribute: .absent, literal: .absent))
        #expect(ComparisonOperator.notEqual.holds(attribute: .boolean(false), literal: .absent))
        #expect(!ComparisonOperator.notEqual.holds(attribute: .absent, literal: .absent))
    }

    @Test("of an array any element has to do, and for the negated operators none")
    func arrays() throws {
        let colours = StaticValue.array([.string("red"), .string("blue")])
        #expect(ComparisonOperator.equal.holds(attribute: colours, literal: .string("red")))
        #expect(!ComparisonOperator.notEqual.holds(attribute: colours, literal: .string("red")))
        #expect(ComparisonOperator.notEqual.holds(attribute: colours, literal: .string("green")))
        #expect(!ComparisonOperator.notEqual.holds(attribute: colours, literal: .int(1)))
        #expect(ComparisonOperator.notEqual.holds(attribute: .array([]), literal: .int(1)))
        #expect(ComparisonOperator.greater.holds(attribute: .array([.int(1), .int(9)]), literal: .int(5)))
        #expect(ComparisonOperator.equal.holds(.int(9), .array([.int(1), .int(9)])))
        let red = try RegularExpression("r.*")
        #expect(red.accepts(colours, negated: false) && !red.accepts(colours, negated: true))
        #expect(red.accepts(.array([.string("blue")]), negated: true) && red.accepts(.array([]), negated: true))
        #expect(!red.accepts(.int(1), negated: true) && !red.accepts(.absent, negated: true))
    }

    @Test("arithmetic", arguments: [
        ("7 / 2", .int(3)), ("-7 / 2", .int(-3)), ("7 % -2", .int(1)), ("7 / 2.0", .float(3.5)), ("2 ^ 3", .float(8)),
        ("2 ^ 3 ^ 2", .float(512)), ("1 - 2 - 3", .int(-4)), ("1 + 2 * 3", .int(7)), ("(1 + 2) * 3", .int(9)),
        ("1s + 1ms", .duration(1_001_000_000)), ("2 * 1s", .duration(2_000_000_000)), ("1s / 2", .duration(500_000_000)),
        ("1s * 1.5", .duration(1_500_000_000)), ("3s / 2s", .float(1.5)), ("-2 ^ 2", .float(-4)), ("-(1 + 1)", .int(-2)),
        ("1.5 + 1", .float(2.5)), ("maxInt + 1", .int(.min)), ("2 - -1", .int(3)), ("10 * 1024", .int(10_240)),
    ] as [(String, StaticValue)])
    func arithmetic(text: String, value: StaticValue) throws {
        let condition = try condition("{ .a = \(text) }")
        guard case .comparison(_, _, let right) = condition.folded().form else { throw Failure() }
        #expect(right.literal == value)
    }

    @Test("what has no result is absent, and stays where it is folded", arguments: ["1 / 0", "1 % 0", "1s * maxInt", "1.0 / 0"])
    func noResult(text: String) throws {
        guard case .comparison(_, _, let right) = try condition("{ .a = \(text) }").folded().form else { throw Failure() }
        #expect(right.literal == nil)
    }

    @Test("conditions are folded as far as they are the same for every span", arguments: [
        ("1 = 1", "true"), ("1h > 59m", "true"), ("\"a\" = \"b\"", "false"), ("!true", "false"), (".a && true", ".a = true"),
        (".a = 1 && true", ".a = 1"), (".a || true", "true"), (".a = 1 && 1 = 2", "false"), ("false || .a = 1", ".a = 1"),
        (".a > 10 * 1024", ".a > 10240"), ("!(1 = 2) && (.a = 1 || false)", ".a = 1"), (".a && .b", ".a && .b"),
        ("(.a && true && .b) && .c", ".a && .b && .c"), ("1 = 1.0", "true"), ("\"a\" =~ \"a\"", "`a` =~ `a`"),
    ])
    func folding(text: String, folded: String) throws {
        #expect(try condition("{ \(text) }").folded().description == folded)
    }

    struct Failure: Error {}

    private func condition(_ text: String) throws -> FieldExpression {
        guard case .spansets(let expression)? = try CheckedQuery(text).search?.stages.first,
            case .filter(let condition?) = expression.form
        else { throw Failure() }
        return condition
    }
}
