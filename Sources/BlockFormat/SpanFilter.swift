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

/// What of a span a condition looks at.
package enum SpanSubject: Hashable, Sendable {
    /// The span's own attributes with that key.
    case spanAttribute([UInt8])
    /// Attributes of its resource with that key.
    case resourceAttribute([UInt8])
    /// Attributes of its instrumentation scope with that key.
    case scopeAttribute([UInt8])
    /// Attributes of one of its events with that key.
    case eventAttribute([UInt8])
    /// Attributes of one of its links with that key.
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

/// Which rows of a batch or row group a condition holds for.
package enum RowMask: Sendable {
    case none
    case all
    /// One value a row.
    case some([Bool])

    package subscript(row: Int) -> Bool {
        switch self {
        case .none: false
        case .all: true
        case .some(let rows): rows[row]
        }
    }

    package var isNone: Bool {
        if case .none = self { true } else { false }
    }

    /// - Parameter rows: Becomes ``none`` if no row holds.
    package init(_ rows: [Bool]) { self = rows.contains(true) ? .some(rows) : .none }

    package func and(_ other: RowMask) -> RowMask {
        switch (self, other) {
        case (.none, _), (_, .none): return .none
        case (.all, let mask), (let mask, .all): return mask
        case (.some(var rows), .some(let others)):
            for row in rows.indices where !others[row] { rows[row] = false }
            return RowMask(rows)
        }
    }

    /// The rows that are not in this mask.
    package var inverted: RowMask {
        switch self {
        case .none: .all
        case .all: .none
        case .some(let rows): RowMask(rows.map { !$0 })
        }
    }

    package func or(_ other: RowMask) -> RowMask {
        switch (self, other) {
        case (.all, _), (_, .all): return .all
        case (.none, let mask), (let mask, .none): return mask
        case (.some(var rows), .some(let others)):
            for row in rows.indices where others[row] { rows[row] = true }
            return .some(rows)
        }
    }
}
