// SPDX-License-Identifier: Apache-2.0
package import FileIO

/// A failed request to an object store: what happened, to which object, why.
package struct ObjectStoreError: Error, Sendable {
    /// The reasons on which callers act differently.
    package enum Code: String, Hashable, Sendable, CaseIterable {
        /// There is no such object.
        case notFound
        /// `create` found an object under that key. That object is durable.
        case alreadyExists
        /// The range does not lie inside the object.
        case invalidRange
        /// The text is no key; nothing was asked of the store.
        case invalidKey
        /// The object is larger than the caller is ready to hold.
        case tooLarge
        /// The store is full.
        case noSpace
        /// The store did not answer or failed. **A write may have happened all the same**, now or
        /// later; trying again may help.
        case unavailable
        /// The store does not let us (rights, a read-only file system); trying again does not help.
        case refused
        /// The bytes are not those that were written.
        case corrupted
    }

    package var code: Code
    /// One sentence: what happened, to what, and what to do.
    package var message: String
    /// The error of the layer below, if that was the reason.
    package var cause: (any Error)?

    package init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }
}

extension ObjectStoreError: CustomStringConvertible {
    package var description: String {
        cause.map { "\(message) (\(code.rawValue)): \($0)" } ?? "\(message) (\(code.rawValue))"
    }
}

extension ObjectStoreError {
    package static func notFound(_ key: ObjectKey) -> Self {
        Self(.notFound, "there is no object '\(key)'")
    }

    package static func alreadyExists(_ key: ObjectKey) -> Self {
        Self(.alreadyExists, "there is an object '\(key)' already")
    }

    /// - Parameter byteCount: The object's size, where it is known.
    package static func invalidRange(
        _ range: Range<Int>, of key: ObjectKey, byteCount: Int?
    ) -> Self {
        let size = byteCount.map { "\($0) bytes" } ?? "size unknown"
        return Self(
            .invalidRange,
            "bytes \(range.lowerBound)..<\(range.upperBound) do not lie in '\(key)' (\(size))")
    }

    package static func tooLarge(_ key: ObjectKey, byteCount: Int, limit: Int) -> Self {
        Self(.tooLarge, "'\(key)' has \(byteCount) bytes, more than the \(limit) asked for")
    }

    /// What a failed file operation means for the request that needed it.
    package init(_ error: FileIOError, _ request: ObjectRequest.Kind, _ key: String) {
        let code: Code =
            switch error.code {
            case .notFound where request.isRead: .notFound
            case .noSpace: .noSpace
            // Something that is not ours stands in the way: a file for a folder or the reverse.
            case .readOnly, .permission, .alreadyExists: .refused
            case .notFound, .isLocked, .tooManyOpenFiles, .busy, .ioFailure:
                .unavailable
            }
        self.init(code, "\(request.rawValue) of '\(key)' failed", cause: error)
    }
}
