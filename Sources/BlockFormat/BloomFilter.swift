// SPDX-License-Identifier: Apache-2.0

package import ByteCoding
package import TraceModel

/// Says of a trace ID (or of a key in the rest columns) that it may be in a block, or certainly is not: a
/// cache-line-blocked bloom filter.
///
/// ```
/// line count (UInt32 LE) | lines of 64 bytes
/// ```
/// A 64-bit hash of the ID (`mix(high ^ mix(low))`) chooses a line by its upper half and eight bits in the line, one in
/// each of its eight 64-bit words, by 6-bit groups of `mix(hash)`. With 12 bits a key some 0.7 % of absent IDs pass.
///
/// - SeeAlso: F. Putze, P. Sanders, J. Singler, "Cache-, Hash- and Space-Efficient Bloom Filters" (2007).
package struct BloomFilter: ~Copyable {
    private var words: FlatBuffer<UInt64>
    private let lineCount: Int

    /// An empty filter for `keyCount` trace IDs.
    package init(keyCount: Int) {
        lineCount = max(1, (keyCount * Self.bitsPerKey + 511) / 512)
        words = FlatBuffer(repeating: 0, count: lineCount * 8)
    }

    static let bitsPerKey = 12

    package mutating func insert(_ id: TraceID) { insert(hash: Self.hash(id)) }

    /// - Parameter hash: Of any key; all of its bits count.
    mutating func insert(hash: UInt64) {
        let (line, bits) = Self.place(hash, lineCount: lineCount)
        for word in 0..<8 { words[line &* 8 &+ word] |= Self.bit(word, bits) }
    }

    package func mayContain(_ id: TraceID) -> Bool { mayContain(hash: Self.hash(id)) }

    func mayContain(hash: UInt64) -> Bool {
        let (line, bits) = Self.place(hash, lineCount: lineCount)
        for word in 0..<8 where words[line &* 8 &+ word] & Self.bit(word, bits) == 0 { return false }
        return true
    }

    package func write(into out: inout ByteWriter) {
        out.append(littleEndian: UInt32(lineCount))
        for index in 0..<words.count { out.append(littleEndian: words[index]) }
    }

    /// - Throws: `.corrupted` if the bytes are not a filter.
    package init(_ bytes: RawSpan) throws(ByteCodingError) {
        var cursor = ByteCursor(over: bytes)
        let count = Int(try cursor.littleEndian(bytes, as: UInt32.self))
        guard count > 0, cursor.remaining == count * 64 else { throw ByteCodingError(.corrupted, "bloom filter") }
        var read = FlatBuffer<UInt64>(capacity: count * 8)
        for _ in 0..<(count * 8) { read.append(try cursor.littleEndian(bytes, as: UInt64.self)) }
        lineCount = count
        words = read
    }

    private static func hash(_ id: TraceID) -> UInt64 { mix(id.high ^ mix(id.low)) }

    private static func place(_ hash: UInt64, lineCount: Int) -> (line: Int, bits: UInt64) {
        let line = Int(((hash >> 32) &* UInt64(lineCount)) >> 32)
        return (line, mix(hash))
    }

    private static func bit(_ word: Int, _ bits: UInt64) -> UInt64 { 1 &<< ((bits &>> UInt64(word &* 6)) & 63) }

    /// The finaliser of MurmurHash3: every bit of the input moves every bit of the output.
    private static func mix(_ value: UInt64) -> UInt64 {
        var hash = value
        hash ^= hash &>> 33
        hash = hash &* 0xff51_afd7_ed55_8ccd
        hash ^= hash &>> 33
        hash = hash &* 0xc4ce_b9fe_1a85_ec53
        hash ^= hash &>> 33
        return hash
    }
}
