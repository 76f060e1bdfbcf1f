// SPDX-License-Identifier: Apache-2.0

/// The name of an object: segments joined by `/`, such as `blocks/single-tenant/01J9…`.
///
/// A segment is 1 to 255 of the characters `A–Z a–z 0–9 ! - _ . * ' ( ) =` and does not begin with
/// a dot, so that every key is a safe file name and needs no escaping in S3; a key is at most 1,024
/// bytes. Anything else (a tenant's name, say) has to be encoded by whoever makes keys of it. No
/// key may be the folder of another (`a` and `a/b`): a directory cannot hold both.
///
/// Keys order by their bytes.
package struct ObjectKey: Hashable, Sendable {
    package static let byteCountLimit = 1024
    package static let segmentByteCountLimit = 255

    package let text: String

    /// - Throws: `.invalidKey` if the text breaks a rule above.
    package init(_ text: String) throws(ObjectStoreError) {
        try Self.check(text.utf8[...], of: text)
        self.text = text
    }

    /// The key one folder deeper.
    /// - Throws: `.invalidKey` if the result breaks a rule.
    package func appending(_ segments: String) throws(ObjectStoreError) -> ObjectKey {
        try ObjectKey(text + "/" + segments)
    }

    /// The last segment.
    package var lastSegment: String {
        String(text.split(separator: "/").last ?? "")
    }

    fileprivate static func check(
        _ bytes: Substring.UTF8View.SubSequence, of text: String
    ) throws(ObjectStoreError) {
        guard bytes.count <= byteCountLimit else {
            throw invalid(text, "it has more than \(byteCountLimit) bytes")
        }
        let slash = UInt8(ascii: "/")
        for segment in bytes.split(separator: slash, omittingEmptySubsequences: false) {
            guard let first = segment.first else { throw invalid(text, "a segment is empty") }
            guard first != UInt8(ascii: ".") else {
                throw invalid(text, "a segment begins with a dot")
            }
            guard segment.count <= segmentByteCountLimit else {
                throw invalid(text, "a segment has more than \(segmentByteCountLimit) bytes")
            }
            guard segment.allSatisfy(isAllowed) else {
                throw invalid(text, "only A-Z a-z 0-9 !-_.*'()= and / are allowed")
            }
        }
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "!"), UInt8(ascii: "-"),
            UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "*"), UInt8(ascii: "'"),
            UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "="):
            true
        default: false
        }
    }

    private static func invalid(_ text: String, _ reason: String) -> ObjectStoreError {
        ObjectStoreError(.invalidKey, "'\(text.prefix(80))' is no object key: \(reason)")
    }
}

extension ObjectKey: Comparable {
    // Strings of ASCII compare as their bytes do.
    package static func < (left: Self, right: Self) -> Bool { left.text < right.text }
}

extension ObjectKey: CustomStringConvertible {
    package var description: String { text }
}

/// How the keys begin that a listing gives: nothing, or any beginning of a key, which may end in
/// the middle of a segment.
package struct ObjectPrefix: Hashable, Sendable {
    /// Every key begins like this.
    package static let all = ObjectPrefix()

    package let text: String

    private init() { text = "" }

    /// - Throws: `.invalidKey` if no key could begin like this.
    package init(_ text: String) throws(ObjectStoreError) {
        if !text.isEmpty {
            let bytes = text.utf8[...]
            let isFolder = bytes.last == UInt8(ascii: "/")
            try ObjectKey.check(isFolder ? bytes.dropLast() : bytes, of: text)
        }
        self.text = text
    }

    package func contains(_ key: ObjectKey) -> Bool {
        key.text.utf8.starts(with: text.utf8)
    }
}
