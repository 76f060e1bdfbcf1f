// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

/// Proves that a message which is kept as encoded bytes can be read later without errors: every length adds up, no
/// groups; and finds out whether a value is nested deeper than the limit.
///
/// Walks with a stack of its own, so that what a sender nests costs no call stack; the deepest level bounds the stack's
/// length (a level of a key-value list is three messages).
struct MessageValidator: ~Copyable {
    struct Frame: BitwiseCopyable {
        var end: Int
        var shape: MessageShape
    }

    /// How deep AnyValues may lie in each other; at most ``OTLPDecoderLimits/maximumAnyValueDepth``.
    var depthLimit: Int
    private var parents: FlatBuffer<Frame>

    init(depthLimit: Int) {
        self.depthLimit = depthLimit
        parents = FlatBuffer(capacity: 32)
    }

    /// - Parameters:
    ///   - body: The message, in `bytes`.
    ///   - depth: How many AnyValues it lies in already.
    /// - Returns: False if a value is nested too deep. Everything down to ``OTLPDecoderLimits/maximumAnyValueDepth`` is
    ///   proved whatever the limit is, so that a replay, which has a higher one, finds no damage that was not found at
    ///   first; what is deeper is passed over.
    mutating func validate(
        _ body: ByteCursor, as shape: MessageShape, depth: Int, in bytes: RawSpan
    ) throws(WireFault) -> Bool {
        parents.removeAll()
        var depth = depth
        var cursor = body
        var shape = shape
        var isShallow = true
        while true {
            while !cursor.isAtEnd {
                let tag = try cursor.wireVarint(bytes)
                guard let child = shape.submessage(tag) else {
                    try cursor.skipValue(tag: tag, bytes)
                    continue
                }
                let part = try cursor.body(bytes)
                if child == .anyValue {
                    if depth >= depthLimit { isShallow = false }
                    guard depth < OTLPDecoderLimits.maximumAnyValueDepth else { continue }
                    depth += 1
                }
                parents.append(Frame(end: cursor.end, shape: shape))
                cursor = part
                shape = child
            }
            guard parents.count > 0 else { return isShallow }
            if shape == .anyValue { depth -= 1 }
            let parent = parents[parents.count - 1]
            parents.truncate(to: parents.count - 1)
            do { cursor = try ByteCursor(position: cursor.end, end: parent.end, in: bytes) } catch {
                throw WireFault(.truncated, at: cursor.end)
            }
            shape = parent.shape
        }
    }
}
