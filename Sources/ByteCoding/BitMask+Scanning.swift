// SPDX-License-Identifier: Apache-2.0

internal import CVectorMask

// Comparing whole columns, sixteen values at a time. A range is given by its first value and how far its last lies
// above that, counted on past the greatest number to 0: so one subtraction and one comparison judge a value, and what
// lies outside of a range is a range too.

extension BitMask {
    /// The rows whose byte lies at most `extent` above `first`.
    public init(bytes: RawSpan, from first: UInt8, extent: UInt8) {
        let firsts = SIMD16(repeating: first)
        let extents = SIMD16(repeating: extent)
        var marks = [UInt64](repeating: 0, count: Self.wordCount(bytes.byteCount))
        var target = marks.mutableSpan
        for index in 0..<(bytes.byteCount &>> 6) {
            var word: UInt64 = 0
            for part in 0..<4 {
                // Safe: each of these words has 64 bytes.
                let values = unsafe bytes.unsafeLoadUnaligned(
                    fromUncheckedByteOffset: index &* 64 &+ part &* 16, as: SIMD16<UInt8>.self)
                let verdicts = SIMD16<UInt8>.zero.replacing(with: 255, where: (values &- firsts) .<= extents)
                word |= UInt64(vector_mask_bits(verdicts)) &<< UInt64(truncatingIfNeeded: part &* 16)
            }
            target[index] = word
        }
        for row in (bytes.byteCount & ~63)..<bytes.byteCount where bytes[row] &- first <= extent {
            target[row &>> 6] |= 1 &<< UInt64(row & 63)
        }
        self.init(words: marks, count: bytes.byteCount)
    }

    /// The rows whose little-endian number of two bytes lies at most `extent` above `first`.
    public init(words bytes: RawSpan, from first: UInt16, extent: UInt16) {
        let firsts = SIMD16(repeating: first)
        let extents = SIMD16(repeating: extent)
        let count = bytes.byteCount &>> 1
        // The vectors have the machine's order of bytes.
        let vectorWordCount = UInt16(1).littleEndian == 1 ? count &>> 6 : 0
        var marks = [UInt64](repeating: 0, count: Self.wordCount(count))
        var target = marks.mutableSpan
        for index in 0..<vectorWordCount {
            var word: UInt64 = 0
            for part in 0..<4 {
                // Safe: each of these words has 128 bytes.
                let values = unsafe bytes.unsafeLoadUnaligned(
                    fromUncheckedByteOffset: index &* 128 &+ part &* 32, as: SIMD16<UInt16>.self)
                let verdicts = SIMD16<UInt16>.zero.replacing(with: 255, where: (values &- firsts) .<= extents)
                let bits = vector_mask_bits(SIMD16<UInt8>(truncatingIfNeeded: verdicts))
                word |= UInt64(bits) &<< UInt64(truncatingIfNeeded: part &* 16)
            }
            target[index] = word
        }
        for row in (vectorWordCount &* 64)..<count where bytes.littleEndianHalf(at: row &* 2) &- first <= extent {
            target[row &>> 6] |= 1 &<< UInt64(row & 63)
        }
        self.init(words: marks, count: count)
    }

    /// The rows whose value lies at most `extent` above `first`.
    public init(values: Span<UInt64>, from first: UInt64, extent: UInt64) {
        var marks = [UInt64](repeating: 0, count: Self.wordCount(values.count))
        var target = marks.mutableSpan
        for index in 0..<(values.count &>> 6) {
            let part = values.extracting((index &* 64)..<(index &* 64 &+ 64))
            // Vectors of two would gain nothing. From the last row to the first a verdict is a carry that an addition
            // takes in; written as a condition it becomes a branch, which is mispredicted.
            var others: UInt64 = 0
            for bit in 0..<64 {
                // Safe: the part has 64 values, and a Bool is a byte of 0 or 1.
                let value = unsafe part[unchecked: 63 &- bit]
                let isOutside = (value &- first).addingReportingOverflow(~extent).overflow
                others = others &+ others &+ UInt64(unsafe unsafeBitCast(isOutside, to: UInt8.self))
            }
            target[index] = ~others
        }
        for row in (values.count & ~63)..<values.count where values[row] &- first <= extent {
            target[row &>> 6] |= 1 &<< UInt64(row & 63)
        }
        self.init(words: marks, count: values.count)
    }

    /// The rows whose byte has a 1 in `table`.
    ///
    /// - Parameter table: 0 or 1 for each of the 256 bytes.
    public init(bytes: RawSpan, in table: Span<UInt8>) {
        precondition(table.count == 256)
        var marks = [UInt64](repeating: 0, count: Self.wordCount(bytes.byteCount))
        var target = marks.mutableSpan
        for index in 0..<(bytes.byteCount &>> 6) {
            let part = bytes.extracting((index &* 64)..<(index &* 64 &+ 64))
            var word: UInt64 = 0
            for bit in 0..<64 {
                // Safe: the part has 64 bytes, the table an entry for each byte.
                let byte = unsafe part.unsafeLoad(fromUncheckedByteOffset: 63 &- bit, as: UInt8.self)
                word = word &+ word &+ UInt64(unsafe table[unchecked: Int(byte)])
            }
            target[index] = word
        }
        for row in (bytes.byteCount & ~63)..<bytes.byteCount {
            target[row &>> 6] |= UInt64(table[Int(bytes[row])]) &<< UInt64(row & 63)
        }
        self.init(words: marks, count: bytes.byteCount)
    }
}

extension RawSpan {
    /// The two bytes from `offset` as a little-endian number. Traps if they are not all in the span.
    @inlinable @inline(__always) public func littleEndianHalf(at offset: Int) -> UInt16 {
        precondition(offset >= 0 && byteCount &- offset >= 2)
        // Safe: the range was checked.
        return UInt16(littleEndian: unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt16.self))
    }

    /// The greatest of the bytes; 0 if there are none.
    public var greatestByte: UInt8 {
        var greatest = SIMD16<UInt8>.zero
        let vectorCount = byteCount &>> 4
        for index in 0..<vectorCount {
            // Safe: there are so many times sixteen bytes.
            let bytes = unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: index &* 16, as: SIMD16<UInt8>.self)
            greatest.replace(with: bytes, where: bytes .> greatest)
        }
        var result = greatest.max()
        for offset in (vectorCount &* 16)..<byteCount { result = Swift.max(result, self[offset]) }
        return result
    }

    /// The greatest of the little-endian numbers of two bytes; 0 if there are none.
    public var greatestHalf: UInt16 {
        var greatest = SIMD8<UInt16>.zero
        // The vectors have the machine's order of bytes.
        let vectorCount = UInt16(1).littleEndian == 1 ? byteCount &>> 4 : 0
        for index in 0..<vectorCount {
            // Safe: there are so many times sixteen bytes.
            let halves = unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: index &* 16, as: SIMD8<UInt16>.self)
            greatest.replace(with: halves, where: halves .> greatest)
        }
        var result = greatest.max()
        for index in (vectorCount &* 8)..<(byteCount &>> 1) {
            result = Swift.max(result, littleEndianHalf(at: index &* 2))
        }
        return result
    }
}
