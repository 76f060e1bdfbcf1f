// SPDX-License-Identifier: Apache-2.0

import ByteCoding
import RegularExpressions
import Testing

@Suite struct RegularExpressionTests {
    @Test("the whole text has to match", arguments: [
        ("GET", "GET", true), ("GET", "GET /", false), ("GET.*", "GET /", true), ("", "", true), ("", "x", false),
        ("a|b", "a", true), ("a|b", "ab", false), ("a.c", "a\nc", true), (".*", "", true), ("(?i)get", "GeT", true),
        ("\\d+", "١", false), ("\\p{Greek}", "λ", true), (".", "🦉", true), ("(?P<name>a)(b)", "ab", true),
    ])
    func wholeText(pattern: String, text: String, isMatch: Bool) throws {
        let expression = try RegularExpression(pattern)
        #expect(expression.matches(text) == isMatch)
        #expect(matches(expression, Array(text.utf8)) == isMatch)
    }

    @Test("what RE2 has not is refused with its words", arguments: [
        "(", ")", "[", "*a", "a**", "a{1001}", "(?!a)", "(?<=a)", "\\1", "\\",
    ])
    func refused(pattern: String) {
        let error = #expect(throws: RegularExpressionError.self) { try RegularExpression(pattern) }
        #expect(error?.message.isEmpty == false)
    }

    @Test("an expression that would be too large is refused")
    func tooLarge() {
        #expect(throws: RegularExpressionError.self) { try RegularExpression("((a{100}){100}){100}") }
        #expect(throws: RegularExpressionError.self) { try RegularExpression("(x+x+){500}y", memoryLimit: 10_000) }
    }

    @Test("matching is linear where backtracking would not end")
    func linear() throws {
        let expression = try RegularExpression("(a*)*(a|a)*b")
        #expect(!expression.matches(String(repeating: "a", count: 100_000)))
        #expect(expression.programSize > 0)
    }

    @Test("bytes that are no UTF-8 match or not, and nothing else")
    func anyBytes() throws {
        let bytes: [UInt8] = [0xff, 0x00, 0x80, UInt8(ascii: "a")]
        #expect(try matches(RegularExpression("(?s:.*)"), bytes) == false)
        #expect(try !matches(RegularExpression("a"), bytes))
        #expect(try matches(RegularExpression(""), []))
    }

    private func matches(_ expression: RegularExpression, _ bytes: [UInt8]) -> Bool {
        expression.matches(bytes.rawSpan)
    }

    @Test("one expression is used by several threads at once")
    func threads() async throws {
        let expression = try RegularExpression("[a-z]+([0-9]{1,3}-)*x")
        let counts = await withTaskGroup(of: Int.self) { group in
            for task in 0..<8 {
                group.addTask { (0..<1_000).count { expression.matches("ab\($0 % 500)-\(task)-x") } }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(counts.allSatisfy { $0 == 1_000 })
    }
}
