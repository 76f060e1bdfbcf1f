// SPDX-License-Identifier: Apache-2.0
internal import ObjectStorage
internal import Testing

@Suite("An object key")
struct ObjectKeyTests {
    @Test("is refused if it could be misread as a path or needs escaping", arguments: [
        "", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "a/.", ".a", "a/.staging/1", "a b", "ä",
        "a\\b", "a\nb", "a%2e", "a?b", "a#b", "a+b", "a:b", "a&b", "~", "a@b", "a,b",
        String(repeating: "a", count: 256), String(repeating: "a/", count: 512) + "a",
    ])
    func refused(text: String) {
        #expect(throws: ObjectStoreError.self) { try ObjectKey(text) }
    }

    @Test("is taken if every segment is a safe name", arguments: [
        "a", "a.", "a..b", "a/b.c", "-", "_", "A-Z/a-z/0-9", "tenant=1", "!*'()",
        String(repeating: "a", count: 255), String(repeating: "a/", count: 511) + "aa",
    ])
    func taken(text: String) throws {
        #expect(try ObjectKey(text).text == text)
        #expect(try ObjectPrefix(text).text == text)
    }

    @Test("of one byte is exactly one of the allowed characters")
    func characters() {
        let allowed = Set(
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!-_.*'()=".utf8)
        for byte in 0..<128 as Range<UInt8> {
            let text = "a" + String(UnicodeScalar(byte))
            #expect(((try? ObjectKey(text)) != nil) == allowed.contains(byte), "\(byte)")
        }
    }

    @Test("orders by its bytes")
    func order() throws {
        let texts = ["A", "a", "a!", "a-b", "a.b", "a/b", "a0", "a=", "aa", "b"]
        let keys = try texts.map { try ObjectKey($0) }
        #expect(keys.shuffled().sorted() == keys)
        #expect(keys.sorted().map(\.text) == texts.sorted {
            $0.utf8.lexicographicallyPrecedes($1.utf8)
        })
    }

    @Test("knows its last segment and grows by more")
    func parts() throws {
        #expect(try ObjectKey("a/b/c").lastSegment == "c")
        #expect(try ObjectKey("a").appending("b/c").text == "a/b/c")
        #expect(throws: ObjectStoreError.self) { try ObjectKey("a").appending("../b") }
    }

    @Test("prefix may end in a slash or in a segment, never lead outside", arguments: [
        ("", true), ("a", true), ("a/", true), ("a/b", true), ("/", false), ("a//", false),
        ("..", false), ("../", false), ("a/../", false), (".", false), ("a/.", false),
    ])
    func prefixes(text: String, isValid: Bool) {
        #expect(((try? ObjectPrefix(text)) != nil) == isValid)
    }
}
