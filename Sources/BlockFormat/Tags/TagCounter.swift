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
            return TagIntegers(.resource, schema.resources.map(\.encoded)) { .init(first: key, in: $0, of: .resource) }
        case .scopeAttribute(let key):
            return TagIntegers(.scope, schema.scopes.map(\.encoded)) { .init(first: key, in: $0, of: .scope) }
        case .scopeName:
            return TagIntegers(.scope, schema.scopes.map(\.encoded)) {
                .string(EncodedAttributes.text(.name, in: $0.rawSpan))
            }
        case .scopeVersion:
            return TagIntegers(.scope, schema.scopes.map(\.encoded)) {
                .string(EncodedAttributes.text(.version, in: $0.rawSpan))
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
    private let value: @Sendable (UInt64) -> ListedValues.Value?
    private var numbers: CodeNumbers

    init(
        _ column: FixedColumn, limit: UInt64 = .max, value: @escaping @Sendable (UInt64) -> ListedValues.Value?
    ) {
        self.column = column.rawValue
        self.limit = limit
        self.value = value
        numbers = CodeNumbers(count: min(Int(clamping: limit), 64))
    }

    /// Of a column of 32 bits with a sign.
    init(signed column: FixedColumn) { self.init(column) { .integer(Int64(Int32(truncatingIfNeeded: $0))) } }

    /// Of a column that refers to entries of a table.
    init(
        _ column: FixedColumn, _ entries: [[UInt8]], _ value: @escaping @Sendable ([UInt8]) -> ListedValues.Value?
    ) {
        self.init(column, limit: UInt64(entries.count)) { value(entries[Int($0)]) }
    }

    var columns: Set<UInt32> { [column] }
    var byteCount: Int { numbers.byteCount }

    func mayOccur(_ directory: RowGroupDirectory) -> Bool { true }

    mutating func add(
        _ rows: BitMask, _ decoder: borrowing RowGroupDecoder, to pairs: inout FlatBuffer<UInt64>,
        _ tally: inout ValueTally
    ) throws(BlockError) {
        let (limit, value) = (limit, value)
        let integers = try decoder.integers(column, at: rows)
        let places = rows.markedRows
        for index in 0..<integers.count {
            let number = try numbers.number(
                of: integers[index],
                { (integer) throws(BlockError) in
                    guard integer < limit || limit == .max else { throw BlockFilter.unfit(decoder) }
                    return value(integer)
                }, in: &tally)
            pairs.append(number, row: places[index])
        }
    }
}

/// Of a column of strings that every row has, or every event.
struct TagStrings: TagColumn {
    private let owner: AttributeOwner
    private var column: TagStringColumn

    init(_ column: FixedColumn, of owner: AttributeOwner = .span, _ reader: BlockReader) async throws {
        self.owner = owner
        self.column = try await TagStringColumn(column.rawValue, reader)
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
        let found = try column.numbers(at: owners.mask, places, decoder, &tally)
        for (number, place) in zip(found, places) { pairs.append(number, row: owners.row(of: place)) }
    }
}

/// One column of strings.
struct TagStringColumn: Sendable {
    let column: UInt32
    private let dictionary: BlockReader.Shared<BlockDictionary>?
    private var known: CodeNumbers

    init(_ column: UInt32, _ reader: BlockReader) async throws {
        self.column = column
        dictionary = try await reader.dictionaries([column])[column]
        known = CodeNumbers(count: dictionary?.value.count ?? 0)
    }

    var byteCount: Int { known.byteCount }

    /// The numbers of some strings of a row group; of the empty one, if the group lacks the column.
    ///
    /// - Parameters:
    ///   - marked: Which ones, a bit for each of the column.
    ///   - places: The same.
    mutating func numbers(
        at marked: BitMask, _ places: [Int], _ decoder: borrowing RowGroupDecoder, _ tally: inout ValueTally
    ) throws(BlockError) -> [Int32] {
        guard decoder.chunk(column) != nil else {
            return Array(repeating: tally.number(of: .string([])), count: places.count)
        }
        guard let dictionary else { return try localNumbers(count: marked.count, places, decoder, &tally) }
        let codes = try decoder.codes(column, at: marked)
        var numbers: [Int32] = []
        numbers.reserveCapacity(places.count)
        for index in 0..<codes.count {
            numbers.append(
                try known.number(
                    of: UInt64(codes[index]),
                    { (code) throws(BlockError) in
                        guard code < UInt64(dictionary.value.count) else { throw BlockFilter.unfit(decoder) }
                        return .string(dictionary.value.value(Int(code)).bytes)
                    }, in: &tally))
        }
        return numbers
    }

    private func localNumbers(
        count: Int, _ places: [Int], _ decoder: borrowing RowGroupDecoder, _ tally: inout ValueTally
    ) throws(BlockError) -> [Int32] {
        guard let strings = try decoder.localStrings(column, count: count, 0..<count) else { return [] }
        var entries = CodeNumbers(count: strings.isDictionary ? strings.entryCount : 0)
        var numbers: [Int32] = []
        numbers.reserveCapacity(places.count)
        for place in places {
            guard strings.isDictionary else {
                numbers.append(tally.number(of: .string([UInt8](strings[place]))))
                continue
            }
            let code = UInt64(strings.codes[place])
            numbers.append(entries.number(of: code, { .string([UInt8](strings.entry(Int($0)))) }, in: &tally))
        }
        return numbers
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

    /// The value of the first attribute with a key that has one.
    fileprivate init?(first key: [UInt8], in message: [UInt8], of kind: EncodedAttributes.Message) {
        var value: Self?
        var isFound = false
        EncodedAttributes.forEach(in: message.rawSpan, of: kind) { found, type, bits, bytes in
            guard !isFound, type != .absent, type != .empty, type != .keyValueList, type != .bytes,
                found.isEqual(to: key.rawSpan)
            else { return }
            isFound = true
            value = Self(type, bits, bytes)
        }
        guard let value else { return nil }
        self = value
    }
}
