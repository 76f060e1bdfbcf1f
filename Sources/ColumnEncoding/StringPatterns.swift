// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

/// A prefix and a suffix that all strings share, with decimal numbers between.
struct DecimalPattern: ~Copyable {
    private(set) var prefixByteCount = 0
    private(set) var suffixByteCount = 0
    private(set) var numbers = FlatBuffer<UInt64>()

    /// Looks for the pattern; false if a string does not fit it.
    mutating func find(in strings: borrowing StringGathering) -> Bool {
        numbers.removeAll()
        guard strings.count > 1, strings.byteCount(0) > 0 else { return false }
        findPrefix(in: strings)
        findSuffix(in: strings)
        for index in 0..<strings.count {
            let string = strings[index]
            let end = string.byteCount - suffixByteCount
            guard end > prefixByteCount, let number = Self.number(string.extracting(prefixByteCount..<end))
            else {
                return false
            }
            numbers.append(number)
        }
        return true
    }

    private mutating func findPrefix(in strings: borrowing StringGathering) {
        let first = strings[0]
        prefixByteCount = first.byteCount
        for index in 1..<strings.count where prefixByteCount > 0 {
            prefixByteCount = min(prefixByteCount, first.sharedPrefixByteCount(with: strings[index]))
        }
        // Digits that all share belong to the number.
        while prefixByteCount > 0 && Self.isDigit(first[prefixByteCount - 1]) { prefixByteCount -= 1 }
    }

    private mutating func findSuffix(in strings: borrowing StringGathering) {
        let first = strings[0]
        suffixByteCount = first.byteCount - prefixByteCount
        for index in 1..<strings.count where suffixByteCount > 0 {
            suffixByteCount = min(suffixByteCount, first.sharedSuffixByteCount(with: strings[index]))
        }
        while suffixByteCount > 0 && Self.isDigit(first[first.byteCount - suffixByteCount]) {
            suffixByteCount -= 1
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

    /// The number that the digits spell, nil unless writing it gives the same digits.
    private static func number(_ digits: RawSpan) -> UInt64? {
        // Nineteen digits always fit into 64 bits.
        guard digits.byteCount > 0, digits.byteCount <= 19, digits.byteCount == 1 || digits[0] != 0x30 else {
            return nil
        }
        var result: UInt64 = 0
        for position in 0..<digits.byteCount {
            guard isDigit(digits[position]) else { return nil }
            result = result &* 10 &+ UInt64(digits[position] &- 0x30)
        }
        return result
    }
}

/// Addresses of the fourth version of the internet protocol, as text.
struct AddressPattern: ~Copyable {
    /// First number most significant.
    private(set) var addresses = FlatBuffer<UInt64>()

    /// Looks for addresses; false if a string is none, or not in the form in which it would be written.
    mutating func find(in strings: borrowing StringGathering) -> Bool {
        addresses.removeAll()
        for index in 0..<strings.count {
            guard let address = Self.address(strings[index]) else { return false }
            addresses.append(UInt64(address))
        }
        return strings.count > 1
    }

    private static func address(_ text: RawSpan) -> UInt32? {
        guard text.byteCount >= 7, text.byteCount <= 15 else { return nil }
        var address: UInt32 = 0
        var number: UInt32 = 0
        var digits = 0
        var dots = 0
        for position in 0..<text.byteCount {
            let byte = text[position]
            if byte == 0x2e {
                guard digits > 0, dots < 3 else { return nil }
                address = address &<< 8 | number
                (number, digits, dots) = (0, 0, dots + 1)
            } else {
                // A number that begins with 0 is 0.
                guard byte >= 0x30, byte <= 0x39, digits == 0 || number > 0 else { return nil }
                number = number * 10 + UInt32(byte - 0x30)
                digits += 1
                guard number < 256 else { return nil }
            }
        }
        return digits > 0 && dots == 3 ? address &<< 8 | number : nil
    }
}
