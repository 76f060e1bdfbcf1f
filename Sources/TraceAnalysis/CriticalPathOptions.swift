// SPDX-License-Identifier: Apache-2.0

/// How a critical path is to be understood; the default is what is stored and shown.
///
/// - SeeAlso: docs/CRITICAL-PATH.md, "Options".
package struct CriticalPathOptions: Sendable, Equatable {
    /// What decides which child the path goes through.
    package enum Mode: String, Sendable, CaseIterable {
        /// A child is on the path only if it had ended when the path was there.
        case causal
        /// A child that still runs is cut off and taken, so that no explained time is left over.
        case cover
        /// As `causal`, but from the end of the last span if that outlives the root.
        case toLastSpan = "to-last-span"
    }

    /// What becomes of the CONSUMER children of a PRODUCER.
    package enum Asynchronous: String, Sendable, CaseIterable {
        /// They and all below them are left out: the producer does not wait for them.
        case exclude
        /// They count like other children.
        case include
    }

    /// What becomes of a call whose two sides had clocks that disagree.
    package enum Skew: String, Sendable, CaseIterable {
        /// The server's span is cut to the client's, like every child.
        case clip
        /// The server's span is moved into the client's, with all below it, as little as possible.
        case adjust
    }

    package var mode: Mode
    package var asynchronous: Asynchronous
    package var skew: Skew
    /// By how much a child may outlast the next one on the path and still count as ended before it.
    package var toleranceNanoseconds: UInt64

    package init(
        mode: Mode = .causal, asynchronous: Asynchronous = .exclude, skew: Skew = .clip,
        toleranceNanoseconds: UInt64 = 0
    ) {
        self.mode = mode
        self.asynchronous = asynchronous
        self.skew = skew
        self.toleranceNanoseconds = toleranceNanoseconds
    }
}
