// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import TraceModel

/// The columns of a block that hold long strings, each value in full: a row group ends early where they would make it
/// heavy.
///
/// Short strings need no looking after, since a group has at most ``BlockLayout/rowGroupValueLimit`` of them; nor do
/// columns with a dictionary of the block, of which the group has codes.
struct HeavyColumns: ~Copyable {
    private(set) var isEmpty = true
    /// By column number.
    private var columns = FlatBuffer<Bool>()
    /// By owner and shape: whether one of its columns is heavy.
    private var shapes = FlatBuffer<Bool>()
    private var shapeStride = 0

    init() {}

    /// - Parameter catalog: Its distinct values and dictionaries are known.
    init(_ catalog: borrowing BlockCatalog) {
        columns = FlatBuffer(repeating: false, count: catalog.isString.count)
        for index in 0..<catalog.distinct.entries.count {
            let entry = catalog.distinct.entries[index]
            guard catalog.strings[entry.string].byteCount > BlockLayout.shortStringByteLimit,
                !catalog.hasDictionary[Int(entry.column)]
            else { continue }
            columns[Int(entry.column)] = true
            isEmpty = false
        }
        if !isEmpty { markShapes(catalog.schema.shapes) }
    }

    private mutating func markShapes(_ lists: [[[UInt32]]]) {
        shapeStride = lists.reduce(0) { max($0, $1.count) }
        shapes = FlatBuffer(repeating: false, count: lists.count * shapeStride)
        for owner in lists.indices {
            for (code, shape) in lists[owner].enumerated() {
                shapes[owner * shapeStride + code] = shape.contains { contains(FixedColumn.firstAttribute + $0) }
            }
        }
    }

    @inline(__always) func contains(_ column: UInt32) -> Bool { columns[Int(column)] }

    @inline(__always) func areIn(shape: UInt32, of owner: AttributeOwner) -> Bool {
        shapes[Int(owner.rawValue) * shapeStride + Int(shape)]
    }
}

extension BlockCatalog {
    /// Bytes of a row's strings in heavy columns, repeated ones as often as they occur.
    func heavyByteCount(of reference: RowReference, in view: SpanBatchView) -> Int {
        let row = Int(reference.row)
        let source = reference.source
        var sum = heavyByteCount(.name, view.name[row], source)
        sum += heavyByteCount(.statusMessage, view.statusMessage[row], source)
        sum += heavyByteCount(.traceState, view.traceState[row], source)
        if SpanPresence(rawValue: view.presence[row]).contains(.unusualParent) {
            sum += heavyByteCount(.unusualParent, UInt32(truncatingIfNeeded: view.parentSpanID[row]), source)
        }
        sum += heavyByteCount(.span, row, view.attributes, source)
        for event in view.events(of: row) {
            sum += heavyByteCount(.eventName, view.eventName[event], source)
            sum += heavyByteCount(.event, event, view.eventAttributes, source)
        }
        for link in view.links(of: row) {
            sum += heavyByteCount(.linkTraceID, view.linkTraceID[link], source)
            sum += heavyByteCount(.linkSpanID, view.linkSpanID[link], source)
            sum += heavyByteCount(.linkTraceState, view.linkTraceState[link], source)
            sum += heavyByteCount(.link, link, view.linkAttributes, source)
        }
        return sum
    }

    private func heavyByteCount(_ column: FixedColumn, _ code: UInt32, _ source: UInt32) -> Int {
        heavyColumns.contains(column.rawValue) ? strings[strings.code(source, code)].byteCount : 0
    }

    private func heavyByteCount(
        _ owner: AttributeOwner, _ index: Int, _ attributes: AttributeColumnsView, _ source: UInt32
    ) -> Int {
        let shape = shapeCodes[Int(owner.rawValue)][Int(source)][Int(attributes.shape[index])]
        guard heavyColumns.areIn(shape: shape, of: owner) else { return 0 }
        var value = attributes.firstValue(of: index)
        var sum = 0
        for column in schema.shapes[Int(owner.rawValue)][Int(shape)] {
            if heavyColumns.contains(FixedColumn.firstAttribute + column) {
                let code = UInt32(truncatingIfNeeded: attributes.values[value])
                sum += strings[strings.code(source, code)].byteCount
            }
            value += 1
        }
        return sum
    }
}
