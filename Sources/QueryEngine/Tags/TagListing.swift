// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
package import TraceModel
internal import TraceQL
internal import TraceStorage

extension QueryEngine {
    package func tagNames(_ scopes: Set<TagScope>, _ query: TagQuery, tenant: TenantSet) async throws -> TagNames {
        let memory = QueryMemory(budget: budget)
        let snapshot = store.snapshot(over: tenant)
        var (names, reason) = try await allNames(scopes, snapshot, query, memory)
        if let filter = query.filter, let range = query.range.moments {
            let tally = TagNameTally(limits: names)
            if let spans = SelectedSpans(filter, range, self, snapshot, QueryMemory(budget: budget)) {
                let missing = try await spans.run(into: tally)
                counters.add(spans.reads, to: .tagNames)
                reason = reason ?? missing
            }
            names = tally.names.merging(scopes.map { ($0, []) }) { found, _ in found }
        }
        var cut: String?
        let sorted = names.mapValues { names in
            let texts = Set(names.map { String(decoding: $0, as: UTF8.self) }).sorted()
            guard let limit = query.limit, texts.count > limit else { return texts }
            cut = "\(texts.count) names, of which \(limit) are shown: raise limit to see all"
            return Array(texts.prefix(limit))
        }
        memory.keep(sorted.values.joined().reduce(0) { $0 + 64 + $1.utf8.count })
        return TagNames(names: sorted, partialReason: reason ?? cut, memory: memory)
    }

    /// The keys that stored spans have, by scope; and why some may be missing.
    private func allNames(
        _ scopes: Set<TagScope>, _ snapshot: StoreSnapshot, _ query: TagQuery, _ memory: QueryMemory
    ) async throws -> ([TagScope: Set<[UInt8]>], String?) {
        var names: [TagScope: Set<[UInt8]>] = [:]
        // Once as bytes, and twice as texts while they are put in order.
        let hold = { (names: [TagScope: Set<[UInt8]>]) in
            try memory.hold(3 * names.values.joined().reduce(0) { $0 + 64 + $1.count })
        }
        let reason = try await overSources(snapshot, query, .tagNames) { head in
            for scope in scopes { names[scope, default: []].formUnion(head.attributeKeys(of: scope.place)) }
            try hold(names)
        } block: { reader, _ in
            for scope in scopes { names[scope, default: []].formUnion(try await reader.attributeKeys(of: scope.place)) }
            try hold(names)
        }
        return (names, reason)
    }

    package func tagValues(_ subject: TagSubject, _ query: TagQuery, tenant: TenantSet) async throws -> TagValues {
        let memory = QueryMemory(budget: budget)
        let snapshot = store.snapshot(over: tenant)
        let isListed = query.filter == nil && !query.countsSpans && subject.isListed
        var (values, reason) =
            isListed
            ? try await listedValues(subject, query, snapshot, memory)
            : try await countedValues(subject, query, snapshot, memory)
        values.sort { ($0.text, $0.kind.rawValue) < ($1.text, $1.kind.rawValue) }
        if let limit = query.limit, values.count > limit {
            reason = reason ?? "\(values.count) values, of which \(limit) are shown: raise limit to see all"
            values.removeLast(values.count - limit)
        }
        memory.keep(values.reduce(0) { $0 + 64 + $1.text.utf8.count })
        return TagValues(values: values, partialReason: reason, memory: memory)
    }

    /// The values as dictionaries and columns have them, each once.
    private func listedValues(
        _ subject: TagSubject, _ query: TagQuery, _ snapshot: StoreSnapshot, _ memory: QueryMemory
    ) async throws -> ([TagValue], String?) {
        var values = ListedValues()
        var reason: String?
        do {
            // Once as they are found, and twice as texts while they are put in order.
            reason = try await overSources(snapshot, query, .tagValues) { head in
                list(subject, of: head, into: &values)
                try memory.hold(3 * values.byteCount)
            } block: { reader, deadline in
                try await list(subject, of: reader, into: &values) {
                    try memory.hold(3 * $0)
                    return deadline.excess == nil
                }
            }
        } catch let error as QueryError {
            reason = error.message
            countPartialAnswer()
        }
        return (Array(Set(values.all.map { TagValue($0, of: subject) })), reason)
    }

