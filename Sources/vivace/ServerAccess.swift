// SPDX-License-Identifier: Apache-2.0

internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1
internal import NIOSSL
internal import TraceModel

/// How a client shows a server who it is, and whom it believes; without values a client as any other.
struct ServerAccess: Sendable {
    var token: BearerToken?
    /// Nil: those that the system trusts.
    var authorities: [NIOSSLCertificate]?
    /// What is shown to servers that ask for a certificate.
    var identity: ClientIdentity?
    var tenant: TenantSet?

    /// A client for requests to the server, to be shut down.
    ///
    /// - Parameter connectionCount: How many connections it keeps; nil for the library's number.
    func makeHTTPClient(connectionCount: Int? = nil) -> HTTPClient {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        if let authorities { tls.trustRoots = .certificates(authorities) }
        identity?.show(in: &tls)
        var configuration = HTTPClient.Configuration(tlsConfiguration: tls)
        configuration.timeout.connect = .seconds(5)
        configuration.connectionPool.retryConnectionEstablishment = false
        if let connectionCount {
            configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = connectionCount
        }
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// Adds what the server wants to see.
    func add(to headers: inout HTTPHeaders) {
        if let token { headers.add(name: "authorization", value: token.authorization) }
        if let tenant { headers.add(name: "x-scope-orgid", value: tenant.description) }
    }

    /// What an answer of 401 or 403 means, and which option helps; nil for any other.
    ///
    /// - Parameters:
    ///   - said: The answer's first line.
    ///   - purpose: What the token has to allow, `read` or `write`.
    func refusal(of server: ServerURL, _ status: UInt, _ said: String, needs purpose: String) -> CommandError? {
        let problem: String
        switch status {
        case 401 where tenant == nil && said.contains("no org id"):
            return CommandError(
                .usage, "\(server) tells tenants apart: say whose traces they are with --tenant NAME or VIVACE_TENANT.")
        case 401: problem = token == nil ? "wants a token" : "does not know the token"
        case 403: problem = "does not allow that"
        default: return nil
        }
        return CommandError(
            .usage,
            "\(server) \(problem) (HTTP \(status)): \(said). Give a token that allows to \(purpose) with --token, "
                + "--token-file or VIVACE_TOKEN.")
    }
}

/// A certificate with those between it and its authority, and its key.
struct ClientIdentity: Sendable {
    let certificates: [NIOSSLCertificate]
    let key: NIOSSLPrivateKey

    func show(in configuration: inout TLSConfiguration) {
        configuration.certificateChain = certificates.map { .certificate($0) }
        configuration.privateKey = .privateKey(key)
    }
}

/// A secret that the server knows, in the characters of RFC 6750 (section 2.1). It describes itself without itself.
struct BearerToken: Sendable, CustomStringConvertible, CustomReflectable {
    /// The value of a request's `Authorization`.
    let authorization: String

    static let expectation = "a token has letters, digits and -._~+/ only, with = at its end"

    init?(_ text: String) {
        let bytes = text.utf8.reversed().drop { $0 == UInt8(ascii: "=") }
        guard !bytes.isEmpty, bytes.allSatisfy(Self.isTokenByte) else { return nil }
        authorization = "Bearer " + text
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "-._~+/".utf8.contains(byte)
        }
    }

    var description: String { "(a token)" }
    var customMirror: Mirror { Mirror(self, children: []) }
}
