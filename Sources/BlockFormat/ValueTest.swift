// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import TraceModel

/// What is asked of one value. Judged once for each entry of a dictionary, then on codes.
package enum ValueTest: Hashable, Sendable {
    /// There is a value.
    case exists
    /// As tags are searched for: see ``TagText``.
    case tag(TagText)
    /// A string of exactly these bytes.
    case string([UInt8])
    case integer(ClosedRange<Int64>)
    /// A double in the range, or an integer that is.
    case number(ClosedRange<Double>)
    case boolean(Bool)

    package func holds(string: RawSpan) -> Bool {
        switch self {
        case .exists: true
        case .tag(let tag): tag.isContained(in: string)
        case .string(let bytes): string.isEqual(to: bytes.rawSpan)
        case .integer, .number, .boolean: false
        }
    }

    func holds(integer: Int64) -> Bool {
        switch self {
        case .exists: true
        case .tag(let tag): tag.integer == integer || tag.text.isEmpty
        case .integer(let range): range.contains(integer)
        case .number(let range): range.contains(Double(integer))
        case .string, .boolean: false
        }
    }

    func holds(double: Double) -> Bool {
        switch self {
        case .exists: true
        case .tag(let tag): tag.double == double || tag.text.isEmpty
        case .number(let range): range.contains(double)
        case .string, .boolean, .integer: false
        }
    }

    func holds(boolean: Bool) -> Bool {
        switch self {
        case .exists: true
        case .tag(let tag): tag.boolean == boolean || tag.text.isEmpty
        case .boolean(let wanted): boolean == wanted
        case .string, .number, .integer: false
        }
    }

    /// A value that is no string and has its 64 bits, as ``AttributeType`` has them.
    func holds(bits: UInt64, _ type: AttributeType) -> Bool {
        switch type {
        case .bool: holds(boolean: bits != 0)
        case .int: holds(integer: Int64(bitPattern: bits))
        case .double: holds(double: Double(bitPattern: bits))
        case .absent, .empty, .string, .array, .keyValueList, .bytes: false
        }
    }

    /// A value of bytes; of lists and raw bytes only existence can be asked.
    func holds(bytes: RawSpan, _ type: AttributeType) -> Bool {
        type == .string ? holds(string: bytes) : self == .exists
    }
}

/// The text of a tag: strings contain it, whatever the case of letters; numbers and Booleans are equal to it.
///
/// The empty text is contained in every string, number and Boolean.
package struct TagText: Hashable, Sendable {
    /// As it was given.
    package let text: String
    /// In lower case.
    private let folded: [UInt8]
    private let isASCII: Bool
    let integer: Int64?
    let double: Double?
    let boolean: Bool?

    package init(_ text: String) {
        self.text = text
        isASCII = text.utf8.allSatisfy { $0 < 0x80 }
        folded = Array(text.lowercased().utf8)
        integer = Int64(text)
        double = Double(text)
        boolean = Bool(text.lowercased())
    }

    func isContained(in string: RawSpan) -> Bool {
        // Bytes below 0x80 never stand inside of another character. A letter of other scripts whose lower case is
        // an ASCII letter (the Kelvin sign) is found as itself only.
        isASCII ? containsFolded(string) : Self.contains(Self.lowercased(string), folded)
    }

    private func containsFolded(_ string: RawSpan) -> Bool {
        guard let first = folded.first else { return true }
        guard string.byteCount >= folded.count else { return false }
        for start in 0...(string.byteCount - folded.count) where Self.folded(string[start]) == first {
            var matched = 1
            while matched < folded.count, Self.folded(string[start + matched]) == folded[matched] { matched += 1 }
            if matched == folded.count { return true }
        }
        return false
    }

    private static func folded(_ byte: UInt8) -> UInt8 {
        byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
    }

    private static func lowercased(_ bytes: RawSpan) -> [UInt8] {
        Array(String(decoding: [UInt8](bytes), as: UTF8.self).lowercased().utf8)
    }

    private static func contains(_ text: [UInt8], _ part: [UInt8]) -> Bool {
        guard text.count >= part.count else { return false }
        return (0...(text.count - part.count)).contains { text[$0...].starts(with: part) }
    }
}
