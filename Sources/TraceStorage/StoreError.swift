// SPDX-License-Identifier: Apache-2.0

/// What the store could not do.
package struct StoreError: Error, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// The request's bytes can't be decoded; sending them again is of no use.
        case malformed
        /// The request has more spans, events or links than one may have.
        case tooLarge
        /// The heads are full and are not emptied fast enough: try again in a moment.
        case overloaded
        /// Nothing can be made durable: the disk is full or failed, or the store is closing.
        case unavailable
        /// What is stored is damaged.
        case corrupted
        /// The directory can't be used as it is: another process has it, or another program's files are in it.
        case unusable
    }

    package var code: Code
    package var message: String
    package var cause: (any Error)?
    /// What kept the request out, if it is good.
    package var refusal: StoreRefusal?

    package init(
        _ code: Code, _ message: String, cause: (any Error)? = nil, refusal: StoreRefusal? = nil
    ) {
        self.refusal = refusal
        self.code = code
        self.message = message
        self.cause = cause
    }

    package var description: String { cause.map { "\(message): \($0)" } ?? message }
}

extension StoreError {
    /// Why the journal did not take a request.
    init(_ error: JournalError) {
        switch error.code {
        case .overloaded:
            self.init(
                .overloaded, "the journal is not written fast enough", cause: error, refusal: .journalQueue)
        case .tooLarge:
            self.init(.tooLarge, error.message)
        case .closed:
            self.init(.unavailable, "the journal can't take the request", cause: error, refusal: .shutdown)
        case .noSpace, .failed, .unsupported:
            self.init(.unavailable, "the journal can't take the request", cause: error, refusal: .journal)
        }
    }
}
