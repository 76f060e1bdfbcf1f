// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

/// UTF-8 as the Unicode standard defines it, table 3-7; what is ill-formed is replaced as its section 3.9 recommends:
/// one U+FFFD for each maximal subpart.
enum UTF8Text {
    /// What stands at a place in text.
    struct Step {
        /// 1 to 4.
        var byteCount: Int
        var isWellFormed: Bool
    }

    static var replacement: RawSpan {
        @_lifetime(immortal) get { ("\u{fffd}" as StaticString).rawSpan }
    }

    static func isWellFormed(_ bytes: RawSpan) -> Bool {
        isASCII(bytes) || firstFault(bytes, from: 0) == bytes.byteCount
    }

    /// Whether no byte has its high bit set.
    @inline(__always) static func isASCII(_ bytes: RawSpan) -> Bool {
        let end = bytes.byteCount
        var seen: UInt64 = 0
        var at = 0
        if end >= 8 {
            while at &+ 8 < end {
                seen |= bytes.littleEndianWord(at: at)
                at &+= 8
            }
            // The last word overlaps the one before it.
            seen |= bytes.littleEndianWord(at: end &- 8)
        } else {
            while at < end {
                seen |= UInt64(bytes[at])
                at &+= 1
            }
        }
        return seen & 0x8080_8080_8080_8080 == 0
    }

    /// Where the first ill-formed sequence from `start` on begins; the byte count if there is none.
    static func firstFault(_ bytes: RawSpan, from start: Int) -> Int {
        var at = start
        let end = bytes.byteCount
        while at < end {
            if at &+ 8 <= end && bytes.littleEndianWord(at: at) & 0x8080_8080_8080_8080 == 0 {
                at &+= 8
            } else {
                let next = step(bytes, at: at)
                if !next.isWellFormed { return at }
                at &+= next.byteCount
            }
        }
        return end
    }

    /// The sequence that begins at `start`, or the ill-formed part there.
    static func step(_ bytes: RawSpan, at start: Int) -> Step {
        let lead = bytes[start]
        if lead < 0x80 { return Step(byteCount: 1, isWellFormed: true) }
        let length: Int
        // The second byte's range depends on the first: no overlong forms, surrogates or values above U+10FFFF.
        var second: ClosedRange<UInt8> = 0x80...0xbf
        switch lead {
        case 0xc2...0xdf: length = 2
        case 0xe0: (length, second) = (3, 0xa0...0xbf)
        case 0xed: (length, second) = (3, 0x80...0x9f)
        case 0xe1...0xef: length = 3
        case 0xf0: (length, second) = (4, 0x90...0xbf)
        case 0xf1...0xf3: length = 4
        case 0xf4: (length, second) = (4, 0x80...0x8f)
        default: return Step(byteCount: 1, isWellFormed: false)
        }
        for index in 1..<length {
            let allowed = index == 1 ? second : 0x80...0xbf
            guard start + index < bytes.byteCount, allowed.contains(bytes[start + index]) else {
                return Step(byteCount: index, isWellFormed: false)
            }
        }
        return Step(byteCount: length, isWellFormed: true)
    }

    /// Appends `bytes` with every ill-formed part replaced.
    static func appendRepaired(_ bytes: RawSpan, to out: inout ByteWriter) {
        var at = 0
        while at < bytes.byteCount {
            let fault = firstFault(bytes, from: at)
            out.append(bytes.extracting(at..<fault))
            guard fault < bytes.byteCount else { return }
            out.append(replacement)
            at = fault + step(bytes, at: fault).byteCount
        }
    }
}
