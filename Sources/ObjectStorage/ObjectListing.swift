// SPDX-License-Identifier: Apache-2.0

/// A listing of any length, one page in memory at a time.
package struct ObjectListing: AsyncSequence, Sendable {
    package typealias Element = ObjectEntry

    private let store: any ObjectStore
    private let prefix: ObjectPrefix
    private let start: ObjectKey?

    init(store: any ObjectStore, prefix: ObjectPrefix, after start: ObjectKey?) {
        self.store = store
        self.prefix = prefix
        self.start = start
    }

    package func makeAsyncIterator() -> Iterator {
        Iterator(store: store, prefix: prefix, last: start)
    }

    package struct Iterator: AsyncIteratorProtocol {
        fileprivate let store: any ObjectStore
        fileprivate let prefix: ObjectPrefix
        fileprivate var last: ObjectKey?
        private var page: ArraySlice<ObjectEntry> = []
        private var isLastPage = false

        fileprivate init(store: any ObjectStore, prefix: ObjectPrefix, last: ObjectKey?) {
            self.store = store
            self.prefix = prefix
            self.last = last
        }

        package mutating func next() async throws -> ObjectEntry? {
            while page.isEmpty {
                if isLastPage { return nil }
                let answer = try await store.list(
                    prefix, after: last, limit: ObjectPage.entryCountLimit)
                page = answer.entries[...]
                isLastPage = answer.isLast
                last = answer.entries.last?.key ?? last
            }
            return page.popFirst()
        }
    }
}
