// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
package import TraceModel

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
    /// A value of the operand's kind that compares so with it.
    case compares(Comparison, Operand)
    /// A string that the pattern matches, or does not match if it is negated.
    case matches(TextPattern)

    package func holds(string: RawSpan) -> Bool {
        switch self {
        case .exists: true
        case .tag(let tag): tag.isContained(in: string)
        case .string(let bytes): string.isEqual(to: bytes.rawSpan)
        case .compares(let comparison, .string(let bytes)): comparison.holds(string, bytes)
        case .matches(let pattern): pattern.holds(string)
        case .integer, .number, .boolean, .compares: false
        }
    }

    package func holds(integer: Int64) -> Bool {
        switch self {
        case .exists: true
        case .tag(let tag): tag.holds(integer) || tag.text.isEmpty
        case .integer(let range): range.contains(integer)
        case .number(let range): range.contains(Double(integer))
        case .compares(let comparison, .integer(let operand)), .compares(let comparison, .duration(let operand)):
            comparison.holds(integer, operand)
        case .string, .boolean, .compares, .matches: false
        }
    }

    func holds(double: Double) -> Bool {
        switch self {
        case .exists: true
        case .tag(let tag): tag.double == double || tag.text.isEmpty
        case .number(let range): range.contains(double)
        case .compares(let comparison, .double(let operand)): comparison.holds(double, operand)
        case .compares(let comparison, .duration(let operand)): comparison.holds(double, Double(operand))
        case .string, .boolean, .integer, .compares, .matches: false
        }
    }

    func holds(boolean: Bool) -> Bool {
        switch self {
        case .exists: true
        case .tag(let tag): tag.boolean == boolean || tag.text.isEmpty
        case .boolean(let wanted): boolean == wanted
        case .compares(.equal, .boolean(let wanted)): boolean == wanted
        case .compares(.notEqual, .boolean(let wanted)): boolean != wanted
        case .string, .number, .integer, .compares, .matches: false
        }
    }

    /// A value that is no string and has its 64 bits, as ``AttributeType`` has them.
    package func holds(bits: UInt64, _ type: AttributeType) -> Bool {
        switch type {
        case .bool: holds(boolean: bits != 0)
        case .int: holds(integer: Int64(bitPattern: bits))
        case .double: holds(double: Double(bitPattern: bits))
        case .absent, .empty, .string, .array, .keyValueList, .bytes: false
        }
    }

    /// A value of bytes: a string, or an array, of which one element has to pass the test, or all of them a negative
    /// one. Of key-value lists and raw bytes only existence can be asked.
    func holds(bytes: RawSpan, _ type: AttributeType) -> Bool {
        switch type {
        case .string: holds(string: bytes)
        case .array: self == .exists || holds(array: bytes)
        case .absent, .empty, .bool, .int, .double, .keyValueList, .bytes: self == .exists
        }
    }

    private func holds(array: RawSpan) -> Bool {
        switch self {
        case .compares, .matches, .tag: break
        case .exists, .string, .integer, .number, .boolean: return false
        }
        let (hasPassing, isEmpty) = elements(of: array)
        guard let opposite else { return hasPassing }
        // None of the elements is so, and one could be.
        return !opposite.elements(of: array).hasPassing && (isEmpty || hasPassing)
    }

    /// Whether an element passes, and whether there is none.
    private func elements(of array: RawSpan) -> (hasPassing: Bool, isEmpty: Bool) {
        var hasPassing = false
        var isEmpty = true
        EncodedAttributes.forEachElement(in: array) { type, bits, bytes in
            isEmpty = false
            guard !hasPassing, type != .array else { return }
            hasPassing = type.isByteString ? holds(bytes: bytes, type) : holds(bits: bits, type)
        }
        return (hasPassing, isEmpty)
    }

    /// Whether an integer of the range may pass.
    func mayHold(in range: ClosedRange<Int64>) -> Bool {
        switch self {
        case .integer(let wanted): wanted.overlaps(range)
        case .compares(.equal, .integer(let operand)), .compares(.equal, .duration(let operand)):
            range.contains(operand)
        case .compares(.less, _), .compares(.lessOrEqual, _): holds(integer: range.lowerBound)
        case .compares(.greater, _), .compares(.greaterOrEqual, _): holds(integer: range.upperBound)
        case .exists, .tag, .string, .number, .boolean, .compares, .matches: true
        }
    }

    /// What values may not be, if it is about that.
    private var opposite: ValueTest? {
        switch self {
        case .compares(.notEqual, let operand): .compares(.equal, operand)
        case .matches(let pattern) where pattern.isNegated: .matches(pattern.negated)
        case .exists, .tag, .string, .integer, .number, .boolean, .compares, .matches: nil
        }
    }
}

/// How a value has to lie to an operand.
package enum Comparison: UInt8, Hashable, Sendable {
    case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual

    @inline(__always) func holds<Value: Comparable>(_ value: Value, _ operand: Value) -> Bool {
        switch self {
        case .equal: value == operand
        case .notEqual: value != operand
        case .less: value < operand
        case .lessOrEqual: value <= operand
        case .greater: value > operand
        case .greaterOrEqual: value >= operand
        }
    }

    /// Strings compare by their bytes.
    func holds(_ value: RawSpan, _ operand: [UInt8]) -> Bool {
        switch self {
        case .equal: value.isEqual(to: operand.rawSpan)
        case .notEqual: !value.isEqual(to: operand.rawSpan)
        case .less: value.precedes(operand.rawSpan)
        case .lessOrEqual: !operand.rawSpan.precedes(value)
        case .greater: operand.rawSpan.precedes(value)
        case .greaterOrEqual: !value.precedes(operand.rawSpan)
        }
    }
}

/// What a value is compared with.
package enum Operand: Hashable, Sendable {
    case string([UInt8])
    case integer(Int64)
    case double(Double)
    /// Nanoseconds: compares with integers and doubles.
    case duration(Int64)
    case boolean(Bool)
}

/// A test of a string by something that knows patterns.
package struct TextPattern: Hashable, Sendable {
    /// As it was given: patterns of equal text and sign are equal.
    package let text: String
    package let isNegated: Bool
    private let matches: @Sendable (RawSpan) -> Bool

    package init(_ text: String, isNegated: Bool, matches: @escaping @Sendable (RawSpan) -> Bool) {
        self.text = text
        self.isNegated = isNegated
        self.matches = matches
    }

    func holds(_ string: RawSpan) -> Bool { matches(string) != isNegated }

    var negated: TextPattern { TextPattern(text, isNegated: !isNegated, matches: matches) }

    package static func == (a: Self, b: Self) -> Bool { a.text == b.text && a.isNegated == b.isNegated }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(text)
        hasher.combine(isNegated)
    }
}

/// The text of a tag: strings contain it, whatever the case of letters; numbers and Booleans are equal to it. An array
/// has it if an element does.
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

    /// `2` and `2.0` are the integer 2; what is written as an integer is compared as one, with all its digits.
    func holds(_ value: Int64) -> Bool { integer.map { $0 == value } ?? (double == Double(value)) }

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
