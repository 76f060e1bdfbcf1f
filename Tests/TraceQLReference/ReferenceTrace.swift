// SPDX-License-Identifier: Apache-2.0

package import TraceQL

/// An attribute with its value, ``TraceQL/StaticValue/absent`` if it has none; keys may repeat.
package struct ReferenceAttribute: Hashable, Sendable {
    package var key: String
    package var value: StaticValue

    package init(_ key: String, _ value: StaticValue) {
        self.key = key
        self.value = value
    }
}

package struct ReferenceEvent: Hashable, Sendable {
    package var name: String
    package var timeNanoseconds: Int64
    package var attributes: [ReferenceAttribute]

    package init(_ name: String, timeNanoseconds: Int64, _ attributes: [ReferenceAttribute] = []) {
        self.name = name
        self.timeNanoseconds = timeNanoseconds
        self.attributes = attributes
    }
}

package struct ReferenceLink: Hashable, Sendable {
    /// 32 hexadecimal digits.
    package var traceID: String
    /// 16 hexadecimal digits.
    package var spanID: String
    package var attributes: [ReferenceAttribute]

    package init(traceID: String, spanID: String, _ attributes: [ReferenceAttribute] = []) {
        self.traceID = traceID
        self.spanID = spanID
        self.attributes = attributes
    }
}

package struct ReferenceSpan: Hashable, Sendable {
    /// 16 hexadecimal digits.
    package var id: String
    /// As long, all zeros for a root.
    package var parentID: String
    package var name = ""
    package var kind = KindKeyword.unspecified
    package var status = StatusKeyword.unset
    package var statusMessage = ""
    package var startNanoseconds: Int64 = 0
    package var endNanoseconds: Int64 = 0
    package var attributes: [ReferenceAttribute] = []
    package var resource: [ReferenceAttribute] = []
    package var instrumentationName = ""
    package var instrumentationVersion = ""
    package var instrumentation: [ReferenceAttribute] = []
    package var events: [ReferenceEvent] = []
    package var links: [ReferenceLink] = []

    package static let noParent = "0000000000000000"

    package init(id: String, parentID: String = ReferenceSpan.noParent) {
        self.id = id
        self.parentID = parentID
    }

    package var isRoot: Bool { parentID == Self.noParent }

    /// Empty if it is no text.
    package var serviceName: String {
        guard case .string(let name) = resource.first(where: { $0.key == "service.name" })?.value else { return "" }
        return name
    }
}

package struct ReferenceTrace: Hashable, Sendable {
    /// 32 hexadecimal digits.
    package var id: String
    package var spans: [ReferenceSpan]

    package init(id: String, spans: [ReferenceSpan]) {
        self.id = id
        self.spans = spans
    }
}

/// Spans of one trace that a query found together.
package struct ReferenceSpanset: Hashable, Sendable {
    /// Indexes of the trace's spans, ascending.
    package var spans: [Int]
    /// What groups and aggregates attached: `by(name)`, `count()`.
    package var attributes: [ReferenceAttribute]

    package init(spans: [Int], attributes: [ReferenceAttribute] = []) {
        self.spans = spans
        self.attributes = attributes
    }
}
