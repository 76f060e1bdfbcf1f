// SPDX-License-Identifier: Apache-2.0

internal import HummingbirdCore
internal import ProtobufMessages
internal import QueryEngine
internal import TraceModel
internal import TraceQL

/// Names and values of tags, as Tempo's search API has them in its versions 1 (plain texts) and 2 (scopes, types).
struct TagAnswer: Sendable {
    enum Version: Sendable { case v1, v2 }

    let queries: any TraceSearching
    let limits: ServerLimits

    /// The parameter `scope`.
    private enum Scope: String, CaseIterable {
        case none, resource, span, intrinsic, event, link, instrumentation
    }

    // MARK: - Names

    /// `GET /api/search/tags` and `GET /api/v2/search/tags`.
    func names(
        _ version: Version, _ target: RequestTarget, accept: String, tenant: TenantSet
    ) async throws -> Response {
        let scope = try target.choice("scope", Scope.self) ?? .none
        let query = try tagQuery(target)
        let one = [TagScope(rawValue: scope.rawValue)].compactMap { $0 }
        let scopes = Set(scope == .none ? TagScope.allCases : one)
        let found = scopes.isEmpty
            ? TagNames(names: [:]) : try await queries.tagNames(scopes, query, tenant: tenant)
        // As a set, in order, and written.
        try found.memory?.holdMore(3 * found.names.values.joined().reduce(0) { $0 + 64 + $1.utf8.count })
        if AnswerForm(accept) == .protobuf {
            let names: TagsResponse =
                switch version {
                case .v1: .names(plainNames(found, scope, query.limit))
                case .v2: .scopes(scopedNames(found, scope).map { .init(name: $0.name, tags: $0.tags) })
                }
            return try protobufResponse(names, found.partialReason, holding: found.memory)
        }
        return try streamedJSON(holding: found.memory, byteCount: 0, limits) { writer in
            var json = JSONWriter()
            json.beginObject()
            switch version {
            case .v1: json.field("tagNames", plainNames(found, scope, query.limit))
            case .v2:
                json.name("scopes")
                json.beginList()
                for (name, tags) in scopedNames(found, scope) {
                    json.object { json in
                        json.field("name", name)
                        json.field("tags", tags)
                    }
                }
                json.endList()
            }
            close(&json, found.partialReason)
            try await writer.write(json.takeBuffer())
        }
    }

    /// The names of all scopes, each once, in order.
    private func plainNames(_ found: TagNames, _ scope: Scope, _ limit: Int?) -> [String] {
        var names = Set(found.names.values.flatMap { $0 })
        if scope == .intrinsic { names.formUnion(Self.intrinsics) }
        return Array(names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.prefix(limit ?? .max))
    }

    /// The names by scope; no scope is empty.
    private func scopedNames(_ found: TagNames, _ scope: Scope) -> [(name: String, tags: [String])] {
        var scopes: [(name: String, tags: [String])] = []
        for scope in TagScope.allCases {
            if let names = found.names[scope], !names.isEmpty { scopes.append((scope.rawValue, names)) }
        }
        if scope == .none || scope == .intrinsic { scopes.append(("intrinsic", Self.intrinsics)) }
        return scopes
    }

    // MARK: - Values

    /// `GET /api/search/tag/{tag}/values` and `GET /api/v2/search/tag/{tag}/values`.
    func values(
        _ version: Version, of tag: String, _ target: RequestTarget, accept: String, tenant: TenantSet
    ) async throws -> Response {
        var query = try tagQuery(target)
        query.countsSpans = try target.flag("counts")
        let found = try await values(version, of: tag, query, tenant: tenant)
        let byteCount = found.values.reduce(0) { $0 + 64 + $1.text.utf8.count }
        switch (AnswerForm(accept), version) {
        case (.protobuf, _): return try protobufValues(version, found, byteCount)
        case (.plain, .v2): return try plainValues(found, byteCount)
        case (.plain, .v1), (.json, _): break
        }
        let showsCounts = query.countsSpans
        return try streamedJSON(holding: found.memory, byteCount: byteCount, limits) { writer in
            var json = JSONWriter()
            json.beginObject()
            json.name("tagValues")
            json.beginList()
            var last: String?
            for value in found.values {
                switch version {
                case .v1:
                    // Values of different types may read the same.
                    if value.text != last { json.string(value.text) }
                    last = value.text
                case .v2:
                    json.object { json in
                        json.field("type", value.kind.rawValue)
                        json.field("value", value.text)
                        if showsCounts, let count = value.spanCount { json.field("spanCount", number: count) }
                    }
                }
                if json.count >= limits.answerChunkByteCount { try await writer.write(json.takeBuffer()) }
            }
            json.endList()
            close(&json, found.partialReason)
            try await writer.write(json.takeBuffer())
        }
    }

