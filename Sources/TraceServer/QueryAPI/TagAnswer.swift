// SPDX-License-Identifier: Apache-2.0

internal import HummingbirdCore
internal import QueryEngine
internal import TraceModel

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
    func names(_ version: Version, _ target: RequestTarget, tenant: TenantSet) async throws -> Response {
        let scope = try target.choice("scope", Scope.self) ?? .none
        let query = try tagQuery(target)
        let one = [TagScope(rawValue: scope.rawValue)].compactMap { $0 }
        let scopes = Set(scope == .none ? TagScope.allCases : one)
        let found = scopes.isEmpty
            ? TagNames(names: [:]) : try await queries.tagNames(scopes, query, tenant: tenant)
        // As a set, in order, and written.
        try found.memory?.holdMore(3 * found.names.values.joined().reduce(0) { $0 + 64 + $1.utf8.count })
        return try streamedJSON(holding: found.memory, byteCount: 0, limits) { writer in
            var json = JSONWriter()
            json.beginObject()
            switch version {
            case .v1:
                var names = Set(found.names.values.flatMap { $0 })
                if scope == .intrinsic { names.formUnion(Self.intrinsics) }
                json.field("tagNames", sorted(names, query.limit))
            case .v2:
                json.name("scopes")
                json.beginList()
                for scope in TagScope.allCases {
                    if let names = found.names[scope], !names.isEmpty { write(scope.rawValue, names, to: &json) }
                }
                if scope == .none || scope == .intrinsic { write("intrinsic", Self.intrinsics, to: &json) }
                json.endList()
            }
            close(&json, found.partialReason)
            try await writer.write(json.takeBuffer())
        }
    }

    private func sorted(_ names: Set<String>, _ limit: Int?) -> [String] {
        Array(names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.prefix(limit ?? .max))
    }

    private func write(_ scope: String, _ names: [String], to json: inout JSONWriter) {
        json.object { json in
            json.field("name", scope)
            json.field("tags", names)
        }
    }

    // MARK: - Values

    /// `GET /api/search/tag/{tag}/values` and `GET /api/v2/search/tag/{tag}/values`.
    func values(
        _ version: Version, of tag: String, _ target: RequestTarget, tenant: TenantSet
    ) async throws -> Response {
        let query = try tagQuery(target)
        let found: TagValues
        if let keywords = Self.keywords[tag] {
            found = TagValues(values: keywords.map { TagValue(kind: .keyword, text: $0) })
        } else if let subject = Self.subject(tag, version) {
            found = try await queries.tagValues(subject, query, tenant: tenant)
        } else {
            found = TagValues(values: [])
        }
        let byteCount = found.values.reduce(0) { $0 + 64 + $1.text.utf8.count }
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
                    }
                }
                if json.count >= limits.answerChunkByteCount { try await writer.write(json.takeBuffer()) }
            }
            json.endList()
            close(&json, found.partialReason)
            try await writer.write(json.takeBuffer())
        }
    }

    private static let keywords = [
        "status": ["error", "ok", "unset"], "span:status": ["error", "ok", "unset"],
        "kind": spanKinds, "span:kind": spanKinds,
    ]
    private static let spanKinds = ["client", "consumer", "internal", "producer", "server", "unspecified"]

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
        switch tag {
        case "name", "span:name": return .spanName
        case "statusMessage", "span:statusMessage": return .statusMessage
        case _ where intrinsics.contains(tag): return nil
        default: break
        }
        if tag.hasPrefix(".") { return .attribute(String(tag.dropFirst()), [.span, .resource]) }
        if version == .v2 {
            for scope in TagScope.allCases where tag.hasPrefix(scope.rawValue + ".") {
                return .attribute(String(tag.dropFirst(scope.rawValue.count + 1)), [scope])
            }
        }
        return .attribute(tag, version == .v1 ? Set(TagScope.allCases) : [.span, .resource])
    }

    // MARK: - Both

    private func tagQuery(_ target: RequestTarget) throws(ParameterError) -> TagQuery {
        var query = TagQuery()
        query.range = try timeRange(target)
        // Zero is no limit, as in Tempo.
        let limit = try target.value("limit", expected: "a whole number from 0 on") { text in
            Int(text).flatMap { $0 >= 0 ? $0 : nil }
        }
        query.limit = limit == 0 ? nil : limit
        return query
    }

    private func close(_ json: inout JSONWriter, _ partialReason: String?) {
        json.name("metrics")
        json.object { _ in }
        if let partialReason {
            json.field("status", "PARTIAL")
            json.field("message", partialReason)
        }
        json.endObject()
    }
}
