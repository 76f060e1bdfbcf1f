// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

/// Replaces codes by their rank among the codes that occur with the same context, the most frequent one first.
///
/// Most columns of a span follow from its name: the span kind, the method, the table, the peer. Their ranks are then
/// nearly all 0, which the flat encodings turn into a bit or less a row.
///
/// ```
/// context (name)   codes seen with it, by frequency      row:     name    4  4  9  4  9
///       4          17, 3                                          code   17 17  2  3  2
///       9          2                                              rank    0  0  0  1  0
/// ```
struct ContextRanking: ~Copyable {
    /// More pairs of context and code than this would cost more than they save.
    private static let pairLimit = 2048
    /// Contexts are looked up in a table of this size at most.
    static let contextLimit = 1 << 16

    private struct Pair: BitwiseCopyable {
        var context: UInt32
        var code: UInt32
        var count: UInt32
        /// Before ``finish()`` the pair's number, then its rank.
        var rank: UInt32
    }

    private var pairs = FlatBuffer<Pair>()
    private var slots = FlatBuffer<UInt32>(repeating: 0, count: pairLimit * 2)
    /// By context: the pair that was seen last plus 1, or 0.
    private var lastPairs = FlatBuffer<UInt32>()
    private var rowPairs = FlatBuffer<UInt32>()
    private var pairRanks = FlatBuffer<UInt32>()

    /// In ascending order, the first as it is, then the gaps less 1.
    private(set) var contextGaps = FlatBuffer<UInt64>()
    /// By context: how many codes it has, less 1.
    private(set) var listLengths = FlatBuffer<UInt64>()
    /// The lists one behind the other.
    private(set) var codes = FlatBuffer<UInt64>()
    private(set) var ranks = FlatBuffer<UInt64>()

    /// Ranks `codes` under `contexts`, one each a row.
    ///
    /// - Returns: False if it is not worth it: too many contexts, or codes that do not follow from them.
    mutating func rank(_ codes: Span<UInt32>, under contexts: Span<UInt32>) -> Bool {
        precondition(codes.count == contexts.count)
        guard collect(codes, contexts) else { return false }
        finish()
        ranks.removeAll()
        for row in 0..<rowPairs.count { ranks.append(UInt64(pairRanks[Int(rowPairs[row])])) }
        return true
    }

    private mutating func collect(_ codes: Span<UInt32>, _ contexts: Span<UInt32>) -> Bool {
        var highest: UInt32 = 0
        for row in contexts.indices { highest = max(highest, contexts[row]) }
        guard highest < Self.contextLimit else { return false }
        slots.fill(with: 0)
        pairs.removeAll()
        rowPairs.removeAll()
        lastPairs.removeAll()
        lastPairs.resize(to: Int(highest) + 1, filling: 0)
        for row in codes.indices {
            let context = contexts[row]
            let code = codes[row]
            var pair = Int(lastPairs[Int(context)]) &- 1
            if pair < 0 || pairs[pair].code != code {
                pair = find(context, code)
                guard pairs.count <= min(Self.pairLimit, 64 + row / 4) else { return false }
                lastPairs[Int(context)] = UInt32(truncatingIfNeeded: pair &+ 1)
            }
            pairs[pair].count &+= 1
            rowPairs.append(UInt32(truncatingIfNeeded: pair))
        }
        return true
    }

    private mutating func find(_ context: UInt32, _ code: UInt32) -> Int {
        let key = UInt64(context) &<< 32 | UInt64(code)
        let mask = slots.count &- 1
        var slot = Int(truncatingIfNeeded: (key &* 0x9e37_79b9_7f4a_7c15) &>> 40) & mask
        while slots[slot] != 0 {
            let pair = pairs[Int(slots[slot]) &- 1]
            if pair.code == code && pair.context == context { return Int(slots[slot]) &- 1 }
            slot = (slot &+ 1) & mask
        }
        pairs.append(
            Pair(context: context, code: code, count: 0, rank: UInt32(truncatingIfNeeded: pairs.count)))
        slots[slot] = UInt32(truncatingIfNeeded: pairs.count)
        return pairs.count &- 1
    }

    /// Sorts the pairs into lists and gives each its rank.
    private mutating func finish() {
        pairs.sort(0..<pairs.count) { a, b in
            if a.context != b.context { return a.context < b.context }
            return a.count != b.count ? a.count > b.count : a.code < b.code
        }
        contextGaps.removeAll()
        listLengths.removeAll()
        codes.removeAll()
        pairRanks.removeAll()
        pairRanks.resize(to: pairs.count, filling: 0)
        var rank: UInt32 = 0
        for index in 0..<pairs.count {
            let pair = pairs[index]
            if index > 0 && pairs[index - 1].context == pair.context {
                rank += 1
                listLengths[listLengths.count - 1] += 1
            } else {
                rank = 0
                let previous = index > 0 ? UInt64(pairs[index - 1].context) + 1 : 0
                contextGaps.append(UInt64(pair.context) - previous)
                listLengths.append(0)
            }
            pairRanks[Int(pair.rank)] = rank
            codes.append(UInt64(pair.code))
        }
    }
}

/// The lists of a ranked chunk, as read back.
struct ContextLists: ~Copyable {
    private var codes = FlatBuffer<UInt64>()
    /// By context: where its list starts, and ends; both 0 where it has none.
    private var starts = FlatBuffer<UInt32>()
    private var ends = FlatBuffer<UInt32>()

    /// - Parameter limit: No more contexts, and no more codes, than there are rows.
    init(_ bytes: RawSpan, _ cursor: inout ByteCursor, limit: Int) throws(ByteCodingError) {
        let contextCount = try cursor.count(bytes, limit: limit)
        var gaps = FlatBuffer<UInt64>(capacity: contextCount)
        var lengths = FlatBuffer<UInt64>(capacity: contextCount)
        try IntegerChunk.decodeFlat(bytes, &cursor, contextCount, 0..<contextCount, &gaps)
        try IntegerChunk.decodeFlat(bytes, &cursor, contextCount, 0..<contextCount, &lengths)
        var end = 0
        for index in 0..<contextCount {
            guard gaps[index] < UInt64(ContextRanking.contextLimit - starts.count),
                lengths[index] < UInt64(limit - end)
            else { throw ByteCodingError(.corrupted, "context lists") }
            let context = starts.count + Int(gaps[index])
            starts.resize(to: context, filling: 0)
            ends.resize(to: context, filling: 0)
            starts.append(UInt32(end))
            end += Int(lengths[index]) + 1
            ends.append(UInt32(end))
        }
        try IntegerChunk.decodeFlat(bytes, &cursor, end, 0..<end, &codes)
        for index in 0..<codes.count where codes[index] > UInt64(UInt32.max) {
            throw ByteCodingError(.corrupted, "context lists")
        }
    }

    /// Appends the codes that have `ranks` under `contexts`.
    func append(
        _ ranks: Span<UInt64>, under contexts: Span<UInt32>, to out: inout FlatBuffer<UInt32>
    ) throws(ByteCodingError) {
        let start = out.count
        out.resize(to: start + ranks.count, filling: 0)
        var target = out.mutableSpan
        let codes = codes.span
        let starts = starts.span
        let ends = ends.span
        for row in ranks.indices {
            let context = Int(contexts[row])
            guard context < starts.count, ranks[row] < UInt64(ends[context] &- starts[context]) else {
                throw ByteCodingError(.corrupted, "rank of a code")
            }
            target[start &+ row] = UInt32(truncatingIfNeeded: codes[Int(starts[context]) &+ Int(ranks[row])])
        }
    }
}
