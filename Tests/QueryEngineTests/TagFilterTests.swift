// SPDX-License-Identifier: Apache-2.0

internal import QueryEngine
internal import StoreTesting
internal import Testing
internal import TraceModel
internal import TraceQL
internal import TraceQLReference
internal import TraceStorage

@Suite("Tags of the spans that a filter selects", .timeLimit(.minutes(5))) struct TagFilterTests {
    private static let subjects: [TagSubject] =
        TagScope.allCases.map { .attribute("a", [$0]) }
        + [
            .attribute("b", [.span, .resource]), .attribute("service.name", [.resource]), .attribute("nobody", [.span]),
            .intrinsic(.name), .intrinsic(.status), .intrinsic(.statusMessage), .intrinsic(.kind),
            .intrinsic(.rootName), .intrinsic(.rootServiceName), .intrinsic(.eventName),
            .intrinsic(.instrumentationName), .intrinsic(.instrumentationVersion),
        ]

    @Test("are those of exactly these spans, each counted once", arguments: 0..<6 as Range<UInt64>)
    func random(seed: UInt64) async throws {
        var random = RandomSearches(seed: seed)
        var store = try await ReferenceStore(traceCount: 25, spanCount: 12, &random, seed: seed)
        try await store.inEveryState { (store, state) in
            for _ in 0..<(state == .filled ? 40 : 20) {
                // As while somebody types: also what is cut off somewhere.
                let text = random.search().query.description
                let length = random.random.once(in: 2) ? text.count : random.random.below(text.count)
                var query = TagQuery()
                query.filter = CheckedQuery(lenient: String(text.prefix(length)))
                if random.random.once(in: 3) {
                    let start = 1_700_000_000_000_000_000 + UInt64(random.random.below(1_000)) * 1_000_000
                    query.range = TimeRange(start: start, end: start + 300_000_000)
                }
                try await compare(store, query, random.random.pick(Self.subjects))
            }
        }
    }

    @Test("are read from one block's columns alone", arguments: 0..<6 as Range<UInt64>)
    func oneBlock(seed: UInt64) async throws {
        var random = RandomSearches(seed: 100 + seed)
        let traces = (0..<40).map { _ in
            var trace = random.trace(spanCount: 12)
            for index in trace.spans.indices { trace.spans[index].lengthenKeys(&random) }
            return trace
        }
        let store = try await ReferenceStore(traces, isScattered: false, &random, seed: seed)
        try await store.filled.opened.flushAll()
        #expect(try store.filled.blockPaths.count == 1)
        let long = TagScope.allCases.map { TagSubject.attribute(ReferenceSpan.longKey, [$0]) }
        for _ in 0..<12 {
            var query = TagQuery()
            query.filter = CheckedQuery(lenient: random.search().query.description)
            for subject in Self.subjects + long { try await compare(store, query, subject) }
        }
        var query = TagQuery()
        query.countsSpans = true
        for subject in Self.subjects + long { try await compare(store, query, subject) }
    }

    @Test("are all shown while a query is written, key by key") func typed() async throws {
        var random = RandomSearches(seed: 4)
        let store = try await ReferenceStore(traceCount: 25, spanCount: 12, &random, seed: 4)
        let text = "{ resource.service.name = \"shop\" && span.a >= 0 && name =~ \"G.*\" }"
        let subjects: [TagSubject] = [.attribute("b", [.span, .resource]), .intrinsic(.name), .intrinsic(.status)]
        var shown: [Set<String>] = subjects.map { _ in [] }
        for length in (0...text.count).reversed() {
            var query = TagQuery()
            query.filter = CheckedQuery(lenient: String(text.prefix(length)))
            for (index, subject) in subjects.enumerated() {
                let found = try await store.filled.engine.tagValues(subject, query, tenant: .single)
                let texts = Set(found.values.map { "\($0.kind) \($0.text)" })
                if length == text.count { shown[index] = texts }
                #expect(shown[index].isSubset(of: texts) && found.partialReason == nil, "\(text.prefix(length))")
            }
        }
    }

    @Test("are counted for all spans too") func all() async throws {
        var random = RandomSearches(seed: 9)
        let store = try await ReferenceStore(traceCount: 25, spanCount: 12, &random, seed: 9)
        var query = TagQuery()
        query.countsSpans = true
        for subject in Self.subjects { try await compare(store, query, subject) }
        query.limit = 1
        let cut = try await store.filled.engine.tagValues(.intrinsic(.kind), query, tenant: .single)
        #expect(cut.values.count == 1 && cut.partialReason?.contains("of which 1 are shown") == true)
    }

    @Test("say so when memory or time does not suffice") func memory() async throws {
        var random = RandomSearches(seed: 1)
        let store = try await ReferenceStore(traceCount: 25, spanCount: 12, &random, seed: 1)
        let budget = MemoryBudget(limits: [.query: 4_000, .cache: 1 << 20])
        let engine = QueryEngine(store: store.filled.opened.store, budget: budget)
        var query = TagQuery()
        query.countsSpans = true
        let values = try await engine.tagValues(.intrinsic(.name), query, tenant: .single)
        #expect(values.partialReason?.contains("--memory") == true)
        #expect(engine.figures[.tagValues]?.partialAnswerCount == 1)
    }

    private func compare(_ store: ReferenceStore, _ query: TagQuery, _ subject: TagSubject) async throws {
        let spans = try NaiveSelection(store.traces, query)
        let values = try await store.filled.engine.tagValues(subject, query, tenant: .single)
        #expect(values.partialReason == nil)
        let found = values.values.map { "\($0.kind) \($0.text): \($0.spanCount ?? 0)" }
        #expect(found.sorted() == spans.values(of: subject), "\(subject) of \(query.filter?.query.description ?? "all")")
        #expect(values.values.map(\.text) == values.values.map(\.text).sorted())
        guard query.filter != nil else { return }
        let names = try await store.filled.engine.tagNames(Set(TagScope.allCases), query, tenant: .single)
        #expect(names.partialReason == nil)
        for scope in TagScope.allCases { #expect(names.names[scope] == spans.names(in: scope)) }
    }
}

extension ReferenceSpan {
    /// Has no column of its own.
    fileprivate static let longKey = String(repeating: "k", count: 300)

    /// Gives some attributes a key without a column, in another place among the others.
    fileprivate mutating func lengthenKeys(_ random: inout RandomSearches) {
        Self.lengthenKey(&attributes, &random)
        for index in events.indices { Self.lengthenKey(&events[index].attributes, &random) }
        for index in links.indices { Self.lengthenKey(&links[index].attributes, &random) }
    }

    private static func lengthenKey(_ attributes: inout [ReferenceAttribute], _ random: inout RandomSearches) {
        guard random.random.once(in: 2), let index = attributes.indices.last else { return }
        var attribute = attributes.remove(at: index)
        attribute.key = longKey
        attributes.insert(attribute, at: random.random.below(index + 1))
    }
}

extension [ReferenceAttribute] {
    /// Of each key the first.
    fileprivate var firsts: [ReferenceAttribute] {
        var keys: Set<String> = []
        return filter { keys.insert($0.key).inserted }
    }
}

/// The spans that a filter selects, found by looking at all of them.
private struct NaiveSelection {
    private var spans: [(span: ReferenceSpan, trace: ReferenceTrace)] = []

    init(_ traces: [ReferenceTrace], _ query: TagQuery) throws {
        let evaluator = try #require(ReferenceEvaluator(query.filter ?? .everything))
        for trace in traces {
            for index in Set(evaluator.spansets(of: trace).flatMap(\.spans)) {
                let span = trace.spans[index]
                let end = UInt64(max(span.startNanoseconds, span.endNanoseconds))
                if UInt64(span.startNanoseconds) < query.range.end, end >= query.range.start { spans.append((span, trace)) }
            }
        }
    }

    /// Of each owner those that count.
    private func attributes(_ span: ReferenceSpan, _ scope: TagScope) -> [ReferenceAttribute] {
        switch scope {
        case .resource: span.resource.firsts
        case .span: span.attributes.firsts
        case .event: span.events.flatMap(\.attributes.firsts)
        case .link: span.links.flatMap(\.attributes.firsts)
        case .instrumentation: span.instrumentation.firsts
        }
    }

    func names(in scope: TagScope) -> [String] {
        Set(spans.flatMap { attributes($0.span, scope).map(\.key) }).sorted()
    }

    /// As text, in order.
    func values(of subject: TagSubject) -> [String] {
        var counts: [String: Int] = [:]
        for (span, trace) in spans {
            let values = Set(values(of: subject, span, trace).flatMap(Self.elements).compactMap { Self.text($0) })
            for value in values { counts[value, default: 0] += 1 }
        }
        return counts.map { "\($0): \($1)" }.sorted()
    }

    private func values(of subject: TagSubject, _ span: ReferenceSpan, _ trace: ReferenceTrace) -> [StaticValue] {
        let root = trace.spans.filter(\.isRoot).min { ($0.startNanoseconds, $0.id) < ($1.startNanoseconds, $1.id) }
        switch subject {
        case .attribute(let key, let scopes):
            return scopes.flatMap { attributes(span, $0) }.filter { $0.key == key }.map(\.value)
        case .intrinsic(.name): return [.string(span.name)]
        case .intrinsic(.status): return [.status(span.status)]
        case .intrinsic(.statusMessage): return [.string(span.statusMessage)]
        case .intrinsic(.kind): return [.kind(span.kind)]
        case .intrinsic(.rootName): return root.map { [.string($0.name)] } ?? []
        case .intrinsic(.rootServiceName): return root.map { [.string($0.serviceName)] } ?? []
        case .intrinsic(.eventName): return span.events.map { .string($0.name) }
        case .intrinsic(.instrumentationName): return [.string(span.instrumentationName)]
        case .intrinsic(.instrumentationVersion): return [.string(span.instrumentationVersion)]
        case .intrinsic: return []
        }
    }

    /// Of an array its elements are listed.
    private static func elements(_ value: StaticValue) -> [StaticValue] {
        if case .array(let elements) = value { elements } else { [value] }
    }

    private static func text(_ value: StaticValue) -> String? {
        switch value {
        case .string(let text): "string \(text)"
        case .int(let number), .duration(let number): "int \(number)"
        case .float(let number): "float \(number)"
        case .boolean(let value): "bool \(value)"
        case .status(let status): "keyword \(status.name)"
        case .kind(let kind): "keyword \(kind.name)"
        case .absent, .opaque, .array: nil
        }
    }
}
