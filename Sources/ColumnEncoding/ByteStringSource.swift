// SPDX-License-Identifier: Apache-2.0

package import ByteCoding

/// Interned strings by code, as a writer holds them.
///
/// The encoders ask once for every distinct string and then work on their own copy, so that a witness call a string
/// is all that being generic costs.
package protocol ByteStringSource: ~Copyable {
    /// The bytes of a code that the caller gave out.
    subscript(code: UInt32) -> RawSpan {
        @_lifetime(borrow self)
        get
    }
}

extension ByteDictionaryView: ByteStringSource {}

/// Strings side by side in one run of bytes.
struct StringGathering: ~Copyable {
    private(set) var bytes = ByteWriter()
    /// Where each string ends.
    private var ends = FlatBuffer<Int>()

    var count: Int { ends.count }
    var byteCount: Int { bytes.count }

    subscript(index: Int) -> RawSpan {
        @_lifetime(borrow self)
        get { bytes.bytes.extracting(range(index)) }
    }

    func byteCount(_ index: Int) -> Int { range(index).count }

    mutating func removeAll() {
        bytes.removeAll()
        ends.removeAll()
    }

    mutating func append(_ string: RawSpan) {
        bytes.append(string)
        ends.append(bytes.count)
    }

    /// Copies one of other strings.
    mutating func append(_ strings: borrowing StringGathering, _ index: Int) { append(strings[index]) }

    /// Takes the strings of `codes`, in this order.
    mutating func gather<Source: ByteStringSource & ~Copyable>(
        _ codes: Span<UInt32>, from source: borrowing Source
    ) {
        removeAll()
        for index in codes.indices { append(source[codes[index]]) }
    }

    private func range(_ index: Int) -> Range<Int> { (index > 0 ? ends[index &- 1] : 0)..<ends[index] }
}

extension RawSpan {
    /// How many bytes both spans begin with.
    func sharedPrefixByteCount(with other: RawSpan) -> Int {
        let limit = min(byteCount, other.byteCount)
        var at = 0
        while at &+ 8 <= limit {
            let difference = littleEndianWord(at: at) ^ other.littleEndianWord(at: at)
            if difference != 0 { return at &+ difference.trailingZeroBitCount / 8 }
            at &+= 8
        }
        while at < limit && self[at] == other[at] { at &+= 1 }
        return at
    }

    /// How many bytes both spans end with.
    func sharedSuffixByteCount(with other: RawSpan) -> Int {
        let limit = min(byteCount, other.byteCount)
        var shared = 0
        while shared < limit && self[byteCount &- shared &- 1] == other[other.byteCount &- shared &- 1] {
            shared &+= 1
        }
        return shared
    }
}
