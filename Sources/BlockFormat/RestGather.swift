// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import TraceModel

/// Gathers the attributes of a row group that have no column of their own, and writes the rest columns.
///
/// One value serves owner after owner and group after group and keeps its memory.
struct RestGather: ~Copyable {
    private var keys = FlatBuffer<UInt64>()
    private var types = FlatBuffer<UInt64>()
    private var numbers = FlatBuffer<UInt64>()
    private var strings = FlatBuffer<UInt64>()

    /// Takes the attributes of all owners of a kind, in their order; strings as codes of the catalog.
    ///
    /// - Parameter shapes: The block's shape code of every owner of the group.
    mutating func gather(
        _ owner: AttributeOwner, _ references: borrowing FlatBuffer<RowReference>,
        _ shapes: borrowing FlatBuffer<UInt64>, _ sources: [SpanBatchView], _ catalog: borrowing BlockCatalog,
        of attributes: (SpanBatchView) -> AttributeColumnsView
    ) {
        keys.removeAll()
        types.removeAll()
        numbers.removeAll()
        strings.removeAll()
        let first = catalog.shapes.firstShape(of: owner)
        for index in 0..<references.count {
            let shape = first + Int(shapes[index])
            guard catalog.shapes.restCounts[shape] > 0 else { continue }
            let reference = references[index]
            let source = sources[Int(reference.source)]
            catalog.forEachRest(
                Int(reference.row), attributes(source), of: source, reference.source, shape
            ) { key, type, value in
                keys.append(UInt64(key))
                types.append(UInt64(type.rawValue))
                if type.isByteString { strings.append(value) }
                if type.isNumber { numbers.append(AttributeScatter.stored(value, type)) }
            }
        }
    }

    /// Writes the chunks of what was gathered.
    func write(_ owner: AttributeOwner, into groups: inout RowGroupWriter, _ catalog: inout BlockCatalog) {
        guard keys.count > 0 else { return }
        let columns = RestColumns(owner)
        groups.writeStrings(columns.keys.rawValue, keys, 0..<keys.count, omitsEmpty: false, &catalog)
        groups.writeAlways(columns.types, types)
        if numbers.count > 0 { groups.writeAlways(columns.numbers, numbers) }
        if strings.count > 0 {
            groups.writeStrings(columns.strings.rawValue, strings, 0..<strings.count, omitsEmpty: false, &catalog)
        }
    }
}

extension BlockCatalog {
    /// Calls `body` for each attribute of an owner that has no column of its own: key, type, and value; keys and byte
    /// strings as codes of `strings`.
    ///
    /// - Parameters:
    ///   - index: The owner's in `attributes`, which are those of `view`, the source number `source`.
    ///   - shape: The owner's, as a place in the shape table.
    @inline(__always)
    func forEachRest(
        _ index: Int, _ attributes: AttributeColumnsView, of view: SpanBatchView, _ source: UInt32, _ shape: Int,
        _ body: (UInt32, AttributeType, UInt64) -> Void
    ) {
        let columnCount = schema.columns.count
        let slots = view.shapes[attributes.shape[index]]
        var value = attributes.firstValue(of: index)
        var place = 0
        for position in shapes.range(shape) {
            if shapes.slots[position].column == columnCount {
                let slot = AttributeSlot(rawValue: slots.word(place))
                let raw = attributes.values[value]
                body(
                    strings.code(source, slot.key), slot.type,
                    slot.type.isByteString ? UInt64(strings.code(source, UInt32(truncatingIfNeeded: raw))) : raw)
            }
            place += 1
            value += 1
        }
    }

    /// Takes keys and strings of a source that go to the rest columns, and counts them.
    mutating func collectRest(
        _ owner: AttributeOwner, _ attributes: AttributeColumnsView, _ source: UInt32, of view: SpanBatchView
    ) {
        let columns = RestColumns(owner)
        let list = Self.shapeList(Int(source), owner)
        var found = RestStrings()
        for index in 0..<attributes.shape.count {
            let shape = shapes.firstShape(of: owner) + Int(shapeCodes[list, attributes.shape[index]])
            guard shapes.restCounts[shape] > 0 else { continue }
            found.removeAll()
            forEachRest(index, attributes, of: view, source, shape) { key, type, value in
                found.keys.append(key)
                if type.isByteString { found.strings.append(UInt32(truncatingIfNeeded: value)) }
            }
            valueCounts[Int(columns.keys.rawValue)] += found.keys.count
            valueCounts[Int(columns.strings.rawValue)] += found.strings.count
            for key in 0..<found.keys.count {
                _ = distinct.entry(column: columns.keys.rawValue, string: found.keys[key])
            }
            for string in 0..<found.strings.count {
                _ = distinct.entry(column: columns.strings.rawValue, string: found.strings[string])
            }
        }
    }

    /// What one owner has; apart, because the catalog is read while it is found.
    private struct RestStrings: ~Copyable {
        var keys = FlatBuffer<UInt32>()
        var strings = FlatBuffer<UInt32>()

        mutating func removeAll() {
            keys.removeAll()
            strings.removeAll()
        }
    }
}
