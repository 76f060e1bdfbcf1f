// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
package import TraceModel
internal import TraceQL

/// The traces that a search found, in flat columns: an answer has tens of thousands of spans and services, and memory of
/// its own for each of them would cost more than finding them.
///
/// ```
/// traces ──► spansets ──► spans ──┬─► references ──► attributes
///    │           └────────────────┘
///    └─────► services                (names of all kinds: numbers of texts)
/// ```
package struct SearchedTraces: Sendable {
    /// Some entries of a column, one behind the other.
    package struct Part: BitwiseCopyable, Sendable {
        package var first: Int32
        package var count: Int32

        init(first: Int, count: Int) {
            self.first = Int32(truncatingIfNeeded: first)
            self.count = Int32(truncatingIfNeeded: count)
        }

        static let none = Part(first: 0, count: 0)

        package var indices: Range<Int> { Int(first)..<(Int(first) + Int(count)) }
    }

    package struct Trace: BitwiseCopyable, Sendable {
        package var id: TraceID
        /// The first start, Unix nanoseconds.
        package var start: UInt64
        /// From the first start to the last end.
        package var duration: UInt64
        /// Texts; -1 both if there is no root.
        package var rootService: Int32 = -1
        package var rootName: Int32 = -1
        package var spansets = Part.none
        package var services = Part.none
    }

    package struct Spanset: BitwiseCopyable, Sendable {
        package var matchedCount: Int
        package var spans = Part.none
        package var references = Part.none
    }

    package struct Span: BitwiseCopyable, Sendable {
        package var spanID: UInt64
        package var start: UInt64
        package var duration: UInt64
        /// A text.
        package var name: Int32
        package var references = Part.none
    }

    package struct Service: BitwiseCopyable, Sendable {
        /// A text.
        package var name: Int32
        package var spanCount: UInt32
        package var errorCount: UInt32

        /// Adds what it has elsewhere; what a damaged block claims may be any number.
        mutating func add(_ other: Service) {
            spanCount = UInt32(clamping: Int(spanCount) + Int(other.spanCount))
            errorCount = UInt32(clamping: Int(errorCount) + Int(other.errorCount))
        }
    }

    /// In the order of the answer.
    package internal(set) var traces: [Trace] = []
    package internal(set) var spansets: [Spanset] = []
    package internal(set) var spans: [Span] = []
    /// Of each trace ordered by their names.
    package internal(set) var services: [Service] = []
    /// Which attributes spans and spansets have, in the order of the query.
    package internal(set) var references: [Int32] = []
    package private(set) var attributes: [SearchedAttribute] = []
    package internal(set) var texts = TextTable()
    private var attributeByteCounts: [Int32] = []
    private var attributeByteCount = 0

    package init() {}

    /// Bytes in memory, about.
    package var byteCount: Int {
        traces.capacity * MemoryLayout<Trace>.stride + spansets.capacity * MemoryLayout<Spanset>.stride
            + spans.capacity * MemoryLayout<Span>.stride + services.capacity * MemoryLayout<Service>.stride
            + references.capacity * 4 + attributes.capacity * 8 + attributeByteCount + texts.byteCount
    }

    /// Bytes, about, of everything that is said of a trace, also of what others have too.
    package func byteCount(ofTrace index: Int) -> Int {
        let trace = traces[index]
        var sum = 256
        if trace.rootService >= 0 { sum += texts.byteCount(trace.rootService) + texts.byteCount(trace.rootName) }
        for service in services[trace.services.indices] { sum += 80 + texts.byteCount(service.name) }
        for spanset in spansets[trace.spansets.indices] {
            sum += 96 + byteCount(spanset.references)
            for span in spans[spanset.spans.indices] {
                sum += 128 + texts.byteCount(span.name) + byteCount(span.references)
            }
        }
        return sum
    }

    /// Bytes in memory of an attribute.
    package func byteCount(ofAttribute index: Int) -> Int { Int(attributeByteCounts[index]) }

    /// What each service has of a trace, by the legible numbers of their names: of those that are no UTF-8 some may
    /// become the same text.
    package func legibleServices(ofTrace index: Int) -> ArraySlice<Service> {
        let services = services[traces[index].services.indices]
        guard texts.hasIllegible else { return services }
        var merged: [Service] = []
        var places: [Int32: Int] = [:]
        for service in services {
            let name = texts.legible(service.name)
            if let place = places[name] {
                merged[place].add(service)
            } else {
                places[name] = merged.count
                merged.append(Service(name: name, spanCount: service.spanCount, errorCount: service.errorCount))
            }
        }
        return merged[...]
    }

    private func byteCount(_ part: Part) -> Int {
        references[part.indices].reduce(0) { $0 + Int(attributeByteCounts[Int($1)]) }
    }

    /// Adds an attribute that spans may refer to.
    mutating func add(_ attribute: SearchedAttribute) -> Int32 {
        attributes.append(attribute)
        attributeByteCounts.append(Int32(clamping: attribute.byteCount))
        attributeByteCount += attribute.byteCount
        return Int32(truncatingIfNeeded: attributes.count - 1)
    }

    /// Adds attributes of one span or spanset, and references to them.
    mutating func add(_ added: [SearchedAttribute]) -> Part {
        for attribute in added { references.append(add(attribute)) }
        return Part(first: references.count - added.count, count: added.count)
    }
}

