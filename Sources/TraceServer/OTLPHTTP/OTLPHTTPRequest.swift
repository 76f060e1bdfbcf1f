// SPDX-License-Identifier: Apache-2.0

internal import Ingest
internal import NIOHTTP1
internal import TraceModel

/// What the head of an OTLP/HTTP request says, once it is known that its body is wanted: `POST /v1/traces` with
/// protobuf or JSON.
///
/// - SeeAlso: the OTLP specification, "OTLP/HTTP".
struct OTLPHTTPRequest: Sendable {
    let mediaType: MediaType
    let encoding: BodyEncoding
    let tenant: TenantID

    /// Why a request is refused before its body is read.
    struct Refusal: Error {
        var status: Int
        var message: String
    }

    static func isForSpans(_ head: HTTPRequestHead) -> Bool {
        head.uri == "/v1/traces" || head.uri.prefix { $0 != "?" } == "/v1/traces"
    }

    /// - Throws: ``Refusal``, ``TenantRefusal``.
    init(_ head: HTTPRequestHead, _ mediaType: MediaType, _ tenancy: Tenancy) throws {
        guard Self.isForSpans(head) else {
            throw Refusal(status: 404, message: "there is only /v1/traces here")
        }
        guard head.method == .POST else { throw Refusal(status: 405, message: "spans are sent with POST") }
        guard mediaType != .other else {
            throw Refusal(
                status: 415, message: "the Content-Type has to be application/x-protobuf or application/json")
        }
        self.mediaType = mediaType
        encoding = try Self.encoding(head.headers.first(name: "content-encoding"))
        tenant = try tenancy.writer(head.headers[tenantHeaderName])
    }

    private static func encoding(_ name: String?) throws(Refusal) -> BodyEncoding {
        switch name?.lowercased() {
        case nil, "", "identity": return .identity
        case "gzip", "x-gzip": return .gzip
        case let other?:
            throw Refusal(
                status: 415, message: "the Content-Encoding \(other) is not supported: use gzip or identity")
        }
    }
}

/// How long the body of a request is, as its head says.
struct AnnouncedBody {
    /// Nil if it comes in chunks.
    var byteCount: Int?
    /// Whether the client sends it only when it is told to.
    var waitsForContinue: Bool

    /// Whether it comes in a transfer coding other than chunks.
    var hasUnknownCoding: Bool

    var isEmpty: Bool { byteCount == 0 }

    /// - Parameter head: As the parser lets it through: a length that is no number does not get here.
    init(_ head: HTTPRequestHead) {
        let coding = head.headers.first(name: "transfer-encoding")
        hasUnknownCoding = coding.map { $0.lowercased() != "chunked" } ?? false
        byteCount = coding != nil ? nil : Int(head.headers.first(name: "content-length") ?? "0") ?? 0
        // HTTP/1.0 does not know it.
        let knowsContinue = head.version >= .http1_1
        waitsForContinue = knowsContinue && head.headers.first(name: "expect")?.lowercased() == "100-continue"
        if isEmpty { waitsForContinue = false }
    }
}

extension HTTPVersion {
    static func >= (a: HTTPVersion, b: HTTPVersion) -> Bool { (a.major, a.minor) >= (b.major, b.minor) }
}
