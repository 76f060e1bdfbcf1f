// SPDX-License-Identifier: Apache-2.0

internal import NIOHPACK
internal import TraceModel

/// The methods that are served, by their paths.
enum GRPCMethod: String, Sendable, CaseIterable {
    case export = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
    case healthCheck = "/grpc.health.v1.Health/Check"
}

/// What the header fields of a call say.
struct CallHead: Sendable, Equatable {
    /// How a compressed message is compressed.
    enum Encoding: Sendable, Equatable {
        case identity
        case gzip
        case unknown(String)
    }

    var method: GRPCMethod
    var encoding: Encoding
    /// Whose spans are sent.
    var tenant = TenantID.single
    var authorization: String?

    /// Why a call is not one, before a byte of its message is read.
    enum Refusal: Error, Equatable {
        /// The client does not speak gRPC: an HTTP status without a body.
        case http(status: Int)
        case grpc(GRPCStatus)
    }

    /// - SeeAlso: gRPC over HTTP/2, "Requests".
    init(_ fields: HPACKHeaders) throws(Refusal) {
        guard fields.first(name: ":method") == "POST" else { throw .http(status: 405) }
        guard Self.isGRPC(fields.first(name: "content-type") ?? "") else { throw .http(status: 415) }
        let path = fields.first(name: ":path") ?? ""
        guard let method = GRPCMethod(rawValue: path) else {
            throw .grpc(GRPCStatus(.unimplemented, "there is no method \(path)"))
        }
        self.method = method
        encoding =
            switch fields.first(name: "grpc-encoding") {
            case nil, "identity": .identity
            case "gzip": .gzip
            case let other?: .unknown(other)
            }
        authorization = fields.first(name: "authorization")
    }

    /// Whether a content type is `application/grpc`, alone or with a suffix such as `+proto` or a parameter.
    private static func isGRPC(_ contentType: String) -> Bool {
        let name = "application/grpc"
        guard contentType.lowercased().hasPrefix(name) else { return false }
        let next = contentType.utf8.dropFirst(name.utf8.count).first
        return next == nil || next == UInt8(ascii: "+") || next == UInt8(ascii: ";")
    }

    /// Whether a message with this compressed flag can be read.
    func check(isCompressed: Bool) -> GRPCStatus? {
        switch encoding {
        case _ where !isCompressed, .gzip: nil
        case .identity:
            GRPCStatus(.internal, "the message is marked as compressed, but grpc-encoding does not say how")
        case .unknown(let name):
            GRPCStatus(.unimplemented, "grpc-encoding \(name) is not supported: use gzip or identity")
        }
    }
}
