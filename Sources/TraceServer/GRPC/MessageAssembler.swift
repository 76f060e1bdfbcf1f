// SPDX-License-Identifier: Apache-2.0

internal import NIOCore

/// Cuts the one message of a unary call out of its DATA frames.
///
/// ```
/// | compressed: 0 or 1 | length: 32 bits, big-endian | length bytes of message |
/// ```
/// Frames may cut this anywhere. The length is judged before a byte of the message is kept.
///
/// - SeeAlso: gRPC over HTTP/2, "Length-Prefixed-Message".
struct MessageAssembler {
    enum Event: Equatable {
        /// All bytes were taken; the message is not known to be complete.
        case needsMore
        /// The prefix was taken: whoever agrees to the length calls `take` again.
        case announced(byteCount: Int, isCompressed: Bool)
        case failed(GRPCStatus)
    }

    private static let prefixByteCount = 5
    private let limit: Int
    private let buffers: BodyBuffers
    private var prefix: [UInt8] = []
    /// Bytes of the message that are still to come.
    private var missing = 0
    private var message: [UInt8] = []

    /// - Parameters:
    ///   - limit: Bytes that a message may have.
    ///   - buffers: Where the message's memory comes from; whoever gets the message gives it back.
    init(limit: Int, buffers: BodyBuffers) {
        self.limit = limit
        self.buffers = buffers
    }

    private var hasPrefix: Bool { prefix.count == Self.prefixByteCount }

    /// Takes bytes of a frame; all of them, unless it answers `.announced` or `.failed`.
    mutating func take(_ frame: inout ByteBuffer) -> Event {
        if !hasPrefix {
            frame.read(min(frame.readableBytes, Self.prefixByteCount - prefix.count), into: &prefix)
            return hasPrefix ? announce() : .needsMore
        }
        if message.isEmpty { message = buffers.take(capacity: missing) }
        let count = min(missing, frame.readableBytes)
        frame.read(count, into: &message)
        missing -= count
        guard frame.readableBytes == 0 else {
            return .failed(GRPCStatus(.internal, "there is more than one message in a unary call"))
        }
        return .needsMore
    }

    private mutating func announce() -> Event {
        guard prefix[0] <= 1 else {
            return .failed(GRPCStatus(.internal, "the message's compressed flag is \(prefix[0]), not 0 or 1"))
        }
        missing = prefix[1...].reduce(0) { $0 << 8 | Int($1) }
        guard missing <= limit else {
            let text =
                "the message has \(missing) bytes, but at most \(limit) are accepted: send smaller batches"
            return .failed(GRPCStatus(.resourceExhausted, text))
        }
        return .announced(byteCount: missing, isCompressed: prefix[0] == 1)
    }

    /// The message, once the client has sent everything; nil if it is not whole.
    mutating func finished() -> [UInt8]? {
        guard hasPrefix && missing == 0 else { return nil }
        defer { message = [] }
        return message
    }

    /// Gives the memory of a message back that nobody will ask for.
    mutating func discard() {
        buffers.giveBack(&message)
    }
}
