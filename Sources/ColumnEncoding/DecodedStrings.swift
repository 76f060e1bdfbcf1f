// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

/// Byte strings that came out of a chunk or dictionary: one run of bytes and where each string ends in it.
///
/// A chunk with a local dictionary keeps its ``codes``, so that a predicate can be judged once an entry.
package struct DecodedStrings: ~Copyable {
    private var bytes = ByteWriter()
    private var ends = FlatBuffer<UInt32>()
    var rowCodes = FlatBuffer<UInt32>()
    var usesCodes = false

    init() {}

    /// Rows, or entries where there are no codes.
    package var count: Int { usesCodes ? rowCodes.count : ends.count }

    /// Distinct entries; as many as rows where there are no codes (and then they may repeat).
    package var entryCount: Int { ends.count }

    /// Bytes of all entries.
    package var byteCount: Int { bytes.count }

    /// The entry of each row, all below ``entryCount``; empty where row i is entry i: see ``isDictionary``.
    package var codes: Span<UInt32> {
        @_lifetime(borrow self)
        get { rowCodes.span }
    }

    /// Whether rows refer to sorted distinct entries by ``codes``.
    package var isDictionary: Bool { usesCodes }

    /// The string of a row. Traps outside of 0..<count.
    package subscript(row: Int) -> RawSpan {
        @_lifetime(borrow self)
        get { entry(usesCodes ? Int(rowCodes[row]) : row) }
    }

    /// An entry. Traps outside of 0..<entryCount.
    @_lifetime(borrow self)
    package func entry(_ index: Int) -> RawSpan {
        bytes.bytes.extracting(Int(index > 0 ? ends[index - 1] : 0)..<Int(ends[index]))
    }

    mutating func append(_ string: RawSpan) {
        bytes.append(string)
        closeEntry()
    }

    /// Adds to the entry that ``closeEntry()`` ends.
    mutating func extendEntry(_ part: RawSpan) { bytes.append(part) }
    mutating func extendEntry(_ byte: UInt8) { bytes.append(byte) }

    // The decoders allow fewer than 2³² bytes.
    mutating func closeEntry() { ends.append(UInt32(truncatingIfNeeded: bytes.count)) }
}

extension DecodedStrings: ByteStringSource {
    /// An entry by code, for writers that merge chunks. Traps outside of 0..<entryCount.
    package subscript(code: UInt32) -> RawSpan {
        @_lifetime(borrow self)
        get { entry(Int(code)) }
    }
}
