// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import ColumnEncoding

/// A made-up column in chunks as the cache keeps them, and a condition on it: what a search scans.
package struct ScanColumn: Sendable {
    package enum Kind: String, CaseIterable, Sendable {
        /// Equality on codes of 8 bits, as of span names.
        case codes8 = "scan-codes-8"
        /// Codes of 8 bits that do not follow each other, as a pattern finds them.
        case codeSet8 = "scan-code-set-8"
        /// Equality on codes of 12 bits, which are spread to bytes first.
        case codes12 = "scan-codes-12"
        /// Equality on codes of 16 bits.
        case codes16 = "scan-codes-16"
        /// A lower bound of durations in nanoseconds, in bins of different widths.
        case durations = "scan-durations"
        /// A range of doubles.
        case doubles = "scan-doubles"
    }

    /// As many as a row group has, about.
    package static let valuesInChunk = 8_000
    private static let distinctChunkCount = 25

    package let kind: Kind
    private let isCode: Bool
    private let wanted: ValueSet
    private let codeCount: Int
    private let chunks: [[UInt8]]

    package init(_ kind: Kind) {
        self.kind = kind
        var random = ScanRandom()
        let codeCount = [Kind.codes8: 200, .codeSet8: 200, .codes12: 4_000, .codes16: 60_000][kind] ?? 0
        isCode = codeCount > 0
        self.codeCount = codeCount
        switch kind {
        case .codeSet8: wanted = ValueSet(verdicts: (0..<codeCount).map { $0 % 7 == 3 })
        case .codes8, .codes12, .codes16: wanted = ValueSet(verdicts: (0..<codeCount).map { $0 == codeCount / 3 })
        case .durations: wanted = ValueSet(50_000_000...UInt64(Int64.max))
        case .doubles: wanted = ValueSet(OrderedKey.key(10.0)...OrderedKey.key(40.0))
        }
        chunks = (0..<Self.distinctChunkCount).map { _ in
            switch kind {
            case .durations: Self.chunk(ofIntegers: { UInt64(1_000 * random.skewed()) })
            case .doubles: Self.chunk(ofIntegers: { OrderedKey.key(random.skewed() / 1_000) })
            case .codes8, .codeSet8, .codes12, .codes16:
                Self.chunk(ofCodes: { UInt32(random.next() % UInt64(codeCount)) })
            }
        }
    }

    private static func chunk(ofIntegers next: () -> UInt64) -> [UInt8] {
        var values = FlatBuffer<UInt64>()
        var out = ByteWriter()
        var scratch = EncodingScratch()
        for _ in 0..<valuesInChunk { values.append(next()) }
        IntegerChunk.encode(values.span, into: &out, scratch: &scratch)
        return out.array()
    }

    private static func chunk(ofCodes next: () -> UInt32) -> [UInt8] {
        var codes = FlatBuffer<UInt32>()
        var out = ByteWriter()
        var scratch = EncodingScratch()
        for _ in 0..<valuesInChunk { codes.append(next()) }
        CodeChunk.encode(codes.span, into: &out, scratch: &scratch)
        return out.array()
    }

    /// Bytes of a value as memory would hold it: codes in one or two, numbers in eight.
    package var decodedByteCount: Int { isCode ? (codeCount <= 256 ? 1 : 2) : 8 }

    /// Bytes of ``valuesInChunk`` values as they are stored, on average.
    package var chunkByteCount: Int { chunks.reduce(0) { $0 + $1.count } / chunks.count }

    /// Scans as many chunks, the distinct ones over and over.
    ///
    /// - Returns: How many values were found.
    package func scan(chunkCount: Int) throws -> Int {
        var found = 0
        for index in 0..<chunkCount {
            let chunk = chunks[index % chunks.count]
            found += try scan(chunk.rawSpan)
        }
        return found
    }

    /// A column of so many chunks in one piece of memory.
    package func laidOut(chunkCount: Int) -> LaidOut {
        var out = LaidOut()
        for index in 0..<chunkCount {
            out.bytes += chunks[index % chunks.count]
            out.ends.append(out.bytes.count)
        }
        return out
    }

    package struct LaidOut: Sendable {
        fileprivate(set) var bytes: [UInt8] = []
        fileprivate var ends: [Int] = []
    }

    /// Scans a column that was laid out, from its first chunk to its last.
    ///
    /// - Returns: How many values were found.
    package func scan(_ column: LaidOut) throws -> Int {
        var found = 0
        var start = 0
        let bytes = column.bytes.rawSpan
        for end in column.ends {
            found += try scan(bytes.extracting(start..<end))
            start = end
        }
        return found
    }

    private func scan(_ chunk: RawSpan) throws -> Int {
        let rows =
            isCode
            ? try CodeChunk.rows(chunk, count: Self.valuesInChunk, wanted, limit: codeCount)
            : try IntegerChunk.rows(chunk, count: Self.valuesInChunk, wanted)
        return rows.markedCount
    }
}

/// SplitMix64.
private struct ScanRandom {
    private var state: UInt64 = 1

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// A number about 5,000, log-normal with a standard deviation of 1.8 (of the natural logarithm), about: durations look
    /// like this.
    mutating func skewed() -> Double {
        var value = 5_000.0
        for _ in 0..<20 {
            let step = 1 + Double(next() >> 11) / 9_007_199_254_740_992
            if next() & 1 == 0 { value *= step } else { value /= step }
        }
        return value
    }
}
