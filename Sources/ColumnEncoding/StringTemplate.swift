// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

/// Which positions of strings of one length vary.
struct StringTemplate: ~Copyable {
    private(set) var varying = FlatBuffer<Int>()
    private(set) var byteCount = 0

    /// Looks for a template; false if the strings have different lengths or vary in other than hexadecimal digits.
    mutating func find(in strings: borrowing StringGathering) -> Bool {
        varying.removeAll()
        guard strings.count > 1 else { return false }
        byteCount = strings.byteCount(0)
        guard byteCount > 0, byteCount <= StringForm.templateByteLimit,
            strings.byteCount == byteCount * strings.count
        else { return false }
        var differs = FlatBuffer<UInt8>(repeating: 0, count: byteCount)
        for index in 1..<strings.count {
            guard strings.byteCount(index) == byteCount, Self.mark(&differs, strings[0], strings[index]) else {
                return false
            }
        }
        for position in 0..<byteCount where differs[position] != 0 {
            guard Self.nibble(strings[0][position]) != nil else { return false }
            varying.append(position)
        }
        return true
    }

    /// Marks where `string` differs from `first`; false if by anything but a digit.
    private static func mark(_ differs: inout FlatBuffer<UInt8>, _ first: RawSpan, _ string: RawSpan) -> Bool {
        for position in 0..<first.byteCount where string[position] != first[position] {
            guard nibble(string[position]) != nil else { return false }
            differs[position] = 1
        }
        return true
    }

    @inline(__always) static func nibble(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit &- 0x30
        case 0x61...0x66: digit &- 0x61 &+ 10
        default: nil
        }
    }

    @inline(__always) static func digit(_ nibble: UInt8) -> UInt8 {
        nibble < 10 ? 0x30 &+ nibble : 0x57 &+ nibble
    }
}
