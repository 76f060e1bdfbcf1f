// SPDX-License-Identifier: Apache-2.0

/// One column's UInt64 values of one row group as bytes: an encoding id, then that encoding's body.
///
/// The number of values is not stored; reader and writer both know it. Signed and floating-point columns come here
/// as ``OrderedKey``s. Varints are LEB128, bits are laid down as BitPacking.swift draws it, arithmetic wraps at 2⁶⁴.
///
/// ```
/// chunk      = flat | delta | runs | dictionary
/// flat       = plain | sparse
/// plain      = constant | packed | varint | binned
///
/// constant   │ 0 │ value, varint │                                   no values: value 0
/// packed     │ 1 │ base, varint │ width, 1 byte (1…64) │ count × width bits │     value = base + field
/// varint     │ 2 │ base, varint │ count × varint │                              value = base + varint
/// delta      │ 3 │ first value, varint │ flat of count - 1 zig-zag differences to the value before │
/// runs       │ 4 │ run count r, varint (1…count) │ flat of r values │ flat of r (lengths - 1) │
/// dictionary │ 5 │ size d, varint (1…256) │ first value, varint │ (d - 1) × gap to the one before, varint │
///            │ CodeChunk of count codes into the ascending values │
/// binned     │ 6 │ base, varint │ bin count b, 1 byte (2…16) │ b × (lower, varint; width, 1 byte, 0…64) │
///            │ count codes of ⌈log₂ b⌉ bits │ count mantissas, each of its bin's width │
///            value = base + lower[code] + mantissa
/// sparse     │ 7 │ common value, varint │ exception count e, varint (1…count) │
///            │ plain of e gaps: common values before the exception, since the one before │
///            │ plain of e (exception - common value - 1) │
/// ```
/// Each run of bits is filled up with zero bits to a whole byte.
///
/// - SeeAlso: docs/FORMAT-ENCODINGS.md, "Integer chunks".
package enum IntegerChunk {}

/// The first byte of an ``IntegerChunk``; part of the format.
package enum IntegerEncoding: UInt8, Sendable, CaseIterable {
    case constant = 0
    case packed = 1
    case varint = 2
    case delta = 3
    case runs = 4
    case dictionary = 5
    case binned = 6
    case sparse = 7

    /// Whether a general compressor may still find something in a chunk of this encoding.
    package var mayCompress: Bool {
        self == .dictionary || self == .runs || self == .varint || self == .packed
    }
}

/// What one pass over a column's values tells: the range, and how many there are if that was found on the way.
package struct IntegerStatistics: Equatable, Sendable {
    /// 0 for no values.
    package var minimum: UInt64
    /// 0 for no values.
    package var maximum: UInt64
    /// Known exactly when the column has up to 256 distinct values and they were counted, else nil.
    package var distinctCount: Int?

    package init(minimum: UInt64, maximum: UInt64, distinctCount: Int? = nil) {
        self.minimum = minimum
        self.maximum = maximum
        self.distinctCount = distinctCount
    }
}

/// What ``IntegerChunk/encode(_:into:scratch:)`` did.
package struct EncodedIntegers: Equatable, Sendable {
    package var encoding: IntegerEncoding
    package var statistics: IntegerStatistics
}