    private func values(
        _ version: Version, of tag: String, _ query: TagQuery, tenant: TenantSet
    ) async throws -> TagValues {
        guard let subject = Self.subject(tag, version) else { return TagValues(values: []) }
        if query.filter == nil, !query.countsSpans, let keywords = Self.keywords(subject) {
            // All that there are.
            return TagValues(values: keywords.sorted().map { TagValue(kind: .keyword, text: $0) })
        }
        return try await queries.tagValues(subject, query, tenant: tenant)
    }

    private static func keywords(_ subject: TagSubject) -> [String]? {
        switch subject {
        case .intrinsic(.status): StatusKeyword.allCases.map(\.name)
        case .intrinsic(.kind): KindKeyword.allCases.map(\.name)
        case .intrinsic, .attribute: nil
        }
    }

    /// What TraceQL has besides attributes.
    private static let intrinsics = [
        "duration", "event:name", "event:timeSinceStart", "instrumentation:name", "instrumentation:version", "kind",
        "name", "rootName", "rootServiceName", "span:duration", "span:kind", "span:name", "span:status",
        "span:statusMessage", "status", "statusMessage", "trace:duration", "trace:rootName", "trace:rootService",
        "traceDuration",
    ]

    /// Whose values a tag has; nil for what has no values to list.
    ///
    /// Version 1 knows no scopes: a dot in front is dropped, and all else is the name of an attribute.
    static func subject(_ tag: String, _ version: Version) -> TagSubject? {
        if let intrinsic = Intrinsic(name: tag) { return hasValues(intrinsic) ? .intrinsic(intrinsic) : nil }
        if tag.hasPrefix(".") { return .attribute(key(tag.dropFirst()), [.span, .resource]) }
        if version == .v2 {
            for scope in TagScope.allCases where tag.hasPrefix(scope.rawValue + ".") {
                return .attribute(key(tag.dropFirst(scope.rawValue.count + 1)), [scope])
            }
        }
        return .attribute(tag, version == .v1 ? Set(TagScope.allCases) : [.span, .resource])
    }

    /// Whether values are listed: of numbers and IDs nearly every span has its own.
    private static func hasValues(_ intrinsic: Intrinsic) -> Bool {
        switch intrinsic {
        case .name, .status, .statusMessage, .kind, .rootName, .rootServiceName, .eventName, .instrumentationName,
            .instrumentationVersion:
            true
        default: false
        }
    }

    /// A key as it is, or in quotes, as TraceQL has those with spaces.
    private static func key(_ text: Substring) -> String {
        guard text.count >= 2, text.first == "\"", text.last == "\"" else { return String(text) }
        var key = ""
        var isEscaped = false
        for character in text.dropFirst().dropLast() {
            isEscaped = character == "\\" && !isEscaped
            if !isEscaped { key.append(character) }
        }
        return key
    }

    // MARK: - Both

    /// The filter may be unfinished, since people are offered names and values while they write.
    private func tagQuery(_ target: RequestTarget) throws(ParameterError) -> TagQuery {
        var query = TagQuery()
        query.range = try timeRange(target)
        // Zero is no limit, as in Tempo.
        let limit = try wholeNumber("limit", target)
        query.limit = limit == 0 ? nil : limit
        // After so many blocks with nothing new Tempo gives up; here the answer is complete.
        _ = try wholeNumber("maxStaleValues", target)
        if let text = target["q"] {
            let filter = CheckedQuery(lenient: text)
            if filter.query != CheckedQuery.everything.query { query.filter = filter }
        }
        return query
    }

    private func wholeNumber(_ name: String, _ target: RequestTarget) throws(ParameterError) -> Int? {
        try target.value(name, expected: "a whole number from 0 on") { text in
            Int(text).flatMap { $0 >= 0 ? $0 : nil }
        }
    }

    func close(_ json: inout JSONWriter, partial status: String = "PARTIAL", _ partialReason: String?) {
        json.name("metrics")
        json.object { _ in }
        if let partialReason {
            json.field("status", status)
            json.field("message", partialReason)
        }
        json.endObject()
    }
}
