// SPDX-License-Identifier: Apache-2.0

package import BlockFormat
package import TraceModel
package import TraceQL

/// Which traces are searched for. A trace is found if one of its spans overlaps ``range`` and the whole trace, with
/// all its spans whenever they are, is a hit.
package struct TraceSearchQuery: Sendable {
    /// A trace is a hit if this holds for one of its spans …
    package var filter = SpanFilter.all([])
    /// … or if this selects some of them; of metrics queries nothing is a hit.
    package var traceQL: CheckedQuery?
    package var range: TimeRange = .all
    /// Nanoseconds from the trace's first start to its last end.
    package var duration: ClosedRange<UInt64> = 0...UInt64.max
    /// Tests of the root's service and name; traces without a root don't pass.
    package var rootServiceName: ValueTest?
    package var rootName: ValueTest?
    /// Only the newest so many.
    package var limit = 20
    /// Spans that are shown of each spanset: its first ones.
    package var spansPerSpanset = 3
    /// Whether the answer says how it was found.
    package var isExplained = false

    package init() {}
}

/// A span that a search found, with what the query names of it.
package struct SearchedSpan: Hashable, Sendable {
    package var span: MatchedSpan
    /// In the order of the query; what the span does not have is left out.
    package var attributes: [SearchedAttribute]

    package init(_ span: MatchedSpan, attributes: [SearchedAttribute] = []) {
        self.span = span
        self.attributes = attributes
    }
}

/// A name and a value that a search shows.
package struct SearchedAttribute: Hashable, Sendable {
    package var name: String
    package var value: StaticValue

    package init(name: String, value: StaticValue) {
        self.name = name
        self.value = value
    }
}

/// Spans of a trace that were selected together.
package struct SearchedSpanset: Hashable, Sendable {
    package var matchedCount: Int
    /// The first of them, by start, span ID and kind.
    package var spans: [SearchedSpan]
    /// What `by` told it apart by, and the numbers of aggregates.
    package var attributes: [SearchedAttribute]

    package init(matchedCount: Int, spans: [SearchedSpan], attributes: [SearchedAttribute] = []) {
        self.matchedCount = matchedCount
        self.spans = spans
        self.attributes = attributes
    }
}

/// A trace that a search found. Everything is said of the whole trace.
package struct SearchedTrace: Hashable, Sendable {
    package struct Root: Hashable, Sendable {
        package let service: [UInt8]
        package let nameBytes: [UInt8]

        package init(service: [UInt8], nameBytes: [UInt8]) {
            self.service = service
            self.nameBytes = nameBytes
        }

        package init(serviceName: String, name: String) {
            self.init(service: Array(serviceName.utf8), nameBytes: Array(name.utf8))
        }

        /// What is no UTF-8 becomes U+FFFD.
        package var serviceName: String { String(decoding: service, as: UTF8.self) }
        package var name: String { String(decoding: nameBytes, as: UTF8.self) }
    }

    package var id: TraceID
    /// The span without parent that starts first; nil if none has come yet.
    package var root: Root?
    /// The first start.
    package var startNanoseconds: UInt64
    /// From the first start to the last end; 0 if no span ends later.
    package var durationNanoseconds: UInt64
    /// At least one; several only if the query splits them.
    package var spansets: [SearchedSpanset]
    /// Ordered by the services' names.
    package var services: [ServiceCounts]

    package init(
        id: TraceID, root: Root?, startNanoseconds: UInt64, durationNanoseconds: UInt64,
        spansets: [SearchedSpanset], services: [ServiceCounts] = []
    ) {
        self.id = id
        self.root = root
        self.startNanoseconds = startNanoseconds
        self.durationNanoseconds = durationNanoseconds
        self.spansets = spansets
        self.services = services
    }

    /// The order of answers: newest first, then by ID.
    package static func precedes(_ a: Self, _ b: Self) -> Bool {
        (b.startNanoseconds, a.id) < (a.startNanoseconds, b.id)
    }
}

