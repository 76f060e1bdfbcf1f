// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import TraceModel

/// Percent-encodes what stands raw in the URLs of a connection's requests: bytes that are no ASCII, as people type
/// them, `curl 'http://localhost:3200/api/search?q={name="é"}'`. No URL has these (RFC 3986), and the decoder refuses
/// them, but programs send them.
///
/// Only lines of requests are touched, in lines of their own between heads. So that nobody can make this and the decoder
/// see different requests, the first head that announces a body ends it for the connection: what follows passes as it
/// came. Requests for spans have no bodies.
struct RawURLBytes {
    private enum Place {
        case requestLine
        case fieldLine
        /// Perhaps in a body.
        case anywhere
    }

    private var place = Place.requestLine
    /// Bytes of the line so far, without carriage returns.
    private var lineByteCount = 0
    /// The beginning of a field's line, in lower case.
    private var fieldName: [UInt8] = []

    /// Fields of requests with a body.
    private static let bodyFields = ["content-length", "transfer-encoding"].map { Array($0.utf8) }

    /// What comes next, as the decoder can read it.
    mutating func encoded(_ bytes: ByteBuffer) -> ByteBuffer {
        guard place != .anywhere else { return bytes }
        var encoded: ByteBuffer?
        for (index, byte) in bytes.readableBytesView.enumerated() {
            let isRaw = byte >= 0x80 && place == .requestLine
            if isRaw, encoded == nil {
                encoded = bytes
                encoded?.moveWriterIndex(to: bytes.readerIndex + index)
            }
            if isRaw {
                encoded?.writeBytes([UInt8(ascii: "%"), hexadecimalDigit(byte >> 4), hexadecimalDigit(byte & 15)])
            } else {
                encoded?.writeInteger(byte)
            }
            advance(over: byte)
        }
        return encoded ?? bytes
    }

    private mutating func advance(over byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\r"): break
        case UInt8(ascii: "\n"):
            // Empty lines before a request mean nothing; one behind fields ends the head.
            if place == .requestLine, lineByteCount > 0 {
                place = .fieldLine
            } else if place == .fieldLine, lineByteCount == 0 {
                place = .requestLine
            }
            lineByteCount = 0
            fieldName.removeAll(keepingCapacity: true)
        default:
            lineByteCount += 1
            guard place == .fieldLine, lineByteCount <= 17 else { return }
            fieldName.append(byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte)
            if Self.bodyFields.contains(fieldName) { place = .anywhere }
        }
    }
}