    /// The values that spans have, each once, with how many have it.
    private func countedValues(
        _ subject: TagSubject, _ query: TagQuery, _ snapshot: StoreSnapshot, _ memory: QueryMemory
    ) async throws -> ([TagValue], String?) {
        let tally = TagValueTally(subject)
        var reason: String?
        if let range = query.range.moments,
            let spans = SelectedSpans(query.filter ?? .everything, range, self, snapshot, memory)
        {
            do {
                reason = try await spans.run(into: tally)
            } catch let error as QueryError {
                reason = error.message
                countPartialAnswer()
            }
            counters.add(spans.reads, to: .tagValues)
        }
        // Values that are no UTF-8 may become the same text.
        var counts: [TagValue: Int] = [:]
        for (value, count) in tally.counts { counts[TagValue(value, of: subject), default: 0] += count }
        return (counts.map { TagValue(kind: $0.key.kind, text: $0.key.text, spanCount: $0.value) }, reason)
    }

    private func countPartialAnswer() {
        var reads = QueryReads()
        reads.partialAnswerCount = 1
        counters.add(reads, to: .tagValues)
    }

    /// Goes through the heads and blocks of which something lies in the range; returns what could not be read.
    private func overSources(
        _ snapshot: StoreSnapshot, _ query: TagQuery, _ operation: QueryOperation, head: (SpanBatchView) throws -> Void,
        block: (BlockReader, QueryDeadline) async throws -> Void
    ) async throws -> String? {
        let deadline = QueryDeadline()
        guard let range = query.range.moments else { return nil }
        for view in snapshot.heads.map(\.spans) where view.hasSpan(in: range) { try head(view) }
        var reason: String?
        var reads = QueryReads()
        reads.prunedBlockCount = snapshot.blocks.count
        defer { counters.add(reads, to: operation) }
        for summary in snapshot.blocks where summary.eventNanoseconds.overlaps(range) {
            do {
                reads.prunedBlockCount -= 1
                reads.readBlockCount += 1
                try await block(try await store.reader(for: summary), deadline)
            } catch let error as BlockError {
                reads.failedBlockCount += 1
                reason = reason ?? error.description
            }
            reason = reason ?? deadline.excess
            reads.partialAnswerCount = reason == nil ? 0 : 1
            if deadline.excess != nil { return reason }
            try Task.checkCancellation()
        }
        return reason
    }

    private func list(_ subject: TagSubject, of head: SpanBatchView, into values: inout ListedValues) {
        switch subject {
        case .attribute(let key, let scopes):
            for scope in scopes { head.listValues(Array(key.utf8), of: scope.place, into: &values) }
        case .intrinsic(let intrinsic): if let text = intrinsic.spanText { head.listStrings(text, into: &values) }
        }
    }

    private func list(
        _ subject: TagSubject, of reader: BlockReader, into values: inout ListedValues,
        goesOn: (Int) throws -> Bool
    ) async throws {
        switch subject {
        case .attribute(let key, let scopes):
            for scope in scopes {
                try await reader.listValues(Array(key.utf8), of: scope.place, into: &values, goesOn: goesOn)
            }
        case .intrinsic(let intrinsic):
            if let text = intrinsic.spanText { try await reader.listStrings(text, into: &values, goesOn: goesOn) }
        }
    }
}

extension TagScope {
    /// Where the attributes of the scope are kept.
    var place: AttributePlace {
        switch self {
        case .span: .owner(.span)
        case .event: .owner(.event)
        case .link: .owner(.link)
        case .resource: .message(.resource)
        case .instrumentation: .message(.scope)
        }
    }
}

extension Intrinsic {
    /// The column of texts that every block lists.
    fileprivate var spanText: SpanText? {
        switch self {
        case .name: .name
        case .statusMessage: .statusMessage
        default: nil
        }
    }
}

extension TagSubject {
    /// Whether its values can be listed without looking at spans.
    fileprivate var isListed: Bool {
        switch self {
        case .attribute: true
        case .intrinsic(let intrinsic): intrinsic.spanText != nil
        }
    }
}

extension TagValue {
    fileprivate init(_ value: ListedValues.Value, of subject: TagSubject) {
        switch value {
        case .string(let bytes): self.init(kind: .string, text: String(decoding: bytes, as: UTF8.self))
        case .integer(let number): self.init(number, of: subject)
        case .double(let bits): self.init(kind: .float, text: Double(bitPattern: bits).description)
        case .boolean(let isTrue): self.init(kind: .bool, text: isTrue ? "true" : "false")
        }
    }

    private init(_ number: Int64, of subject: TagSubject) {
        let keyword: String? =
            switch subject {
            case .intrinsic(.status): Int(exactly: number).flatMap { StatusKeyword(rawValue: $0)?.name }
            case .intrinsic(.kind): Int(exactly: number).flatMap { KindKeyword(rawValue: $0)?.name }
            case .attribute, .intrinsic: nil
            }
        self.init(kind: keyword == nil ? .int : .keyword, text: keyword ?? String(number))
    }
}
