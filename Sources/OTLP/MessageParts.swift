// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

/// The body of a message field that may come in several pieces, which count as one message.
struct MessageParts: ~Copyable {
    var isPresent = false
    var first = ByteCursor.empty
    /// All pieces joined, if there is more than one.
    var joined: [UInt8] = []

    mutating func add(_ body: ByteCursor, _ request: RawSpan) {
        if isPresent {
            if joined.isEmpty { joined.append(first.span(of: request)) }
            joined.append(body.span(of: request))
        } else {
            isPresent = true
            first = body
        }
    }
}
