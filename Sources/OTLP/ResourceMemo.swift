// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

/// Resources that were validated already: the same few come with every request.
///
/// A direct-mapped table of the record codes by the codes of the encoding and the schema URL, all of one batch.
struct ResourceMemo: ~Copyable {
    struct Entry: BitwiseCopyable {
        var encoded: UInt32 = 0
        var schemaURL: UInt32 = 0
        /// 0 where nothing is remembered.
        var record: UInt32 = 0
    }

    private static let entryCount = 256
    private var entries = FlatBuffer(repeating: Entry(), count: entryCount)

    mutating func removeAll() { entries.fill(with: Entry()) }

    func record(encoded: UInt32, schemaURL: UInt32) -> UInt32? {
        let entry = entries[Int(encoded) & (Self.entryCount - 1)]
        guard entry.record != 0, entry.encoded == encoded, entry.schemaURL == schemaURL else { return nil }
        return entry.record
    }

    mutating func remember(_ record: UInt32, encoded: UInt32, schemaURL: UInt32) {
        entries[Int(encoded) & (Self.entryCount - 1)] = Entry(encoded: encoded, schemaURL: schemaURL, record: record)
    }
}
