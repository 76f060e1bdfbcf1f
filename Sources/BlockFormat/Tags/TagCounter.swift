// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import ColumnEncoding
internal import TraceModel

/// Counts, of selected rows of one block, how many have each value of a tag. Only the columns of the tag are read, and
/// of those only what the rows have.
package struct TagCounter: Sendable {
    /// Whose rows are counted.
    package let reader: BlockReader
    private var columns: [any TagColumn] = []

    /// - Parameter subjects: A row has the values that it has of each of these; all but times, durations, IDs and
    ///   ``SpanSubject/isRoot``.
    package init(_ subjects: [SpanSubject], _ reader: BlockReader) async throws {
        self.reader = reader
        for subject in subjects {
            if let column = try await reader.tagColumn(of: subject) { columns.append(column) }
        }
    }

    /// Bytes in memory, about.
    package var byteCount: Int { columns.reduce(64) { $0 + $1.byteCount } }

    /// Counts rows of a row group.
    ///
    /// - Parameter rows: Which ones, counted from the group's first.
    /// - Returns: Bytes read from storage.
    package mutating func add(_ rows: RowMask, group: Int, to tally: inout ValueTally) async throws -> Int {
        let directory = try await reader.directory(of: group)
        let present = columns.indices.filter { columns[$0].mayOccur(directory) }
        guard !present.isEmpty else { return 0 }
        let decoder = try await reader.decoder(
            of: group, directory, columns: present.reduce(into: []) { $0.formUnion(columns[$1].columns) })
        let bits = rows.bits(count: decoder.entry.rowCount)
        var pairs = FlatBuffer<UInt64>(capacity: bits.markedCount)
        for index in present { try columns[index].add(bits, decoder, to: &pairs, &tally) }
        if present.count > 1 { pairs.sort(0..<pairs.count, by: <) }
        tally.add(pairs, rowCount: bits.count)
        return decoder.readByteCount
    }
}

/// Where the values of one subject stand in a block, and which of them were met.
protocol TagColumn: Sendable {
    /// What has to be read.
    var columns: Set<UInt32> { get }
    /// Bytes in memory, about.
    var byteCount: Int { get }

    /// Whether a row of a group may have a value.
    func mayOccur(_ directory: RowGroupDirectory) -> Bool

    /// Adds the values that rows of a group have.
    ///
    /// - Parameters:
    ///   - rows: A bit for each row of the group.
    ///   - pairs: Of rows and numbers in the tally, see ``ValueTally``; those of a row one behind the other.
    mutating func add(
        _ rows: BitMask, _ decoder: borrowing RowGroupDecoder, to pairs: inout FlatBuffer<UInt64>,
        _ tally: inout ValueTally
    ) throws(BlockError)
}

extension BlockReader {
    /// Nil if no row of the block has a value.
    func tagColumn(of subject: SpanSubject) async throws -> (any TagColumn)? {
        switch subject {
        case .spanAttribute(let key): return try await TagAttributes(key, of: .span, self)
        case .eventAttribute(let key): return try await TagAttributes(key, of: .event, self)
        case .linkAttribute(let key): return try await TagAttributes(key, of: .link, self)
        case .resourceAttribute(let key):
            return TagIntegers(.resource, schema.resources.map(\.encoded)) {
                ListedValues.Value.all(key, in: $0.rawSpan, of: .resource)
            }
        case .scopeAttribute(let key):
            return TagIntegers(.scope, schema.scopes.map(\.encoded)) {
                ListedValues.Value.all(key, in: $0.rawSpan, of: .scope)
            }
        case .scopeName:
            return TagIntegers(.scope, schema.scopes.map(\.encoded)) {
                [.string(EncodedAttributes.text(.name, in: $0.rawSpan))]
            }
        case .scopeVersion:
            return TagIntegers(.scope, schema.scopes.map(\.encoded)) {
                [.string(EncodedAttributes.text(.version, in: $0.rawSpan))]
            }
        case .name: return try await TagStrings(.name, self)
        case .statusMessage: return try await TagStrings(.statusMessage, self)
        case .eventName: return try await TagStrings(.eventName, of: .event, self)
        case .status: return TagIntegers(signed: .status)
        case .kind: return TagIntegers(signed: .kind)
        case .eventTime, .linkTraceID, .linkSpanID, .duration, .spanID, .isRoot: return nil
        }
    }
}

