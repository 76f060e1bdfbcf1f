// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import Testing
internal import TraceModel

@Suite struct SpanBatchTests {
    @Test(arguments: 0..<20 as Range<UInt64>)
    func `copied rows are equal, whatever stood in the batch before`(seed: UInt64) throws {
        let source = try randomSpans(seed: seed)
        let other = try randomSpans(seed: seed + 1000)
        var copies = emptyBatch()
        for row in 0..<other.rowCount { copies.append(row: row, of: other) }
        for row in (0..<source.rowCount).reversed() { copies.append(row: row, of: source) }
        let view = copies.view()
        #expect(view.rowCount == other.rowCount + source.rowCount)
        for row in 0..<source.rowCount {
            let copy = view.rowCount - 1 - row
            #expect(try message(view, copy) == message(source, row))
            #expect(digest(view, copy) == digest(source, row))
            #expect(view.arrivalSeconds[copy] == source.arrivalSeconds[row])
            #expect(DuplicateRule.areCopies(view, copy, source, row))
        }
    }

    @Test func `the rows of one trace are copied in their order`() throws {
        let source = try randomSpans(seed: 50)
        try #require(source.rowCount > 0)
        let id = source.traceID(source.rowCount / 2)
        var copies = emptyBatch()
        copies.append(rowsOf: id, from: source)
        let view = copies.view()
        let rows = (0..<source.rowCount).filter { source.traceID($0) == id }
        #expect(view.rowCount == rows.count)
        for (copy, row) in rows.enumerated() { #expect(digest(view, copy) == digest(source, row)) }
    }

    @Test(arguments: 100..<110 as Range<UInt64>)
    func `what is cut off leaves no trace in what is appended then`(seed: UInt64) throws {
        let source = try randomSpans(seed: seed)
        for kept in Set([0, 1, source.rowCount / 2, source.rowCount]) where kept <= source.rowCount {
            var batch = emptyBatch()
            for row in 0..<source.rowCount { batch.append(row: row, of: source) }
            batch.truncate(toRows: kept)
            #expect(batch.rowCount == kept)
            for row in 0..<source.rowCount { batch.append(row: row, of: source) }
            let view = batch.view()
            for row in 0..<kept { #expect(digest(view, row) == digest(source, row)) }
            for row in 0..<source.rowCount { #expect(digest(view, kept + row) == digest(source, row)) }
        }
    }

    @Test func `a span that was begun and is discarded leaves nothing`() throws {
        let source = try randomSpans(seed: 7)
        var batch = emptyBatch()
        for row in 0..<source.rowCount {
            batch.attributes.values.append(1)
            batch.eventAttributes.values.append(2)
            batch.appendEvent(time: 5, name: 0, dropped: 0, shape: 0)
            batch.linkAttributes.values.append(3)
            batch.appendLink(LinkRow(), shape: 0)
            batch.eventAttributes.values.append(4)
            batch.discardOpenSpan()
            batch.append(row: row, of: source)
        }
        let view = batch.view()
        for row in 0..<source.rowCount { #expect(digest(view, row) == digest(source, row)) }
    }

    @Test func `a view shows what stood there when it was made`() throws {
        let source = try randomSpans(seed: 8, requestCount: 10)
        var batch = emptyBatch()
        var views: [SpanBatchView] = []
        for row in 0..<source.rowCount {
            if row % 7 == 0 { views.append(batch.view()) }
            batch.append(row: row, of: source)
        }
        for view in views {
            for row in 0..<view.rowCount where row % 5 == 0 { #expect(digest(view, row) == digest(source, row)) }
        }
    }

    @Test func `memory is counted`() throws {
        let source = try randomSpans(seed: 9)
        var batch = emptyBatch()
        let empty = batch.byteCount
        for _ in 0..<50 {
            for row in 0..<source.rowCount { batch.append(row: row, of: source) }
        }
        #expect(batch.byteCount > empty)
        #expect(batch.byteCount >= batch.rowCount * 100)
    }

    @Test func `a parent that is no ID is none for the tree, but its bytes stay`() {
        var batch = emptyBatch()
        var row = SpanRow()
        row.parentSpanID = UInt64(batch.strings.code(for: Array("odd".utf8).rawSpan))
        row.presence = .unusualParent
        batch.append(row, shape: 0)
        row.parentSpanID = 77
        row.presence = []
        batch.append(row, shape: 0)
        let view = batch.view()
        #expect(view.parent(0) == 0)
        #expect(view.parent(1) == 77)
        var copies = emptyBatch()
        copies.append(row: 0, of: view)
        let copy = copies.view()
        #expect([UInt8](copy.strings[UInt32(copy.parentSpanID[0])]) == Array("odd".utf8))
    }

    @Test func `attribute slots hold key and type`() {
        for type in AttributeType.allCases {
            for key in [0, 1, 1 << 28 - 1] as [UInt32] {
                let slot = AttributeSlot(key: key, type: type)
                #expect(slot.key == key && slot.type == type)
                #expect(AttributeSlot(rawValue: slot.rawValue) == slot)
            }
        }
    }
}
