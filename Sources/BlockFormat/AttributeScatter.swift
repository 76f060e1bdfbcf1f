// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import ColumnEncoding
internal import TraceModel

/// Sorts the attribute values of a row group by column: a counting sort whose counts follow from the shapes.
struct AttributeScatter: ~Copyable {
    private let owner: AttributeOwner
    /// By attribute column: where its values begin in `values`; one more at the end.
    private var starts: FlatBuffer<Int>
    private var values: FlatBuffer<UInt64>

    /// - Parameter shapes: The block's shape code of every owner of the group.
    init(_ owner: AttributeOwner, _ shapes: borrowing FlatBuffer<UInt32>, _ catalog: borrowing BlockCatalog) {
        self.owner = owner
        let shapeStarts = catalog.shapeStarts[Int(owner.rawValue)]
        let shapeColumns = catalog.shapeColumns[Int(owner.rawValue)]
        var histogram = FlatBuffer<Int>(repeating: 0, count: shapeStarts.count)
        for index in 0..<shapes.count { histogram[Int(shapes[index])] += 1 }
        starts = FlatBuffer(repeating: 0, count: catalog.schema.columns.count + 1)
        for shape in 0..<(shapeStarts.count - 1) where histogram[shape] > 0 {
            for position in Int(shapeStarts[shape])..<Int(shapeStarts[shape + 1]) {
                starts[Int(shapeColumns[position]) + 1] += histogram[shape]
            }
        }
        for column in 0..<(starts.count - 1) { starts[column + 1] += starts[column] }
        values = FlatBuffer(repeating: 0, count: starts[starts.count - 1])
    }

    /// Takes the values of all owners in their order; strings as codes of the catalog.
    mutating func scatter(
        _ references: borrowing FlatBuffer<RowReference>, _ shapes: borrowing FlatBuffer<UInt32>,
        _ sources: [AttributeColumnsView], _ catalog: borrowing BlockCatalog
    ) {
        let shapeStarts = catalog.shapeStarts[Int(owner.rawValue)]
        let shapeColumns = catalog.shapeColumns[Int(owner.rawValue)]
        var next = FlatBuffer<Int>(capacity: starts.count)
        for column in 0..<starts.count { next.append(starts[column]) }
        for index in 0..<references.count {
            let reference = references[index]
            let shape = Int(shapes[index])
            let begin = Int(shapeStarts[shape])
            let end = Int(shapeStarts[shape + 1])
            guard begin < end else { continue }
            let source = sources[Int(reference.source)]
            var value = source.firstValue(of: Int(reference.row))
            for position in begin..<end {
                let column = Int(shapeColumns[position])
                let raw = source.values[value]
                let slot = next[column]
                if catalog.isString[column + Int(FixedColumn.firstAttribute)] {
                    values[slot] = UInt64(catalog.strings.code(reference.source, UInt32(truncatingIfNeeded: raw)))
                } else {
                    values[slot] = raw
                }
                next[column] = slot + 1
                value += 1
            }
        }
    }

    /// Writes the chunks of all columns that have values.
    mutating func write(into groups: inout RowGroupWriter, _ catalog: inout BlockCatalog) {
        var codes = FlatBuffer<UInt32>()
        var numbers = FlatBuffer<UInt64>()
        for column in 0..<(starts.count - 1) where starts[column + 1] > starts[column] {
            let range = starts[column]..<starts[column + 1]
            let number = FixedColumn.firstAttribute + UInt32(column)
            let type = catalog.schema.columns[column].type
            if type.isByteString {
                codes.removeAll()
                for index in range { codes.append(UInt32(truncatingIfNeeded: values[index])) }
                groups.writeStrings(number, codes, omitsEmpty: false, &catalog)
            } else {
                numbers.removeAll()
                for index in range { numbers.append(Self.stored(values[index], type)) }
                groups.write(number, numbers, omitsZeros: false)
            }
        }
    }

    /// Numbers are stored in an unsigned order that is theirs, so that minimum and maximum mean something.
    static func stored(_ bits: UInt64, _ type: AttributeType) -> UInt64 {
        switch type {
        case .int: OrderedKey.key(Int64(bitPattern: bits))
        case .double: OrderedKey.key(Double(bitPattern: bits))
        case .absent, .string, .bool, .array, .keyValueList, .bytes, .empty: bits
        }
    }

    /// Undoes ``stored(_:_:)``.
    static func bits(_ stored: UInt64, _ type: AttributeType) -> UInt64 {
        switch type {
        case .int: UInt64(bitPattern: OrderedKey.integer(stored))
        case .double: OrderedKey.double(stored).bitPattern
        case .absent, .string, .bool, .array, .keyValueList, .bytes, .empty: stored
        }
    }
}
