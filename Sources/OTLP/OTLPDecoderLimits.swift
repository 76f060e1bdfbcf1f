// SPDX-License-Identifier: Apache-2.0

/// What a decoder refuses so that its reader never runs out of stack or codes.
package struct OTLPDecoderLimits: Sendable {
    /// How deep AnyValues may lie in each other; an attribute's own value is level 1. Spans with deeper ones are
    /// rejected. Senders have no use for more than a handful; 64 keeps every recursive reader of what is stored far
    /// from the end of its stack. 1 to 128.
    package var anyValueDepth: Int
    /// Spans of one request: the least span has 30 bytes on the wire and takes 140 in columns.
    package var spanCount = 1 << 19
    /// Events of one request, and its links: the least has 2 bytes on the wire and takes 28 in columns.
    package var childCount = 1 << 20

    package init(anyValueDepth: Int = 64) {
        precondition((1...Self.maximumAnyValueDepth).contains(anyValueDepth))
        self.anyValueDepth = anyValueDepth
    }

    /// The encoder's recursion ends here, whatever a decoder was allowed or a recorded verdict keeps.
    package static let maximumAnyValueDepth = 128
    /// Codes of keys have 28 bits in an attribute slot; a batch that comes near is refused more input.
    static let maximumStringCount = 1 << 28
    /// Column positions have 32 bits.
    static let maximumColumnCount = Int(UInt32.max)
}
