// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import ColumnEncoding
internal import TraceModel

extension BlockReader {
    /// The keys in the rest columns of a kind of owner.
    func restKeys(of owner: AttributeOwner) async throws -> Set<[UInt8]> {
        guard schema.hasRest(owner) else { return [] }
        let column = RestColumns(owner).keys.rawValue
        var keys: Set<[UInt8]> = []
        if let dictionary = try await dictionaries([column])[column] {
            for index in 0..<dictionary.value.count {
                let (key, count) = dictionary.value.value(index)
                // A block that was split off keeps the keys of the others.
                if count > 0 { keys.insert(key) }
            }
            return keys
        }
        for group in footer.rowGroups.indices {
            let decoder = try await decoder(of: group, try await directory(of: group), columns: [column])
            let count = decoder.valueCount(column)
            guard let strings = try decoder.localStrings(column, count: count, 0..<count) else { continue }
            for entry in 0..<strings.entryCount { keys.insert([UInt8](strings.entry(entry))) }
        }
        return keys
    }
}
