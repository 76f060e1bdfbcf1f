// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import ColumnEncoding

/// The strings that the values of one column of one decoded row group refer to, where the output has no dictionary.
final class ChunkStrings {
    /// From the row group.
    private let local: BlockReader.Shared<DecodedStrings>?
    /// Of the input.
    private let dictionary: MergedDictionary.Source?
    let entryCount: Int
    /// Whether no two entries are equal.
    let isDistinct: Bool

    init(_ local: consuming DecodedStrings) {
        entryCount = local.entryCount
        isDistinct = local.isDictionary
        self.local = BlockReader.Shared(local)
        dictionary = nil
    }

    init(_ dictionary: MergedDictionary.Source) {
        entryCount = dictionary.value.count
        isDistinct = true
        local = nil
        self.dictionary = dictionary
    }

    /// The code that `table` has for an entry.
    func intern(_ entry: Int, into table: inout ByteDictionary) -> UInt32 {
        if let local { return local.value.intern(entry, into: &table) }
        return dictionary?.value.intern(UInt32(entry), into: &table) ?? 0
    }

    func byteCount(_ entry: Int) -> Int { local?.value.byteCount(entry) ?? dictionary?.value.byteCount(entry) ?? 0 }

    func bytes(_ entry: Int) -> [UInt8] { local?.value.bytes(entry) ?? dictionary?.value.value(entry).bytes ?? [] }
}

extension DecodedStrings {
    fileprivate func intern(_ entry: Int, into table: inout ByteDictionary) -> UInt32 {
        table.code(for: self.entry(entry))
    }

    fileprivate func byteCount(_ entry: Int) -> Int { self.entry(entry).byteCount }
    fileprivate func bytes(_ entry: Int) -> [UInt8] { [UInt8](self.entry(entry)) }
}

/// A string of a column that has no dictionary in the output: a slot of ``MergeGroup``s and an entry there; 0 is the
/// empty string.
enum StringTag {
    @inline(__always) static func tag(slot: Int, entry: UInt32) -> UInt64 { UInt64(slot + 1) << 32 | UInt64(entry) }
    /// −1 for the empty string.
    @inline(__always) static func slot(_ tag: UInt64) -> Int { Int(tag >> 32) - 1 }
    @inline(__always) static func entry(_ tag: UInt64) -> Int { Int(tag & 0xffff_ffff) }
}
