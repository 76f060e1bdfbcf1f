// SPDX-License-Identifier: Apache-2.0

/// Finds braces, parentheses and `&&` and `||` in text, passing over strings, which need no end.
struct LenientScanner {
    private let text: [UInt8]
    private let end: Int
    private var offset: Int

    init(_ text: [UInt8], _ range: Range<Int>) {
        self.text = text
        offset = range.lowerBound
        end = range.upperBound
    }

    /// Where the byte stands next, and behind it; nil, and at the end, if nowhere.
    mutating func skip(to byte: UInt8) -> Int? {
        while offset < end {
            let place = offset
            if step() == byte { return place }
        }
        return nil
    }

    /// Behind an opening brace: where the closing one stands, or the next opening one if that is forgotten, or the end.
    mutating func endOfBraces() -> Int {
        while offset < end {
            let place = offset
            if text[place] == UInt8(ascii: "{") { return place }
            if step() == UInt8(ascii: "}") { return place }
        }
        return end
    }

    /// What stands between `&&` and `||` outside of parentheses, each with whether an `&&` stands before it.
    mutating func terms() -> [(range: Range<Int>, isAnd: Bool)] {
        var terms: [(range: Range<Int>, isAnd: Bool)] = []
        var (start, isAnd, depth) = (offset, true, 0)
        while offset < end {
            let place = offset
            switch step() {
            case UInt8(ascii: "("): depth += 1
            case UInt8(ascii: ")"): depth = max(0, depth - 1)
            case let byte where depth == 0 && (byte == UInt8(ascii: "&") || byte == UInt8(ascii: "|")):
                guard offset < end, text[offset] == byte else { continue }
                offset += 1
                terms.append((start..<place, isAnd))
                (start, isAnd) = (offset, byte == UInt8(ascii: "&"))
            default: break
            }
        }
        return terms + [(start..<end, isAnd)]
    }

    /// The byte here, and behind it; behind the whole string if one begins here.
    private mutating func step() -> UInt8 {
        let byte = text[offset]
        offset += 1
        guard byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "`") else { return byte }
        while offset < end, text[offset] != byte {
            offset += byte == UInt8(ascii: "\"") && text[offset] == UInt8(ascii: "\\") ? 2 : 1
        }
        offset = min(offset + 1, end)
        return byte
    }
}
