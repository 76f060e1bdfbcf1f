// SPDX-License-Identifier: Apache-2.0

/// A request to a store, as interceptors see it.
package struct ObjectRequest: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        case put, create, get, byteCount, list, delete
        /// A writer begun, written to, completed, aborted.
        case beginWriting, writePart, completeWriting, abortWriting

        /// Whether the request changes nothing.
        package var isRead: Bool {
            switch self {
            case .get, .byteCount, .list: true
            case .put, .create, .delete: false
            case .beginWriting, .writePart, .completeWriting, .abortWriting: false
            }
        }
    }

    package var kind: Kind
    /// The key, or the prefix of a listing.
    package var key: String
    /// The size of what is to be stored; 0 where nothing is.
    package var sentByteCount: Int

    package init(kind: Kind, key: String, sentByteCount: Int = 0) {
        self.kind = kind
        self.key = key
        self.sentByteCount = sentByteCount
    }
}
