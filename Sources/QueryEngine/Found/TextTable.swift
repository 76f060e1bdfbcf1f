// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

/// The distinct byte strings of an answer, numbered in the order of their first appearance.
package struct TextTable: Sendable {
    /// What a writer has to heed.
    package enum Form: UInt8, Sendable {
        /// ASCII without control characters, quotation marks and backslashes.
        case plain
        /// Other UTF-8.
        case text
        /// What is no UTF-8.
        case bytes
    }

    private var bytes: [UInt8] = []
    private var ends: [Int] = []
    private var forms: [Form] = []
    private var numbers: [[UInt8]: Int32] = [:]

    /// Of one string.
    private(set) var longestByteCount = 0

    package init() {}

    package var count: Int { ends.count }

    /// Bytes in memory, about: each is there twice.
    package var byteCount: Int { 2 * bytes.count + ends.count * 96 }

    /// The number of a string, a new one if it was not seen.
    package mutating func number(of text: [UInt8]) -> Int32 {
        if let number = numbers[text] { return number }
        let number = Int32(truncatingIfNeeded: ends.count)
        bytes += text
        ends.append(bytes.count)
        longestByteCount = max(longestByteCount, text.count)
        forms.append(Self.form(of: text))
        numbers[text] = number
        return number
    }

    /// A string. Traps on a number that was not given out.
    @_lifetime(borrow self)
    package func text(_ number: Int32) -> RawSpan { bytes.rawSpan.extracting(range(number)) }

    /// A copy of a string.
    package subscript(number: Int32) -> [UInt8] { Array(bytes[range(number)]) }

    package func form(_ number: Int32) -> Form { forms[Int(number)] }

    package func byteCount(_ number: Int32) -> Int { range(number).count }

    /// The places that some strings have among them in the order of their bytes.
    package func ranks(of numbers: Set<Int32>) -> [Int32: Int] {
        let ordered = numbers.map { (number: $0, text: self[$0]) }.sorted {
            $0.text.lexicographicallyPrecedes($1.text)
        }
        return Dictionary(uniqueKeysWithValues: ordered.enumerated().map { ($0.element.number, $0.offset) })
    }

    private func range(_ number: Int32) -> Range<Int> { (number > 0 ? ends[Int(number) - 1] : 0)..<ends[Int(number)] }

    private static func form(of text: [UInt8]) -> Form {
        let isPlain = text.allSatisfy { byte in
            byte >= 0x20 && byte < 0x80 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
        }
        if isPlain { return .plain }
        return String(validating: text, as: UTF8.self) == nil ? .bytes : .text
    }
}
