// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

/// The distinct byte strings of an answer, numbered in the order of their first appearance.
package struct TextTable: Sendable {
    private var bytes: [UInt8] = []
    private var ends: [Int] = []
    private var arePlain: [Bool] = []
    private var legible: [Int32] = []
    private var numbers: [[UInt8]: Int32] = [:]
    /// Whether there are strings that are no UTF-8.
    private(set) var hasIllegible = false

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
        numbers[text] = number
        arePlain.append(Self.isPlain(text))
        legible.append(number)
        if !arePlain[Int(number)], String(validating: text, as: UTF8.self) == nil {
            hasIllegible = true
            legible[Int(number)] = self.number(of: Array(String(decoding: text, as: UTF8.self).utf8))
        }
        return number
    }

    /// A string. Traps on a number that was not given out.
    @_lifetime(borrow self)
    package func text(_ number: Int32) -> RawSpan { bytes.rawSpan.extracting(range(number)) }

    /// A string byte by byte. Traps on a number that was not given out.
    @_lifetime(borrow self)
    package func utf8(_ number: Int32) -> Span<UInt8> { bytes.span.extracting(range(number)) }

    /// A copy of a string.
    package subscript(number: Int32) -> [UInt8] { Array(bytes[range(number)]) }

    /// Whether a string is ASCII without control characters, quotation marks and backslashes.
    package func isPlain(_ number: Int32) -> Bool { arePlain[Int(number)] }

    /// The number of the text that a string is shown as: of what is no UTF-8 that with U+FFFD.
    package func legible(_ number: Int32) -> Int32 { legible[Int(number)] }

    package func byteCount(_ number: Int32) -> Int { range(number).count }

    /// By number, the places that some strings have among them in the order of their bytes; 0 of others.
    func ranks(of numbers: Set<Int32>) -> [Int] {
        let ordered = numbers.map { (number: $0, text: self[$0]) }.sorted {
            $0.text.lexicographicallyPrecedes($1.text)
        }
        var ranks = [Int](repeating: 0, count: count)
        for (rank, text) in ordered.enumerated() { ranks[Int(text.number)] = rank }
        return ranks
    }

    private func range(_ number: Int32) -> Range<Int> { (number > 0 ? ends[Int(number) - 1] : 0)..<ends[Int(number)] }

    private static func isPlain(_ text: [UInt8]) -> Bool {
        text.allSatisfy { byte in
            byte >= 0x20 && byte < 0x80 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
        }
    }
}
