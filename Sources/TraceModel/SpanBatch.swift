// SPDX-License-Identifier: Apache-2.0

public import ByteCoding

/// Many spans as columns: what a decoder fills, a head holds, a block reader yields and an encoder writes.
///
/// Row *i* of every span column is one span. Strings, attribute shapes, resources and scopes stand once and are
/// referred to by code; code 0 is the empty string and "nothing". One owner appends; ``view()`` lets others read what
/// stands so far while it goes on. Rows are in no order.
public struct SpanBatch: ~Copyable {
    public let arena: SlabArena
    /// Every byte string: keys, names, values, messages, encoded resources.
    public var strings: ByteDictionary
    /// Attribute shapes: lists of ``AttributeSlot``, 4 bytes each in the machine's order.
    public var shapes: ByteDictionary
    /// ``ResourceRecord``s.
    public var resources: ByteDictionary
    /// ``ScopeRecord``s.
    public var scopes: ByteDictionary
    /// ``DroppedCounts``.
    public var droppedCounts: ByteDictionary

    public var traceIDHigh: SegmentedColumn<UInt64>
    public var traceIDLow: SegmentedColumn<UInt64>
    public var spanID: SegmentedColumn<UInt64>
    /// The parent's ID; 0 for none; a string code where ``SpanPresence/unusualParent`` is set.
    public var parentSpanID: SegmentedColumn<UInt64>
    /// Unix nanoseconds.
    public var start: SegmentedColumn<UInt64>
    /// Unix nanoseconds; may lie before the start.
    public var end: SegmentedColumn<UInt64>
    public var name: SegmentedColumn<UInt32>
    /// OTLP SpanKind; unknown numbers are kept.
    public var kind: SegmentedColumn<Int32>
    /// OTLP StatusCode; unknown numbers are kept.
    public var status: SegmentedColumn<Int32>
    public var statusMessage: SegmentedColumn<UInt32>
    public var traceState: SegmentedColumn<UInt32>
    public var flags: SegmentedColumn<UInt32>
    public var dropped: SegmentedColumn<UInt32>
    public var presence: SegmentedColumn<UInt8>
    public var resource: SegmentedColumn<UInt32>
    public var scope: SegmentedColumn<UInt32>
    /// When the span was received, in Unix seconds.
    public var arrivalSeconds: SegmentedColumn<UInt32>
    public var attributes: AttributeColumns

    /// Where each span's events end in the event columns.
    public var eventEnd: SegmentedColumn<UInt32>
    public var eventTime: SegmentedColumn<UInt64>
    public var eventName: SegmentedColumn<UInt32>
    public var eventDropped: SegmentedColumn<UInt32>
    public var eventAttributes: AttributeColumns

    /// Where each span's links end in the link columns.
    public var linkEnd: SegmentedColumn<UInt32>
    /// String codes: a link's IDs may be of any length.
    public var linkTraceID: SegmentedColumn<UInt32>
    public var linkSpanID: SegmentedColumn<UInt32>
    public var linkTraceState: SegmentedColumn<UInt32>
    public var linkDropped: SegmentedColumn<UInt32>
    public var linkFlags: SegmentedColumn<UInt32>
    public var linkAttributes: AttributeColumns
    /// Events and links of the rows that were appended.
    var closedEventCount = 0
    var closedLinkCount = 0

    /// - Parameter seed: Of the dictionaries' hashes; random where strings come from outside.
    public init(pool: SlabPool, seed: UInt64 = 0) {
        let arena = SlabArena(pool: pool)
        self.arena = arena
        strings = ByteDictionary(arena: arena, seed: seed)
        shapes = ByteDictionary(arena: arena, seed: seed)
        resources = ByteDictionary(arena: arena, seed: seed)
        scopes = ByteDictionary(arena: arena, seed: seed)
        droppedCounts = ByteDictionary(arena: arena, seed: seed)
        traceIDHigh = SegmentedColumn(arena: arena)
        traceIDLow = SegmentedColumn(arena: arena)
        spanID = SegmentedColumn(arena: arena)
        parentSpanID = SegmentedColumn(arena: arena)
        start = SegmentedColumn(arena: arena)
        end = SegmentedColumn(arena: arena)
        name = SegmentedColumn(arena: arena)
        kind = SegmentedColumn(arena: arena)
        status = SegmentedColumn(arena: arena)
        statusMessage = SegmentedColumn(arena: arena)
        traceState = SegmentedColumn(arena: arena)
        flags = SegmentedColumn(arena: arena)
        dropped = SegmentedColumn(arena: arena)
        presence = SegmentedColumn(arena: arena)
        resource = SegmentedColumn(arena: arena)
        scope = SegmentedColumn(arena: arena)
        arrivalSeconds = SegmentedColumn(arena: arena)
        attributes = AttributeColumns(arena: arena)
        eventEnd = SegmentedColumn(arena: arena)
        eventTime = SegmentedColumn(arena: arena)
        eventName = SegmentedColumn(arena: arena)
        eventDropped = SegmentedColumn(arena: arena)
        eventAttributes = AttributeColumns(arena: arena)
        linkEnd = SegmentedColumn(arena: arena)
        linkTraceID = SegmentedColumn(arena: arena)
        linkSpanID = SegmentedColumn(arena: arena)
        linkTraceState = SegmentedColumn(arena: arena)
        linkDropped = SegmentedColumn(arena: arena)
        linkFlags = SegmentedColumn(arena: arena)
        linkAttributes = AttributeColumns(arena: arena)
    }

