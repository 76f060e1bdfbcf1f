// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

/// Copies a message that was kept as encoded bytes with its text made well-formed.
///
/// Unknown fields are copied as they are.
///
/// Recursive: what is kept was validated to be shallow, and what is not is refused here too.
enum MessageRewriter {
    /// Appends the rewritten body of a message; as it is if it cannot be read.
    static func appendRepaired(_ bytes: RawSpan, as shape: MessageShape, to out: inout ByteWriter) {
        // Most messages are short enough that not even a length or a number has a high bit; then all text is ASCII.
        if UTF8Text.isASCII(bytes) { return out.append(bytes) }
        let start = out.count
        do throws(WireFault) {
            try rewrite(ByteCursor(over: bytes), bytes, shape, depth: 0, &out)
        } catch {
            out.truncate(to: start)
            out.append(bytes)
        }
    }

    private static func rewrite(
        _ body: ByteCursor, _ bytes: RawSpan, _ shape: MessageShape, depth: Int, _ out: inout ByteWriter
    ) throws(WireFault) {
        let depth = shape == .anyValue ? depth + 1 : depth
        guard depth <= OTLPDecoderLimits.maximumAnyValueDepth else { throw WireFault(.tooDeep, at: body.position) }
        var cursor = body
        while !cursor.isAtEnd {
            let start = cursor.position
            let tag = try cursor.wireVarint(bytes)
            if let child = shape.submessage(tag) {
                let open = out.openMessage(tag)
                try rewrite(try cursor.body(bytes), bytes, child, depth: depth, &out)
                out.closeMessage(from: open)
            } else if shape.isText(tag) {
                out.appendRepairedField(tag, try cursor.body(bytes).span(of: bytes))
            } else {
                try cursor.skipValue(tag: tag, bytes)
                out.append(bytes.extracting(start..<cursor.position))
            }
        }
    }
}
