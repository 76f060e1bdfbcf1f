// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import ColumnEncoding

/// Strings of a row group that stand in no dictionary of the block.
struct LocalStrings: ~Copyable {
    /// A string's code in the last column chunk that used it.
    struct Use: BitwiseCopyable {
        var chunk: UInt32
        var code: UInt32
    }

    /// By string.
    private var uses: FlatBuffer<Use>
    private var chunkNumber: UInt32 = 0
    private var codes = FlatBuffer<UInt32>()
    private var distinct = FlatBuffer<UInt32>()

    init(stringCount: Int) { uses = FlatBuffer(repeating: Use(chunk: 0, code: 0), count: stringCount) }

    /// Appends a chunk of the strings `values`.
    mutating func encode(
        _ values: Span<UInt64>, _ strings: borrowing UnifiedStrings, into out: inout ByteWriter,
        scratch: inout EncodingScratch
    ) {
        chunkNumber += 1
        codes.removeAll()
        distinct.removeAll()
        for index in values.indices {
            let string = Int(truncatingIfNeeded: values[index])
            var use = uses[string]
            if use.chunk != chunkNumber {
                use = Use(chunk: chunkNumber, code: UInt32(truncatingIfNeeded: distinct.count))
                uses[string] = use
                distinct.append(UInt32(truncatingIfNeeded: string))
            }
            codes.append(use.code)
        }
        ByteStringChunk.encode(codes, distinct, strings, into: &out, scratch: &scratch)
    }
}
