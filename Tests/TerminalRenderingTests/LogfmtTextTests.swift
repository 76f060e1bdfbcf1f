// SPDX-License-Identifier: Apache-2.0

import TerminalRendering
import Testing

@Suite struct LogfmtTextTests {
    @Test(arguments: [
        ("service.name", "cart", "service.name=cart"), ("a", "", "a=\"\""), ("a", "two words", "a=\"two words\""),
        ("a", "x=y", "a=\"x=y\""), ("a", "say \"hi\"", "a=\"say \\\"hi\\\"\""), ("a", "C:\\dir", "a=\"C:\\\\dir\""),
        ("a", "tab\there\nand\r", "a=\"tab\\there\\nand\\r\""), ("a", "\u{1b}\u{7f}", "a=\"\\u001b\\u007f\""),
        ("http.url", "/cart?id=1", "http.url=\"/cart?id=1\""), ("käse", "größe", "käse=größe"),
    ])
    func `a value is quoted only if it has to be`(key: String, value: String, pair: String) {
        #expect(LogfmtText.pair(key, value) == pair)
    }

    @Test(arguments: ["", "a b", "a=b", "a\"", "a\nb", "\u{7f}"])
    func `a key that logfmt can't hold is refused`(key: String) {
        #expect(LogfmtText.pair(key, "x") == nil)
    }
}
