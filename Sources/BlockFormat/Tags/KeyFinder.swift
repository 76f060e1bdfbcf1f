// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import ColumnEncoding
internal import TraceModel

/// Finds the keys that selected rows of one block have in one place.
///
/// The keys follow from the rows' shapes, or from their resources or scopes. Those whose keys are all known are not
/// looked for any more, so that soon a row group costs little.
package struct KeyFinder: Sendable {
    /// Whose rows are looked at.
    package let reader: BlockReader
    private let place: AttributePlace
    /// By code of a shape, resource or scope: whether something may still be learned from it.
    private var isOpen: [Bool]
    private var open: ValueSet
    /// By attribute column, and then for what is in the rest columns: whether its key is known.
    private var isKnown: [Bool]
    /// By code of a key in the rest columns; empty where row groups have the keys themselves.
    private var isRestKnown: [Bool] = []
    private let restKeys: BlockReader.Shared<BlockDictionary>?

    package init(_ place: AttributePlace, _ reader: BlockReader) async throws {
        self.place = place
        self.reader = reader
        isKnown = Array(repeating: false, count: reader.schema.columns.count)
        switch place {
        case .message(.resource):
            isOpen = Array(repeating: true, count: reader.schema.resources.count)
            restKeys = nil
        case .message(.scope):
            isOpen = Array(repeating: true, count: reader.schema.scopes.count)
            restKeys = nil
        case .owner(let owner):
            isOpen = reader.schema.shapes[Int(owner.rawValue)].map { !$0.isEmpty }
            let column = RestColumns(owner).keys.rawValue
            restKeys = reader.schema.hasRest(owner) ? try await reader.dictionaries([column])[column] : nil
            isRestKnown = Array(repeating: false, count: restKeys?.value.count ?? 0)
        }
        open = ValueSet(verdicts: isOpen)
    }

    /// Bytes in memory, about.
    package var byteCount: Int { isOpen.count * 2 + isKnown.count + isRestKnown.count }

    /// Adds the keys of rows of a row group.
    ///
    /// - Parameter rows: Which ones, counted from the group's first.
    /// - Returns: Bytes read from storage.
    package mutating func add(_ rows: RowMask, group: Int, to keys: inout Set<[UInt8]>) async throws -> Int {
        if case .none = open { return 0 }
        let directory = try await reader.directory(of: group)
        var columns: Set<UInt32>
        switch place {
        case .message(let kind): columns = [kind.column.rawValue]
        case .owner(let owner):
            guard let chunk = directory.chunk(owner.shape.rawValue), mayLearn(chunk) else { return 0 }
            columns = owner.columns
            if reader.schema.hasRest(owner) { columns.insert(RestColumns(owner).keys.rawValue) }
        }
        let decoder = try await reader.decoder(of: group, directory, columns: columns)
        let bits = rows.bits(count: decoder.entry.rowCount)
        switch place {
        case .message(let kind): try add(bits, of: kind, decoder, to: &keys)
        case .owner(let owner): try add(bits, of: owner, decoder, to: &keys)
        }
        return decoder.readByteCount
    }

    /// Whether a code between a chunk's minimum and maximum is open.
    private func mayLearn(_ chunk: RowGroupDirectory.Chunk) -> Bool {
        guard chunk.minimum <= chunk.maximum, chunk.minimum < UInt64(isOpen.count) else { return true }
        return isOpen[Int(chunk.minimum)...min(Int(clamping: chunk.maximum), isOpen.count - 1)].contains(true)
    }

    private mutating func add(
        _ rows: BitMask, of kind: EncodedAttributes.Message, _ decoder: borrowing RowGroupDecoder,
        to keys: inout Set<[UInt8]>
    ) throws(BlockError) {
        for code in try learned(kind.column.rawValue, rows, decoder) {
            let message = kind == .resource ? reader.schema.resources[code].encoded : reader.schema.scopes[code].encoded
            keys.formUnion(EncodedAttributes.keys(in: message.rawSpan, of: kind))
        }
    }

    private mutating func add(
        _ rows: BitMask, of owner: AttributeOwner, _ decoder: borrowing RowGroupDecoder, to keys: inout Set<[UInt8]>
    ) throws(BlockError) {
        let shapes = reader.schema.shapes[Int(owner.rawValue)]
        // Most often there is nothing to learn any more, and whose events these are need not be found out.
        let candidates = try decoder.rows(
            integers: owner.shape.rawValue, count: decoder.valueCount(owner.shape.rawValue), open,
            limit: UInt64(shapes.count))
        guard !candidates.isEmpty else { return }
        let owners = try owner.selected(rows, decoder).mask
        guard owners.count == candidates.count else { throw BlockFilter.unfit(decoder) }
        if reader.schema.hasRest(owner) { try addRest(owners, of: owner, decoder, to: &keys) }
        let learned = try learned(owner.shape.rawValue, owners, decoder)
        guard !learned.isEmpty else { return }
        for code in learned {
            for column in shapes[code] where column != BlockSchema.rest && !isKnown[Int(column)] {
                isKnown[Int(column)] = true
                keys.insert(reader.schema.columns[Int(column)].key)
            }
            isOpen[code] = shapes[code].contains(BlockSchema.rest)
        }
        for code in isOpen.indices where isOpen[code] {
            isOpen[code] = shapes[code].contains { $0 == BlockSchema.rest || !isKnown[Int($0)] }
        }
        open = ValueSet(verdicts: isOpen)
    }

    /// The open codes that some of the values of a column have, which then are not open any more.
    private mutating func learned(
        _ column: UInt32, _ marked: BitMask, _ decoder: borrowing RowGroupDecoder
    ) throws(BlockError) -> [Int] {
        var wanted = try decoder.rows(integers: column, count: marked.count, open, limit: UInt64(isOpen.count))
        wanted.formIntersection(marked)
        guard !wanted.isEmpty else { return [] }
        let codes = try decoder.integers(column, at: wanted)
        var learned: [Int] = []
        for index in 0..<codes.count {
            let code = Int(clamping: codes[index])
            guard code < isOpen.count else { throw BlockFilter.unfit(decoder) }
            if isOpen[code] { learned.append(code) }
            isOpen[code] = false
        }
        open = ValueSet(verdicts: isOpen)
        return learned
    }

    /// Adds keys in the rest columns.
    ///
    /// - Parameter owners: A bit for each owner of the group.
    private mutating func addRest(
        _ owners: BitMask, of owner: AttributeOwner, _ decoder: borrowing RowGroupDecoder, to keys: inout Set<[UInt8]>
    ) throws(BlockError) {
        let column = RestColumns(owner).keys.rawValue
        guard decoder.chunk(column) != nil else { return }
        let entries = try entries(of: owners, owner, count: decoder.valueCount(column), decoder)
        guard !entries.isEmpty else { return }
        guard let restKeys else {
            guard let strings = try decoder.localStrings(column, count: entries.count, 0..<entries.count) else { return }
            var isNew = [Bool](repeating: true, count: strings.entryCount)
            for place in entries.markedRows {
                let entry = strings.isDictionary ? Int(strings.codes[place]) : place
                if isNew[entry] { keys.insert([UInt8](strings.entry(entry))) }
                isNew[entry] = false
            }
            return
        }
        let codes = try decoder.codes(column, at: entries)
        for index in 0..<codes.count {
            let code = Int(codes[index])
            guard code < isRestKnown.count else { throw BlockFilter.unfit(decoder) }
            if !isRestKnown[code] { keys.insert(restKeys.value.value(code).bytes) }
            isRestKnown[code] = true
        }
    }

    /// Which of `count` entries of the rest columns belong to some owners.
    private func entries(
        of owners: BitMask, _ owner: AttributeOwner, count: Int, _ decoder: borrowing RowGroupDecoder
    ) throws(BlockError) -> BitMask {
        let counts = reader.schema.shapes[Int(owner.rawValue)].map { shape in shape.count { $0 == BlockSchema.rest } }
        let shapes = try decoder.shapes(of: owner, count: owners.count, limit: counts.count)
        var entries = BitMask(count: count)
        var next = 0
        for place in 0..<owners.count {
            let end = next + counts[Int(shapes[place])]
            guard end <= count else { throw BlockFilter.unfit(decoder) }
            if owners[place], next < end { entries.mark(next..<end) }
            next = end
        }
        return entries
    }
}

extension EncodedAttributes.Message {
    /// The column of what rows refer to.
    fileprivate var column: FixedColumn {
        switch self {
        case .resource: .resource
        case .scope: .scope
        }
    }
}
