// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

/// The fixed-width fields of one span, for appending. Codes are of the batch that it is appended to.
public struct SpanRow: Sendable, BitwiseCopyable {
    public var traceID = TraceID(high: 0, low: 0)
    public var spanID: UInt64 = 0
    public var parentSpanID: UInt64 = 0
    public var start: UInt64 = 0
    public var end: UInt64 = 0
    public var name: UInt32 = 0
    public var kind: Int32 = 0
    public var status: Int32 = 0
    public var statusMessage: UInt32 = 0
    public var traceState: UInt32 = 0
    public var flags: UInt32 = 0
    public var dropped: UInt32 = 0
    public var presence: SpanPresence = []
    public var resource: UInt32 = 0
    public var scope: UInt32 = 0
    public var arrivalSeconds: UInt32 = 0

    @inlinable public init() {}
}

/// The fixed-width fields of one link, for appending.
public struct LinkRow: Sendable, BitwiseCopyable {
    public var traceID: UInt32 = 0
    public var spanID: UInt32 = 0
    public var traceState: UInt32 = 0
    public var dropped: UInt32 = 0
    public var flags: UInt32 = 0

    @inlinable public init() {}
}

extension SpanBatch {
    /// Appends a span whose attribute values, events and links were appended before.
    ///
    /// - Parameter shape: The code of the span's attribute shape.
    @inline(__always) public mutating func append(_ row: SpanRow, shape: UInt32) {
        traceIDHigh.append(row.traceID.high)
        traceIDLow.append(row.traceID.low)
        spanID.append(row.spanID)
        parentSpanID.append(row.parentSpanID)
        start.append(row.start)
        end.append(row.end)
        name.append(row.name)
        kind.append(row.kind)
        status.append(row.status)
        statusMessage.append(row.statusMessage)
        traceState.append(row.traceState)
        flags.append(row.flags)
        dropped.append(row.dropped)
        presence.append(takePresence(of: row).rawValue)
        resource.append(row.resource)
        scope.append(row.scope)
        arrivalSeconds.append(row.arrivalSeconds)
        attributes.closeOwner(shape: shape)
        eventEnd.append(UInt32(truncatingIfNeeded: eventTime.count))
        linkEnd.append(UInt32(truncatingIfNeeded: linkTraceID.count))
    }

    /// What is to be said of the row that is appended, whose events and links stand behind those of the rows before.
    @inline(__always) private mutating func takePresence(of row: SpanRow) -> SpanPresence {
        var presence = row.presence.intersection(.own)
        if row.status != 0 || row.statusMessage != 0 { presence.insert(.statusFields) }
        if eventTime.count != closedEventCount { presence.insert(.events) }
        if linkTraceID.count != closedLinkCount { presence.insert(.links) }
        closedEventCount = eventTime.count
        closedLinkCount = linkTraceID.count
        return presence
    }

    /// Appends an event of the span that is appended next; its attribute values were appended before.
    @inline(__always)
    public mutating func appendEvent(time: UInt64, name: UInt32, dropped: UInt32, shape: UInt32) {
        eventTime.append(time)
        eventName.append(name)
        eventDropped.append(dropped)
        eventAttributes.closeOwner(shape: shape)
    }

    /// Appends a link of the span that is appended next; its attribute values were appended before.
    @inline(__always) public mutating func appendLink(_ link: LinkRow, shape: UInt32) {
        linkTraceID.append(link.traceID)
        linkSpanID.append(link.spanID)
        linkTraceState.append(link.traceState)
        linkDropped.append(link.dropped)
        linkFlags.append(link.flags)
        linkAttributes.closeOwner(shape: shape)
    }

    /// Takes back what was appended for a span that is not appended after all.
    public mutating func discardOpenSpan() { truncate(toRows: rowCount) }

    /// Takes back all rows behind the first `count`, with their attributes, events and links.
    ///
    /// Dictionaries keep what they learned. No view may cover the rows.
    public mutating func truncate(toRows count: Int) {
        traceIDHigh.truncate(to: count)
        traceIDLow.truncate(to: count)
        spanID.truncate(to: count)
        parentSpanID.truncate(to: count)
        start.truncate(to: count)
        end.truncate(to: count)
        name.truncate(to: count)
        kind.truncate(to: count)
        status.truncate(to: count)
        statusMessage.truncate(to: count)
        traceState.truncate(to: count)
        flags.truncate(to: count)
        dropped.truncate(to: count)
        presence.truncate(to: count)
        resource.truncate(to: count)
        scope.truncate(to: count)
        arrivalSeconds.truncate(to: count)
        attributes.truncate(toOwners: count)
        eventEnd.truncate(to: count)
        linkEnd.truncate(to: count)
        let events = count == 0 ? 0 : Int(eventEnd[count - 1])
        eventTime.truncate(to: events)
        eventName.truncate(to: events)
        eventDropped.truncate(to: events)
        eventAttributes.truncate(toOwners: events)
        let links = count == 0 ? 0 : Int(linkEnd[count - 1])
        linkTraceID.truncate(to: links)
        linkSpanID.truncate(to: links)
        linkTraceState.truncate(to: links)
        linkDropped.truncate(to: links)
        linkFlags.truncate(to: links)
        linkAttributes.truncate(toOwners: links)
        closedEventCount = events
        closedLinkCount = links
    }
}
