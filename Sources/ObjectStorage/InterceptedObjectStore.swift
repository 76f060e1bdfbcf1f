// SPDX-License-Identifier: Apache-2.0

/// What stands between a store and its users at every request: it may count, delay, repeat or
/// refuse it.
package protocol ObjectRequestInterceptor: Sendable {
    /// Makes the request, by calling `body` as often as it likes.
    /// - Parameter received: How many bytes an answer brought.
    func intercept<Answer: Sendable>(
        _ request: ObjectRequest, received: @Sendable (Answer) -> Int,
        _ body: @Sendable () async throws -> Answer
    ) async throws -> Answer
}

/// A store all of whose requests go through an interceptor, those of its writers included.
package struct InterceptedObjectStore: ObjectStore {
    private let base: any ObjectStore
    private let interceptor: any ObjectRequestInterceptor

    package init(_ base: any ObjectStore, by interceptor: any ObjectRequestInterceptor) {
        self.base = base
        self.interceptor = interceptor
    }

    package func put(_ key: ObjectKey, chunks: [[UInt8]]) async throws {
        try await send(.put, key, sentByteCount: chunks.totalByteCount) {
            try await base.put(key, chunks: chunks)
        }
    }

    package func create(_ key: ObjectKey, chunks: [[UInt8]]) async throws {
        try await send(.create, key, sentByteCount: chunks.totalByteCount) {
            try await base.create(key, chunks: chunks)
        }
    }

    package func delete(_ key: ObjectKey) async throws {
        try await send(.delete, key) { try await base.delete(key) }
    }

    private func send(
        _ kind: ObjectRequest.Kind, _ key: ObjectKey, sentByteCount: Int = 0,
        _ body: @Sendable () async throws -> Void
    ) async throws {
        let request = ObjectRequest(kind: kind, key: key.text, sentByteCount: sentByteCount)
        try await interceptor.intercept(request, received: { _ in 0 }, body)
    }

    package func get(_ key: ObjectKey, range: Range<Int>) async throws -> [UInt8] {
        try await interceptor.intercept(
            ObjectRequest(kind: .get, key: key.text), received: { $0.count }
        ) { try await base.get(key, range: range) }
    }

    package func get(_ key: ObjectKey, upTo limit: Int) async throws -> [UInt8] {
        try await interceptor.intercept(
            ObjectRequest(kind: .get, key: key.text), received: { $0.count }
        ) { try await base.get(key, upTo: limit) }
    }

    package func byteCount(of key: ObjectKey) async throws -> Int {
        try await interceptor.intercept(
            ObjectRequest(kind: .byteCount, key: key.text), received: { _ in 0 }
        ) { try await base.byteCount(of: key) }
    }

    package func list(
        _ prefix: ObjectPrefix, after key: ObjectKey?, limit: Int
    ) async throws -> ObjectPage {
        try await interceptor.intercept(
            ObjectRequest(kind: .list, key: prefix.text), received: { _ in 0 }
        ) { try await base.list(prefix, after: key, limit: limit) }
    }

    package func writer(for key: ObjectKey) async throws -> any ObjectWriter {
        let writer = try await interceptor.intercept(
            ObjectRequest(kind: .beginWriting, key: key.text), received: { _ in 0 }
        ) { try await base.writer(for: key) }
        return InterceptedObjectWriter(base: writer, key: key.text, interceptor: interceptor)
    }
}

private struct InterceptedObjectWriter: ObjectWriter {
    let base: any ObjectWriter
    let key: String
    let interceptor: any ObjectRequestInterceptor

    func write(_ part: [UInt8]) async throws {
        let request = ObjectRequest(kind: .writePart, key: key, sentByteCount: part.count)
        try await interceptor.intercept(request, received: { _ in 0 }) {
            try await base.write(part)
        }
    }

    func complete() async throws {
        let request = ObjectRequest(kind: .completeWriting, key: key)
        try await interceptor.intercept(request, received: { _ in 0 }) {
            try await base.complete()
        }
    }

    func abort() async {
        // An interceptor that fails an abort is a crash in miniature: the parts stay behind.
        let request = ObjectRequest(kind: .abortWriting, key: key)
        try? await interceptor.intercept(request, received: { _ in 0 }) { await base.abort() }
    }
}

extension [[UInt8]] {
    fileprivate var totalByteCount: Int { reduce(0) { $0 + $1.count } }
}
