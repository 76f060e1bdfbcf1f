// SPDX-License-Identifier: Apache-2.0

internal import NIOHPACK

/// How a gRPC call ended.
struct GRPCStatus: Sendable, Equatable {
    /// The codes that this server answers, of those that gRPC has.
    enum Code: Int32, Sendable, CaseIterable {
        case ok = 0
        case invalidArgument = 3
        case deadlineExceeded = 4
        case notFound = 5
        case permissionDenied = 7
        case resourceExhausted = 8
        case unimplemented = 12
        case `internal` = 13
        case unavailable = 14
        case unauthenticated = 16

        /// The name that specifications and metrics use.
        var name: String {
            switch self {
            case .ok: "OK"
            case .invalidArgument: "INVALID_ARGUMENT"
            case .deadlineExceeded: "DEADLINE_EXCEEDED"
            case .notFound: "NOT_FOUND"
            case .permissionDenied: "PERMISSION_DENIED"
            case .resourceExhausted: "RESOURCE_EXHAUSTED"
            case .unimplemented: "UNIMPLEMENTED"
            case .internal: "INTERNAL"
            case .unavailable: "UNAVAILABLE"
            case .unauthenticated: "UNAUTHENTICATED"
            }
        }
    }

    var code: Code
    var message: String
    /// An encoded google.rpc.Status, if there is more to say than the message.
    var details: [UInt8]?

    init(_ code: Code, _ message: String = "", details: [UInt8]? = nil) {
        self.code = code
        self.message = message
        self.details = details
    }

    static let ok = GRPCStatus(.ok)

    /// Adds the fields that end a call.
    func append(to fields: inout HPACKHeaders) {
        fields.add(name: "grpc-status", value: String(code.rawValue))
        if !message.isEmpty { fields.add(name: "grpc-message", value: grpcPercentEncoded(message)) }
        if let details { fields.add(name: "grpc-status-details-bin", value: base64(details)) }
    }
}

/// A status message as gRPC writes it: UTF-8 in which `%` and everything outside of printable ASCII is `%XX`.
///
/// The message is cut after 1,024 bytes, so that the trailers fit into the header list that clients allow.
///
/// - SeeAlso: gRPC over HTTP/2, "Status-Message".
func grpcPercentEncoded(_ message: String) -> String {
    var out: [UInt8] = []
    let hexadecimal = Array("0123456789ABCDEF".utf8)
    for byte in message.utf8.prefix(1_024) {
        if (0x20...0x7e).contains(byte), byte != UInt8(ascii: "%") {
            out.append(byte)
        } else {
            out += [UInt8(ascii: "%"), hexadecimal[Int(byte >> 4)], hexadecimal[Int(byte & 15)]]
        }
    }
    return String(decoding: out, as: UTF8.self)
}

/// Base64 (RFC 4648, section 4) without padding, as gRPC wants binary metadata to be sent.
func base64(_ bytes: [UInt8]) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var out: [UInt8] = []
    out.reserveCapacity(bytes.count / 3 * 4 + 4)
    var index = 0
    while index < bytes.count {
        let rest = bytes[index...].prefix(3)
        let group = rest.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << UInt32(8 * (3 - rest.count))
        for place in 0...rest.count {
            out.append(alphabet[Int(group >> UInt32(18 - 6 * place)) & 63])
        }
        index += 3
    }
    return String(decoding: out, as: UTF8.self)
}
