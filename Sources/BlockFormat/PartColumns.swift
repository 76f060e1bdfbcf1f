// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import ColumnEncoding
internal import TraceModel

/// The columns of a block that have what spans' events and links hold of some subjects.
package struct PartColumns: Sendable {
    fileprivate var bySubject: [SpanSubject: any TagColumn] = [:]

    /// Of no subject.
    package init() {}

    /// Whether a subject is one of events or links.
    static func has(_ subject: SpanSubject) -> Bool {
        switch subject {
        case .eventAttribute, .linkAttribute, .eventName, .eventTime, .linkTraceID, .linkSpanID: true
        default: false
        }
    }

    /// What has to be read for a subject.
    func columns(of subject: SpanSubject) -> Set<UInt32> { bySubject[subject]?.columns ?? [] }

    /// The values that some rows have of a subject: of several events or links an array, in their order if they are of
    /// one type.
    ///
    /// - Parameter rows: Of the group, rising or equal.
    func values(
        of subject: SpanSubject, rows: [Int], _ decoder: borrowing RowGroupDecoder
    ) throws(BlockError) -> PickedValues {
        guard var column = bySubject[subject], column.mayOccur(decoder.directory) else {
            return PickedValues(absentCount: rows.count)
        }
        var marked = BitMask(count: decoder.entry.rowCount)
        for row in rows { marked[row] = true }
        var tally = ValueTally()
        var pairs = FlatBuffer<UInt64>()
        try column.add(marked, decoder, to: &pairs, &tally)
        let isIdentifier = subject == .linkTraceID || subject == .linkSpanID
        let found = tally.values.map { isIdentifier ? $0.asIdentifier : $0 }
        var values = PickedValues()
        var next = 0
        for row in rows {
            while next < pairs.count, Int(pairs[next] &>> 32) < row { next += 1 }
            var end = next
            while end < pairs.count, Int(pairs[end] &>> 32) == row { end += 1 }
            let numbers = (next..<end).map { Int(UInt32(truncatingIfNeeded: pairs[$0])) }
            if numbers.count == 1 {
                values.append(code: UInt64(numbers[0])) { SpanValue(found[numbers[0]]) }
            } else {
                values.append(numbers.isEmpty ? nil : SpanValue(arrayOf: numbers.map { found[$0] }))
            }
        }
        return values
    }
}

extension BlockReader {
    /// The columns of those of the subjects that are of events or links.
    package func partColumns(of subjects: [SpanSubject]) async throws -> PartColumns {
        var columns = PartColumns()
        for subject in subjects where PartColumns.has(subject) {
            columns.bySubject[subject] = try await partColumn(of: subject)
        }
        return columns
    }

    private func partColumn(of subject: SpanSubject) async throws -> (any TagColumn)? {
        switch subject {
        case .linkTraceID: try await TagStrings(.linkTraceID, of: .link, self)
        case .linkSpanID: try await TagStrings(.linkSpanID, of: .link, self)
        case .eventTime: EventTimes()
        default: try await tagColumn(of: subject)
        }
    }
}

/// Nanoseconds from the start of a span to each of its events.
private struct EventTimes: TagColumn {
    private var numbers = CodeNumbers(count: 0)

    var columns: Set<UInt32> { [FixedColumn.eventCount.rawValue, FixedColumn.eventTime.rawValue] }
    var byteCount: Int { numbers.byteCount }

    func mayOccur(_ directory: RowGroupDirectory) -> Bool { directory.chunk(FixedColumn.eventCount.rawValue) != nil }

    mutating func add(
        _ rows: BitMask, _ decoder: borrowing RowGroupDecoder, to pairs: inout FlatBuffer<UInt64>,
        _ tally: inout ValueTally
    ) throws(BlockError) {
        let events = try AttributeOwner.event.selected(rows, decoder)
        let times = try decoder.integers(FixedColumn.eventTime.rawValue, at: events.mask)
        let places = events.mask.markedRows
        for index in 0..<times.count {
            let number = numbers.number(of: times[index], { .integer(BlockFilter.zigzagDecoded($0)) }, in: &tally)
            pairs.append(number, row: events.row(of: places[index]))
        }
    }
}

extension ListedValues.Value {
    /// An ID's bytes as its digits.
    var asIdentifier: Self {
        guard case .string(let bytes) = self else { return self }
        let digits = Array("0123456789abcdef".utf8)
        return .string(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }
}

extension SpanValue {
    init(_ value: ListedValues.Value) {
        switch value {
        case .string(let bytes): self = .string(bytes)
        case .integer(let number): self = .integer(number)
        case .double(let bits): self = .double(Double(bitPattern: bits))
        case .boolean(let value): self = .boolean(value)
        }
    }

    init(arrayOf values: [ListedValues.Value]) {
        var array = ByteWriter()
        for value in values {
            // An AnyValue each.
            var element = ByteWriter()
            switch value {
            case .string(let bytes):
                element.append(0x0a as UInt8)
                element.append(lengthPrefixed: bytes.rawSpan)
            case .boolean(let value):
                element.append(0x10 as UInt8)
                element.append(value ? 1 : 0 as UInt8)
            case .integer(let number):
                element.append(0x18 as UInt8)
                element.append(varint: UInt64(bitPattern: number))
            case .double(let bits):
                element.append(0x21 as UInt8)
                element.append(littleEndian: bits)
            }
            array.append(0x0a as UInt8)
            array.append(lengthPrefixed: element.bytes)
        }
        self = .array(array.array())
    }
}