// MARK: - As values

extension SearchedTraces {
    package init(_ traces: [SearchedTrace]) {
        for trace in traces { append(trace) }
    }

    mutating func append(_ trace: SearchedTrace) {
        var added = Trace(id: trace.id, start: trace.startNanoseconds, duration: trace.durationNanoseconds)
        if let root = trace.root {
            added.rootService = texts.number(of: root.service)
            added.rootName = texts.number(of: root.nameBytes)
        }
        let sets = trace.spansets.map { set in
            let part = Part(first: spans.count, count: set.spans.count)
            for found in set.spans {
                let (span, name) = (found.span, texts.number(of: found.span.name))
                spans.append(
                    Span(
                        spanID: span.spanID, start: span.start, duration: span.duration, name: name,
                        references: add(found.attributes)))
            }
            return Spanset(matchedCount: set.matchedCount, spans: part, references: add(set.attributes))
        }
        added.spansets = Part(first: spansets.count, count: sets.count)
        spansets += sets
        added.services = Part(first: services.count, count: trace.services.count)
        for service in trace.services {
            services.append(
                Service(
                    name: texts.number(of: service.service), spanCount: UInt32(clamping: service.spanCount),
                    errorCount: UInt32(clamping: service.errorCount)))
        }
        self.traces.append(added)
    }

    /// The trace at a place of the answer as a value of its own.
    package subscript(index: Int) -> SearchedTrace {
        let trace = traces[index]
        return SearchedTrace(
            id: trace.id,
            root: trace.rootService < 0
                ? nil : .init(service: texts[trace.rootService], nameBytes: texts[trace.rootName]),
            startNanoseconds: trace.start, durationNanoseconds: trace.duration,
            spansets: spansets[trace.spansets.indices].map { set in
                SearchedSpanset(
                    matchedCount: set.matchedCount, spans: spans[set.spans.indices].map { value($0) },
                    attributes: attributes(set.references))
            },
            services: services[trace.services.indices].map { service in
                ServiceCounts(
                    service: texts[service.name], spanCount: Int(service.spanCount),
                    errorCount: Int(service.errorCount))
            })
    }

    private func value(_ span: Span) -> SearchedSpan {
        SearchedSpan(
            MatchedSpan(spanID: span.spanID, start: span.start, duration: span.duration, name: texts[span.name]),
            attributes: attributes(span.references))
    }

    func attributes(_ part: Part) -> [SearchedAttribute] {
        references[part.indices].map { attributes[Int($0)] }
    }
}
