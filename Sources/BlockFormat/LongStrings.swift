// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import TraceModel

/// The strings of a block that are long: a row group ends early where they would make it heavy.
///
/// Short ones need no looking after, since a group has at most ``BlockLayout/rowGroupValueLimit`` of them.
struct LongStrings: ~Copyable {
    /// By string: its length if it is long, else 0.
    private var byteCounts: FlatBuffer<UInt32>
    private(set) var isEmpty = true

    init(_ strings: borrowing UnifiedStrings) {
        byteCounts = FlatBuffer(repeating: 0, count: strings.count)
        for code in 0..<strings.count {
            let byteCount = strings[UInt32(truncatingIfNeeded: code)].byteCount
            guard byteCount > BlockLayout.shortStringByteLimit else { continue }
            byteCounts[code] = UInt32(clamping: byteCount)
            isEmpty = false
        }
    }

    @inline(__always) func byteCount(_ code: UInt32) -> Int { Int(byteCounts[Int(code)]) }
}

extension BlockCatalog {
    /// Bytes of the long strings of a row, repeated ones as often as they occur.
    ///
    /// Columns with a dictionary of the block don't count: the row group has codes of them.
    func longByteCount(of reference: RowReference, in view: SpanBatchView) -> Int {
        let row = Int(reference.row)
        let source = reference.source
        var sum = longByteCount(.name, view.name[row], source)
        sum += longByteCount(.statusMessage, view.statusMessage[row], source)
        sum += longByteCount(.traceState, view.traceState[row], source)
        if SpanPresence(rawValue: view.presence[row]).contains(.unusualParent) {
            sum += longByteCount(.unusualParent, UInt32(truncatingIfNeeded: view.parentSpanID[row]), source)
        }
        sum += longByteCount(.span, row, view.attributes, source)
        for event in view.events(of: row) {
            sum += longByteCount(.eventName, view.eventName[event], source)
            sum += longByteCount(.event, event, view.eventAttributes, source)
        }
        for link in view.links(of: row) {
            sum += longByteCount(.linkTraceID, view.linkTraceID[link], source)
            sum += longByteCount(.linkSpanID, view.linkSpanID[link], source)
            sum += longByteCount(.linkTraceState, view.linkTraceState[link], source)
            sum += longByteCount(.link, link, view.linkAttributes, source)
        }
        return sum
    }

    private func longByteCount(_ column: FixedColumn, _ code: UInt32, _ source: UInt32) -> Int {
        hasDictionary[Int(column.rawValue)] ? 0 : longStrings.byteCount(strings.code(source, code))
    }

    private func longByteCount(
        _ owner: AttributeOwner, _ index: Int, _ attributes: AttributeColumnsView, _ source: UInt32
    ) -> Int {
        let owner = Int(owner.rawValue)
        let shape = Int(shapeCodes[owner][Int(source)][Int(attributes.shape[index])])
        let first = Int(shapeStarts[owner][shape])
        let count = Int(shapeStarts[owner][shape + 1]) - first
        let value = attributes.firstValue(of: index)
        var sum = 0
        for position in 0..<count {
            let column = Int(FixedColumn.firstAttribute + shapeColumns[owner][first + position])
            guard isString[column], !hasDictionary[column] else { continue }
            let code = UInt32(truncatingIfNeeded: attributes.values[value + position])
            sum += longStrings.byteCount(strings.code(source, code))
        }
        return sum
    }
}
