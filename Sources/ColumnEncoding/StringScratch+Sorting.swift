// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

/// Eight bytes of a string behind what all strings share, so that most comparisons need no string.
struct StringSortKey: BitwiseCopyable {
    var bytes: UInt64
    var index: UInt32
}

extension StringScratch {
    /// Fills `sorted` with the strings in bytewise order, and `ranks` with each one's place there.
    mutating func sort() {
        let skipped = sharedPrefixByteCount()
        order.removeAll()
        ranks.removeAll()
        ranks.resize(to: strings.count, filling: 0)
        for index in 0..<strings.count {
            order.append(
                StringSortKey(bytes: key(strings[index], skipped), index: UInt32(truncatingIfNeeded: index)))
        }
        order.sort(strings)
        sorted.removeAll()
        for rank in 0..<order.count {
            let index = Int(order[rank].index)
            sorted.append(strings, index)
            ranks[index] = UInt32(truncatingIfNeeded: rank)
        }
    }

    private func sharedPrefixByteCount() -> Int {
        guard strings.count > 0 else { return 0 }
        var shared = strings[0].byteCount
        for index in 1..<max(1, strings.count) where shared > 0 {
            shared = min(shared, strings[0].sharedPrefixByteCount(with: strings[index]))
        }
        return shared
    }

    /// The bytes from `offset`, first one most significant, zeros behind the end.
    private func key(_ string: RawSpan, _ offset: Int) -> UInt64 {
        if offset + 8 <= string.byteCount { return string.littleEndianWord(at: offset).byteSwapped }
        var key: UInt64 = 0
        for place in 0..<8 {
            let at = offset &+ place
            key = key &<< 8 | (at < string.byteCount ? UInt64(string[at]) : 0)
        }
        return key
    }
}

extension FlatBuffer<StringSortKey> {
    /// Sorts by key, and by the strings themselves where keys are equal.
    mutating func sort(_ strings: borrowing StringGathering) {
        sort(0..<count) { a, b in
            a.bytes != b.bytes ? a.bytes < b.bytes : strings[Int(a.index)].precedes(strings[Int(b.index)])
        }
    }
}
