// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

/// How a list of strings is laid down inside of a ``ByteStringChunk``; the first byte of the list, part of the format.
///
/// ```
/// raw       │ 0 │ total byte count, varint │ IntegerChunk of lengths │ the strings' bytes │
/// front     │ 1 │ total byte count, varint │ IntegerChunk of byte counts shared with the string before │
///           │ IntegerChunk of rest lengths │ the rests' bytes │
/// template  │ 2 │ total byte count, varint │ string length L, varint │ the first string, L bytes │
///           │ ⌈L / 8⌉ bytes: bit p set where position p varies │ string by string its varying hexadecimal digits,
///             4 bits each, as in BitPacking.swift │
/// decimal   │ 3 │ total byte count, varint │ prefix: length, varint, bytes │ suffix: the same │
///           │ IntegerChunk of the numbers │      string = prefix + number without leading zeros + suffix
/// ipv4      │ 4 │ total byte count, varint │ IntegerChunk of the addresses, first number most significant │
/// ```
enum StringForm: UInt8, CaseIterable {
    case raw = 0
    case front = 1
    /// All of one length, differing only in lower-case hexadecimal digits: UUIDs, hashes, padded numbers.
    case template = 2
    case decimal = 3
    case ipv4 = 4

    /// Longer strings than this are not looked at for a template.
    static let templateByteLimit = 256
}