    /// Spans in the batch.
    @inlinable public var rowCount: Int { linkEnd.count }

    /// Memory that the batch holds.
    public var byteCount: Int {
        arena.byteCount + strings.tableByteCount + shapes.tableByteCount + resources.tableByteCount
            + scopes.tableByteCount + droppedCounts.tableByteCount
    }
}

/// What the columns of a span cannot say by their values.
public struct SpanPresence: OptionSet, Sendable, BitwiseCopyable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The span has a status message, perhaps an empty one.
    public static let status = SpanPresence(rawValue: 1)
    /// The parent ID is neither empty nor eight bytes other than zero: its bytes are a string.
    public static let unusualParent = SpanPresence(rawValue: 2)
    /// The span has events. Set as it is appended; saves readers a look at where they end.
    public static let events = SpanPresence(rawValue: 4)
    /// The span has links. Set as it is appended.
    public static let links = SpanPresence(rawValue: 8)
    /// The status code is not 0, or the status message not empty. Set as it is appended.
    public static let statusFields = SpanPresence(rawValue: 16)
    /// What the span itself says, without what follows from other columns.
    public static let own: SpanPresence = [.status, .unusualParent]
}

/// A resource as it stands once in a batch. All fields are string codes but `isPresent`.
public struct ResourceRecord: Hashable, Sendable, BitwiseCopyable {
    /// 1 if the message was there, 0 if the spans came without a resource.
    public var isPresent: UInt32
    /// The protobuf encoding of the OTLP Resource message as received.
    public var encoded: UInt32
    public var schemaURL: UInt32
    /// The value of `service.name`; the empty string if it has none.
    public var serviceName: UInt32

    @inlinable public init(isPresent: Bool, encoded: UInt32, schemaURL: UInt32, serviceName: UInt32) {
        self.isPresent = isPresent ? 1 : 0
        self.encoded = encoded
        self.schemaURL = schemaURL
        self.serviceName = serviceName
    }

    /// No resource: what code 0 stands for.
    public static let none = ResourceRecord(isPresent: false, encoded: 0, schemaURL: 0, serviceName: 0)
}

/// An instrumentation scope as it stands once in a batch. All fields are string codes but `isPresent`.
public struct ScopeRecord: Hashable, Sendable, BitwiseCopyable {
    /// 1 if the message was there.
    public var isPresent: UInt32
    /// The protobuf encoding of the OTLP InstrumentationScope message as received.
    public var encoded: UInt32
    public var schemaURL: UInt32

    @inlinable public init(isPresent: Bool, encoded: UInt32, schemaURL: UInt32) {
        self.isPresent = isPresent ? 1 : 0
        self.encoded = encoded
        self.schemaURL = schemaURL
    }

    /// No scope: what code 0 stands for.
    public static let none = ScopeRecord(isPresent: false, encoded: 0, schemaURL: 0)
}

/// How much of a span its sender left out. Code 0 stands for nothing left out.
public struct DroppedCounts: Hashable, Sendable, BitwiseCopyable {
    public var attributes: UInt32
    public var events: UInt32
    public var links: UInt32

    @inlinable public init(attributes: UInt32, events: UInt32, links: UInt32) {
        self.attributes = attributes
        self.events = events
        self.links = links
    }

    public static let none = DroppedCounts(attributes: 0, events: 0, links: 0)
}