/// Of an integer column that every row has.
private struct TagIntegers: TagColumn {
    private let column: UInt32
    /// What all integers lie below.
    private let limit: UInt64
    /// What an integer stands for.
    private let values: @Sendable (UInt64) -> [ListedValues.Value]
    private var numbers: CodeNumbers

    init(
        _ column: FixedColumn, limit: UInt64 = .max, values: @escaping @Sendable (UInt64) -> [ListedValues.Value]
    ) {
        self.column = column.rawValue
        self.limit = limit
        self.values = values
        numbers = CodeNumbers(count: min(Int(clamping: limit), 64))
    }

    /// Of a column of 32 bits with a sign.
    init(signed column: FixedColumn) { self.init(column) { [.integer(Int64(Int32(truncatingIfNeeded: $0)))] } }

    /// Of a column that refers to entries of a table.
    init(
        _ column: FixedColumn, _ entries: [[UInt8]], _ values: @escaping @Sendable ([UInt8]) -> [ListedValues.Value]
    ) {
        self.init(column, limit: UInt64(entries.count)) { values(entries[Int($0)]) }
    }

    var columns: Set<UInt32> { [column] }
    var byteCount: Int { numbers.byteCount }

    func mayOccur(_ directory: RowGroupDirectory) -> Bool { true }

    mutating func add(
        _ rows: BitMask, _ decoder: borrowing RowGroupDecoder, to pairs: inout FlatBuffer<UInt64>,
        _ tally: inout ValueTally
    ) throws(BlockError) {
        let (limit, values) = (limit, values)
        let integers = try decoder.integers(column, at: rows)
        let places = rows.markedRows
        for index in 0..<integers.count {
            let number = try numbers.number(
                of: integers[index],
                listing: { (integer) throws(BlockError) in
                    guard integer < limit || limit == .max else { throw BlockFilter.unfit(decoder) }
                    return values(integer)
                }, in: &tally)
            numbers.append(number, row: places[index], to: &pairs)
        }
    }
}

/// Of a column of strings that every row has, or every event.
struct TagStrings: TagColumn {
    private let owner: AttributeOwner
    private var column: TagStringColumn

    init(_ column: FixedColumn, of owner: AttributeOwner = .span, _ reader: BlockReader) async throws {
        self.owner = owner
        self.column = try await TagStringColumn(column.rawValue, .string, reader)
    }

    var columns: Set<UInt32> {
        var columns: Set<UInt32> = [column.column]
        if let part = owner.part { columns.insert(part.count.rawValue) }
        return columns
    }

    var byteCount: Int { column.byteCount }

    func mayOccur(_ directory: RowGroupDirectory) -> Bool {
        owner.part.map { directory.chunk($0.count.rawValue) != nil } ?? true
    }

    mutating func add(
        _ rows: BitMask, _ decoder: borrowing RowGroupDecoder, to pairs: inout FlatBuffer<UInt64>,
        _ tally: inout ValueTally
    ) throws(BlockError) {
        let owners = try owner.selected(rows, decoder)
        guard !owners.mask.isEmpty else { return }
        let places = owners.mask.markedRows
        try column.add(owners.mask, places, of: owners, places, decoder, to: &pairs, &tally)
    }
}

/// One column of strings, or of arrays, which have the values of their elements.
struct TagStringColumn: Sendable {
    let column: UInt32
    private let type: AttributeType
    private let dictionary: BlockReader.Shared<BlockDictionary>?
    private var known: CodeNumbers

    init(_ column: UInt32, _ type: AttributeType, _ reader: BlockReader) async throws {
        self.column = column
        self.type = type
        dictionary = try await reader.dictionaries([column])[column]
        known = CodeNumbers(count: dictionary?.value.count ?? 0)
    }