/// What a search looked at.
package struct SearchFigures: Hashable, Sendable {
    /// Bytes of row groups read from blocks.
    package var inspectedByteCount = 0
    /// Rows that were judged: those of heads, of the row groups that statistics did not exclude, and of traces that
    /// had to be put together; and of how many traces they are, counted once in each row group.
    package var inspectedSpanCount = 0
    package var inspectedTraceCount = 0
    /// Blocks that there are, what they take, and how many of them were looked into.
    package var blockCount = 0
    package var blockByteCount = 0
    package var inspectedBlockCount = 0
    /// The heads and each block are a job: it is complete when nothing more of it can get into the answer.
    package var jobCount = 0
    package var completedJobCount = 0

    package init() {}
}

/// What a search found, in the order of ``SearchedTrace/precedes(_:_:)``.
package struct TraceSearchResult: Sendable {
    package var found: SearchedTraces
    /// Why traces may be missing; nil if the answer is complete.
    package var partialReason: String?
    package var figures = SearchFigures()
    /// Only if the query asks for it.
    package var explanation: SearchExplanation?
    /// Held as long as the traces are.
    package var memory: QueryMemory?

    /// What was found as values, one a trace, for those who don't mind what they cost.
    package var traces: [SearchedTrace] { found.traces.indices.map { found[$0] } }

    package init(traces: [SearchedTrace], partialReason: String? = nil, memory: QueryMemory? = nil) {
        found = SearchedTraces(traces)
        self.partialReason = partialReason
        self.memory = memory
    }
}

/// Where a tag's name has its meaning.
package enum TagScope: String, Sendable, CaseIterable {
    case resource, span, event, link, instrumentation
}

/// What a list of tag names or values is for.
package struct TagQuery: Sendable {
    /// With a filter, or where spans are counted: what spans overlap. Else blocks and heads that hold nothing of it are
    /// passed over.
    package var range: TimeRange = .all
    /// Only of spans that this one filter selects, as ``CheckedQuery/init(lenient:)`` gives it; nil for all spans.
    package var filter: CheckedQuery?
    /// Whether it is said how many spans have each value, for which all spans have to be looked at.
    package var countsSpans = false
    /// Only the first so many, in order; nil for all.
    package var limit: Int?

    package init() {}
}

/// Tag names by scope, each list in order.
package struct TagNames: Sendable {
    package var names: [TagScope: [String]]
    /// Why names are missing; nil if the answer is complete.
    package var partialReason: String?
    /// Held as long as the names are.
    package let memory: QueryMemory?

    package init(names: [TagScope: [String]], partialReason: String? = nil, memory: QueryMemory? = nil) {
        self.names = names
        self.partialReason = partialReason
        self.memory = memory
    }
}

/// Whose values are listed.
package enum TagSubject: Hashable, Sendable {
    /// The attributes with that key, of the scopes.
    case attribute(String, Set<TagScope>)
    /// A name, a keyword or another text that spans, events, scopes or traces have.
    case intrinsic(Intrinsic)
}

/// A value that a tag has.
package struct TagValue: Hashable, Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        case string, int, float, bool, keyword
    }

    package var kind: Kind
    package var text: String
    /// Spans that have it, each once; nil if they were not counted.
    package var spanCount: Int?

    package init(kind: Kind, text: String, spanCount: Int? = nil) {
        self.kind = kind
        self.text = text
        self.spanCount = spanCount
    }
}

/// A tag's values, ordered by their text.
package struct TagValues: Sendable {
    package var values: [TagValue]
    /// Why values are missing; nil if the answer is complete.
    package var partialReason: String?
    /// Held as long as the values are.
    package let memory: QueryMemory?

    package init(values: [TagValue], partialReason: String? = nil, memory: QueryMemory? = nil) {
        self.values = values
        self.partialReason = partialReason
        self.memory = memory
    }
}

/// Searches stored spans.
package protocol TraceSearching: Sendable {
    /// The newest traces that match, each judged as a whole.
    func searchTraces(_ query: TraceSearchQuery, tenant: TenantSet) async throws -> TraceSearchResult

    /// The names of attributes in some scopes.
    func tagNames(_ scopes: Set<TagScope>, _ query: TagQuery, tenant: TenantSet) async throws -> TagNames

    /// The values of a tag.
    func tagValues(_ subject: TagSubject, _ query: TagQuery, tenant: TenantSet) async throws -> TagValues
}

extension TimeRange {
    /// The moments of the range; nil if it has none.
    var moments: ClosedRange<UInt64>? {
        if self == .all { return 0...UInt64.max }
        return start < end ? start...(end - 1) : nil
    }
}
