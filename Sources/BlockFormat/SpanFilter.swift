// SPDX-License-Identifier: Apache-2.0

/// Which spans a search is for, as a tree of conditions on single spans. Heads and blocks judge it alike.
package indirect enum SpanFilter: Hashable, Sendable {
    /// All hold; of none: every span.
    case all([SpanFilter])
    /// At least one holds; of none: no span.
    case any([SpanFilter])
    /// It does not hold.
    case not(SpanFilter)
    /// One of the values of the subject passes the test.
    case holds(SpanSubject, ValueTest)
}

/// What of a span a condition looks at. Of several attributes with the same key in one span, resource, scope, event or
/// link the first counts, whatever its type: if it has no value there is none.
package enum SpanSubject: Hashable, Sendable {
    /// The span's own attribute with that key.
    case spanAttribute([UInt8])
    /// The attribute of its resource with that key.
    case resourceAttribute([UInt8])
    /// The attribute of its instrumentation scope with that key.
    case scopeAttribute([UInt8])
    /// The attribute of one of its events with that key.
    case eventAttribute([UInt8])
    /// The attribute of one of its links with that key.
    case linkAttribute([UInt8])
    case eventName
    /// Nanoseconds from the span's start to one of its events, an integer.
    case eventTime
    /// The bytes of a link's ID.
    case linkTraceID
    case linkSpanID
    case scopeName
    case scopeVersion
    case name
    case statusMessage
    /// OTLP StatusCode, an integer.
    case status
    /// OTLP SpanKind, an integer.
    case kind
    /// Nanoseconds, an integer; 0 for a span that ends before it starts.
    case duration
    /// The eight bytes of its ID.
    case spanID
    /// Whether it has no parent, a Boolean.
    case isRoot
}
