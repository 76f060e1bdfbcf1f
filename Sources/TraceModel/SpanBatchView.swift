// SPDX-License-Identifier: Apache-2.0

public import ByteCoding

/// The first `rowCount` spans of a ``SpanBatch``, readable from any thread while the batch grows.
///
/// Fields are as in ``SpanBatch``. The view keeps the memory alive.
public final class SpanBatchView: Sendable {
    public let arena: SlabArena
    public let rowCount: Int
    public let strings: ByteDictionaryView
    public let shapes: ByteDictionaryView
    public let resources: ByteDictionaryView
    public let scopes: ByteDictionaryView
    public let droppedCounts: ByteDictionaryView
    public let traceIDHigh: ColumnView<UInt64>
    public let traceIDLow: ColumnView<UInt64>
    public let spanID: ColumnView<UInt64>
    public let parentSpanID: ColumnView<UInt64>
    public let start: ColumnView<UInt64>
    public let end: ColumnView<UInt64>
    public let name: ColumnView<UInt32>
    public let kind: ColumnView<Int32>
    public let status: ColumnView<Int32>
    public let statusMessage: ColumnView<UInt32>
    public let traceState: ColumnView<UInt32>
    public let flags: ColumnView<UInt32>
    public let dropped: ColumnView<UInt32>
    public let presence: ColumnView<UInt8>
    public let resource: ColumnView<UInt32>
    public let scope: ColumnView<UInt32>
    public let arrivalSeconds: ColumnView<UInt32>
    public let attributes: AttributeColumnsView
    public let eventEnd: ColumnView<UInt32>
    public let eventTime: ColumnView<UInt64>
    public let eventName: ColumnView<UInt32>
    public let eventDropped: ColumnView<UInt32>
    public let eventAttributes: AttributeColumnsView
    public let linkEnd: ColumnView<UInt32>
    public let linkTraceID: ColumnView<UInt32>
    public let linkSpanID: ColumnView<UInt32>
    public let linkTraceState: ColumnView<UInt32>
    public let linkDropped: ColumnView<UInt32>
    public let linkFlags: ColumnView<UInt32>
    public let linkAttributes: AttributeColumnsView

    init(_ batch: borrowing SpanBatch) {
        arena = batch.arena
        rowCount = batch.rowCount
        strings = batch.strings.view()
        shapes = batch.shapes.view()
        resources = batch.resources.view()
        scopes = batch.scopes.view()
        droppedCounts = batch.droppedCounts.view()
        traceIDHigh = batch.traceIDHigh.view()
        traceIDLow = batch.traceIDLow.view()
        spanID = batch.spanID.view()
        parentSpanID = batch.parentSpanID.view()
        start = batch.start.view()
        end = batch.end.view()
        name = batch.name.view()
        kind = batch.kind.view()
        status = batch.status.view()
        statusMessage = batch.statusMessage.view()
        traceState = batch.traceState.view()
        flags = batch.flags.view()
        dropped = batch.dropped.view()
        presence = batch.presence.view()
        resource = batch.resource.view()
        scope = batch.scope.view()
        arrivalSeconds = batch.arrivalSeconds.view()
        attributes = batch.attributes.view()
        eventEnd = batch.eventEnd.view()
        eventTime = batch.eventTime.view()
        eventName = batch.eventName.view()
        eventDropped = batch.eventDropped.view()
        eventAttributes = batch.eventAttributes.view()
        linkEnd = batch.linkEnd.view()
        linkTraceID = batch.linkTraceID.view()
        linkSpanID = batch.linkSpanID.view()
        linkTraceState = batch.linkTraceState.view()
        linkDropped = batch.linkDropped.view()
        linkFlags = batch.linkFlags.view()
        linkAttributes = batch.linkAttributes.view()
    }

    @inlinable public func traceID(_ row: Int) -> TraceID {
        TraceID(high: traceIDHigh[row], low: traceIDLow[row])
    }

    @inlinable public func resourceRecord(_ row: Int) -> ResourceRecord {
        resources.record(resource[row], or: .none)
    }

    @inlinable public func scopeRecord(_ row: Int) -> ScopeRecord { scopes.record(scope[row], or: .none) }

    @inlinable public func drops(_ row: Int) -> DroppedCounts { droppedCounts.record(dropped[row], or: .none) }

    /// The parent's ID as eight bytes; 0 for a root, also where the ID is all zeros or of another length.
    @inlinable public func parent(_ row: Int) -> UInt64 {
        SpanPresence(rawValue: presence[row]).contains(.unusualParent) ? 0 : parentSpanID[row]
    }

    /// Rows of the events of `row` in the event columns.
    @inlinable public func events(of row: Int) -> Range<Int> {
        (row == 0 ? 0 : Int(eventEnd[row - 1]))..<Int(eventEnd[row])
    }

    /// Rows of the links of `row` in the link columns.
    @inlinable public func links(of row: Int) -> Range<Int> {
        (row == 0 ? 0 : Int(linkEnd[row - 1]))..<Int(linkEnd[row])
    }
}

extension SpanBatch {
    /// What stands in the batch now, for readers.
    public func view() -> SpanBatchView { SpanBatchView(self) }
}
