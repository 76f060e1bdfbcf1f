// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
package import TraceModel
internal import TraceStorage

extension QueryEngine {
    package func tagNames(_ scopes: Set<TagScope>, _ query: TagQuery, tenant: TenantSet) async throws -> TagNames {
        var names: [TagScope: Set<[UInt8]>] = [:]
        let memory = QueryMemory(budget: budget)
        let snapshot = store.snapshot(over: tenant)
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

    package func tagValues(_ subject: TagSubject, _ query: TagQuery, tenant: TenantSet) async throws -> TagValues {
        var values = ListedValues()
        let memory = QueryMemory(budget: budget)
        let snapshot = store.snapshot(over: tenant)
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
            var reads = QueryReads()
            reads.partialAnswerCount = 1
            counters.add(reads, to: .tagValues)
        }
        var sorted = Set(values.all.map(TagValue.init)).sorted {
            ($0.text, $0.kind.rawValue) < ($1.text, $1.kind.rawValue)
        }
        if let limit = query.limit, sorted.count > limit {
            reason = reason ?? "\(sorted.count) values, of which \(limit) are shown: raise limit to see all"
            sorted.removeLast(sorted.count - limit)
        }
        memory.keep(sorted.reduce(0) { $0 + 64 + $1.text.utf8.count })
        return TagValues(values: sorted, partialReason: reason, memory: memory)
    }

    /// Goes through the heads and blocks of which something lies in the range; returns what could not be read.
    private func overSources(
        _ snapshot: StoreSnapshot, _ query: TagQuery, _ operation: QueryOperation, head: (SpanBatchView) throws -> Void,
        block: (BlockReader, QueryDeadline) async throws -> Void
    ) async throws -> String? {
        let deadline = QueryDeadline()
        guard let range = query.range.starts else { return nil }
        for view in snapshot.heads where view.hasStart(in: range) { try head(view) }
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
        case .spanName: head.listStrings(.name, into: &values)
        case .statusMessage: head.listStrings(.statusMessage, into: &values)
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
        case .spanName: try await reader.listStrings(.name, into: &values, goesOn: goesOn)
        case .statusMessage: try await reader.listStrings(.statusMessage, into: &values, goesOn: goesOn)
        }
    }
}

extension TagScope {
    /// Where the attributes of the scope are kept.
    fileprivate var place: AttributePlace {
        switch self {
        case .span: .owner(.span)
        case .event: .owner(.event)
        case .link: .owner(.link)
        case .resource: .message(.resource)
        case .instrumentation: .message(.scope)
        }
    }
}

extension TagValue {
    fileprivate init(_ value: ListedValues.Value) {
        switch value {
        case .string(let bytes): self.init(kind: .string, text: String(decoding: bytes, as: UTF8.self))
        case .integer(let number): self.init(kind: .int, text: String(number))
        case .double(let bits): self.init(kind: .float, text: Double(bitPattern: bits).description)
        case .boolean(let isTrue): self.init(kind: .bool, text: isTrue ? "true" : "false")
        }
    }
}
