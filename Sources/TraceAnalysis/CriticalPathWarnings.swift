// SPDX-License-Identifier: Apache-2.0

/// What was wrong with a trace, or with one of its spans, and was repaired for the analysis.
package struct CriticalPathWarnings: OptionSet, Sendable, Hashable {
    package let rawValue: UInt16

    package init(rawValue: UInt16) { self.rawValue = rawValue }

    /// The span names a parent that is not there.
    package static let missingParent = Self(rawValue: 1 << 0)
    /// The span has no parent, and it is not the only one.
    package static let severalRoots = Self(rawValue: 1 << 1)
    /// The span was its own ancestor; it was made a root.
    package static let cycle = Self(rawValue: 1 << 2)
    /// The span ends before it starts; it counts as having no length.
    package static let negativeDuration = Self(rawValue: 1 << 3)
    /// Another span has the same span ID.
    package static let duplicateSpanID = Self(rawValue: 1 << 4)
    /// The span sticks out of its parent and was cut to it.
    package static let childClipped = Self(rawValue: 1 << 5)
    /// The span lies outside of its parent; it was left out, with all below it.
    package static let childOutsideParent = Self(rawValue: 1 << 6)
    /// A server's span sticks out of its client's though it would fit: their clocks disagree.
    package static let clockSkew = Self(rawValue: 1 << 7)
    /// The span was moved into its parent, with all below it.
    package static let skewAdjusted = Self(rawValue: 1 << 8)

    private static let namesByBit = [
        "missing-parent", "several-roots", "cycle", "negative-duration", "duplicate-span-id",
        "child-clipped", "child-outside-parent", "clock-skew", "skew-adjusted",
    ]

    /// The warnings by the names that answers give them, always in the same order.
    package var names: [String] {
        Self.namesByBit.indices.filter { rawValue & (1 << UInt16($0)) != 0 }
            .map { Self.namesByBit[$0] }
    }
}
