// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import NIOSSL

/// The files that make the listeners speak TLS, all in PEM.
package struct TLSFiles: Sendable, Equatable {
    /// The server's certificate, and after it those between it and the authority.
    package var certificatePath: String
    /// The key of the certificate, without a passphrase.
    package var keyPath: String
    /// The authorities of clients' certificates; nil asks no client for one.
    package var clientCAPath: String?

    package init(certificatePath: String, keyPath: String, clientCAPath: String?) {
        self.certificatePath = certificatePath
        self.keyPath = keyPath
        self.clientCAPath = clientCAPath
    }

    /// How long a client may take to agree that a connection ends: NIO's own five seconds would keep the process from
    /// ending in time.
    private static let closingTimeout = TimeAmount.seconds(1)

    /// - Throws: `.badCredentials` if a file can't be read, or they don't belong together.
    func watched() throws(ServerError) -> ReloadedFiles<TLSContexts> {
        try ReloadedFiles("--tls-cert, --tls-key, --tls-client-ca") { () throws(ServerError) in
            var contents = [
                try readFile(certificatePath, flag: "--tls-cert"), try readFile(keyPath, flag: "--tls-key"),
            ]
            if let clientCAPath { contents.append(try readFile(clientCAPath, flag: "--tls-client-ca")) }
            return contents
        } make: { contents throws(ServerError) in
            try contexts(contents)
        }
    }

    private func contexts(_ contents: [[UInt8]]) throws(ServerError) -> TLSContexts {
        let chain = try Self.certificates(contents[0], "--tls-cert \(certificatePath)")
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) },
            privateKey: .privateKey(try key(contents[1])))
        configuration.minimumTLSVersion = .tlsv12
        configuration.shutdownTimeout = Self.closingTimeout
        if let clientCAPath {
            let authorities = try Self.certificates(contents[2], "--tls-client-ca \(clientCAPath)")
            configuration.trustRoots = .certificates(authorities)
            // A client has a name, but no host name.
            configuration.certificateVerification = .noHostnameVerification
        }
        do {
            return try TLSContexts(configuration, expirySeconds: chain.map { Int($0.notValidAfter) }.min() ?? 0)
        } catch {
            let text =
                "--tls-key \(keyPath) is not the key of the first certificate in --tls-cert \(certificatePath), or of a kind "
                + "that is not supported: name the two that belong together."
            throw ServerError(.badCredentials, text, cause: error)
        }
    }

    private func key(_ bytes: [UInt8]) throws(ServerError) -> NIOSSLPrivateKey {
        do {
            return try NIOSSLPrivateKey(bytes: bytes, format: .pem)
        } catch {
            let text = "--tls-key \(keyPath) holds no private key in PEM without a passphrase."
            throw ServerError(.badCredentials, text, cause: error)
        }
    }

    private static func certificates(_ bytes: [UInt8], _ place: String) throws(ServerError) -> [NIOSSLCertificate] {
        let text = "\(place) holds no certificate in PEM, or a damaged one."
        do {
            let certificates = try NIOSSLCertificate.fromPEMBytes(bytes)
            if !certificates.isEmpty { return certificates }
        } catch {
            throw ServerError(.badCredentials, text, cause: error)
        }
        throw ServerError(.badCredentials, text)
    }
}

/// What connections are encrypted with, by what is spoken on them.
struct TLSContexts: Sendable {
    let http1: NIOSSLContext
    let http2: NIOSSLContext
    /// When the first certificate of the chain expires, in Unix seconds.
    let expirySeconds: Int

    fileprivate init(_ configuration: TLSConfiguration, expirySeconds: Int) throws {
        self.expirySeconds = expirySeconds
        var configuration = configuration
        configuration.applicationProtocols = ["http/1.1"]
        http1 = try NIOSSLContext(configuration: configuration)
        configuration.applicationProtocols = ["h2"]
        http2 = try NIOSSLContext(configuration: configuration)
    }
}

extension ChannelPipeline.SynchronousOperations {
    /// Encrypts a new connection, before any other handler is added.
    func addTLS(_ context: NIOSSLContext?) throws {
        guard let context else { return }
        try addHandler(NIOSSLServerHandler(context: context))
    }
}
