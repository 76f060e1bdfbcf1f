// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import ColumnEncoding
internal import TraceModel

/// The strings of several batches under one numbering; code 0 is the empty string.
///
/// With one batch its own codes are the numbering.
struct UnifiedStrings: ~Copyable, ByteStringSource {
    /// Whose memory `strings` reads.
    private let owner: SpanBatchView?
    private var merged: ByteDictionary
    private let strings: ByteDictionaryView
    /// By source.
    private var codes: CodeMap
    private let isIdentity: Bool

    /// - Parameter seed: Of a hash; random, as senders choose the strings.
    init(_ sources: [SpanBatchView], pool: SlabPool, seed: UInt64) {
        isIdentity = sources.count <= 1
        merged = ByteDictionary(arena: SlabArena(pool: pool), seed: seed)
        codes = CodeMap(capacity: isIdentity ? 1 : sources.reduce(0) { $0 + $1.strings.count })
        if !isIdentity {
            for source in sources {
                codes.beginList()
                for code in 0..<source.strings.count {
                    codes.append(merged.code(for: source.strings[UInt32(truncatingIfNeeded: code)]))
                }
            }
        }
        owner = sources.first
        strings = isIdentity ? sources.first?.strings ?? merged.view() : merged.view()
    }

    var count: Int { strings.count }

    /// How many strings a source has.
    func count(of source: UInt32) -> Int { isIdentity ? strings.count : codes.count(of: Int(source)) }

    /// The common code of a source's string.
    @inline(__always) func code(_ source: UInt32, _ code: UInt32) -> UInt32 {
        isIdentity ? code : codes[Int(source), code]
    }

    subscript(code: UInt32) -> RawSpan {
        @_lifetime(borrow self)
        get { strings[code] }
    }
}