    var byteCount: Int { known.byteCount }

    /// Adds the values at some places of a row group; the empty string, if the group lacks the column.
    ///
    /// - Parameters:
    ///   - marked: Which ones, a bit for each of the column.
    ///   - places: The same.
    ///   - chosen: By place: whose it is.
    mutating func add(
        _ marked: BitMask, _ places: [Int], of owners: SelectedOwners, _ chosen: [Int],
        _ decoder: borrowing RowGroupDecoder, to pairs: inout FlatBuffer<UInt64>, _ tally: inout ValueTally
    ) throws(BlockError) {
        guard decoder.chunk(column) != nil else {
            let number = tally.number(of: .string([]))
            for owner in chosen { pairs.append(number, row: owners.row(of: owner)) }
            return
        }
        guard let dictionary else {
            return try addLocal(marked.count, places, of: owners, chosen, decoder, to: &pairs, &tally)
        }
        let codes = try decoder.codes(column, at: marked)
        let type = type
        for index in 0..<codes.count {
            let number = try known.number(
                of: UInt64(codes[index]),
                listing: { (code) throws(BlockError) in
                    guard code < UInt64(dictionary.value.count) else { throw BlockFilter.unfit(decoder) }
                    let bytes = dictionary.value.value(Int(code)).bytes
                    return ListedValues.Value.all(type, 0, bytes.rawSpan)
                }, in: &tally)
            known.append(number, row: owners.row(of: chosen[index]), to: &pairs)
        }
    }

    private func addLocal(
        _ count: Int, _ places: [Int], of owners: SelectedOwners, _ chosen: [Int],
        _ decoder: borrowing RowGroupDecoder, to pairs: inout FlatBuffer<UInt64>, _ tally: inout ValueTally
    ) throws(BlockError) {
        guard let strings = try decoder.localStrings(column, count: count, 0..<count) else { return }
        var entries = CodeNumbers(count: strings.isDictionary ? strings.entryCount : 0)
        for (place, owner) in zip(places, chosen) {
            let row = owners.row(of: owner)
            guard strings.isDictionary else {
                for value in ListedValues.Value.all(type, 0, strings[place]) {
                    pairs.append(tally.number(of: value), row: row)
                }
                continue
            }
            let number = entries.number(
                of: UInt64(strings.codes[place]),
                listing: { ListedValues.Value.all(type, 0, strings.entry(Int($0))) }, in: &tally)
            entries.append(number, row: row, to: &pairs)
        }
    }
}

extension FlatBuffer<UInt64> {
    /// A row and the number of a value that it has; nothing if the number stands for none.
    @inline(__always)
    mutating func append(_ number: Int32, row: Int) {
        guard number >= 0 else { return }
        append(UInt64(row) &<< 32 | UInt64(number))
    }
}

extension ListedValues.Value {
    /// The value of a type that is listed.
    init?(_ type: AttributeType, _ bits: UInt64, _ bytes: RawSpan) {
        switch type {
        case .string: self = .string([UInt8](bytes))
        case .bool: self = .boolean(bits != 0)
        case .int: self = .integer(Int64(bitPattern: bits))
        case .double: self = .double(bits)
        case .absent, .empty, .array, .keyValueList, .bytes: return nil
        }
    }

    /// What is listed of a value: itself, or the elements of an array.
    static func all(_ type: AttributeType, _ bits: UInt64, _ bytes: RawSpan) -> [Self] {
        guard type == .array else { return Self(type, bits, bytes).map { [$0] } ?? [] }
        var elements: [Self] = []
        EncodedAttributes.forEachElement(in: bytes) { type, bits, bytes in
            if let value = Self(type, bits, bytes) { elements.append(value) }
        }
        return elements
    }

    /// What is listed of a key of a resource or scope.
    static func all(_ key: [UInt8], in message: RawSpan, of kind: EncodedAttributes.Message) -> [Self] {
        var values: [Self] = []
        EncodedAttributes.first(key, in: message, of: kind) { type, bits, bytes in values = all(type, bits, bytes) }
        return values
    }
}
