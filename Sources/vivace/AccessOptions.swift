// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Foundation
internal import NIOSSL
internal import TraceModel

/// What a server may want to know of a client, and the client of it.
struct AccessOptions: ParsableArguments {
    // A string, not a type of its own: ArgumentParser shows values that it can't convert. Unconditional, because what
    // begins with a dash would be shown as an unknown option.
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "A token that the server knows, VIVACE_TOKEN. The list of processes shows it: a file or the variable is safer.",
            valueName: "token"))
    var token: String?

    @Option(
        help: ArgumentHelp("A file that holds the token and nothing else, VIVACE_TOKEN_FILE.", valueName: "file"),
        completion: .file())
    var tokenFile: String?

    @Option(
        help: ArgumentHelp(
            "Certificates in PEM: trust servers with one of them, or one of theirs. VIVACE_CA_FILE (default: the system's).",
            valueName: "file"),
        completion: .file())
    var caFile: String?

    @Option(
        help: ArgumentHelp(
            "A certificate in PEM, and those up to its authority: shown to servers that ask for one. VIVACE_CERT_FILE.",
            valueName: "file"),
        completion: .file())
    var certFile: String?

    @Option(
        help: ArgumentHelp("The certificate's key in PEM, VIVACE_KEY_FILE.", valueName: "file"), completion: .file())
    var keyFile: String?

    @Option(
        help: ArgumentHelp(
            "Whose traces they are, VIVACE_TENANT. Those of several can be read as one's: 'a|b'.", valueName: "name"))
    var tenant: TenantNames?

    /// What the options say, with the files' contents.
    ///
    /// Not to be called from `validate()`: a file may be a pipe, which can be read once.
    ///
    /// - Throws: `ValidationError`, and `.usage` if a file can't be used, with the option that names it.
    func resolved() throws -> ServerAccess {
        var access = ServerAccess()
        access.tenant = try resolvedTenant()
        switch try tokenSource() {
        case .none: break
        case .given(let token): access.token = token
        case .file(let path): access.token = try Self.token(inFile: path)
        }
        if let path = try Settings.value(caFile, "ca-file") {
            access.authorities = try Self.certificates(inFile: path, "--ca-file")
        }
        access.identity = try identityPaths().map { try ClientIdentity(certificatePath: $0, keyPath: $1) }
        return access
    }

    func validate() throws { _ = (try tokenSource(), try resolvedTenant(), try identityPaths()) }

    private func identityPaths() throws -> (certificate: String, key: String)? {
        switch (try Settings.value(certFile, "cert-file"), try Settings.value(keyFile, "key-file")) {
        case (let certificate?, let key?): return (certificate, key)
        case (nil, nil): return nil
        case (_?, nil): throw ValidationError("--cert-file needs the certificate's key: give --key-file beside it.")
        case (nil, _?): throw ValidationError("--key-file needs its certificate: give --cert-file beside it.")
        }
    }

    private func resolvedTenant() throws -> TenantSet? { try Settings.value(tenant, "tenant")?.set }

    /// - Throws: `ValidationError` if there are several.
    func refuseSeveralTenants() throws {
        guard try resolvedTenant()?.tenants.count ?? 1 > 1 else { return }
        throw ValidationError("Spans are sent for one tenant: give --tenant (or VIVACE_TENANT) one name.")
    }

    private enum TokenSource {
        case none
        case given(BearerToken)
        case file(String)
    }

    /// An option goes before a variable, also before that of the other option.
    private func tokenSource() throws -> TokenSource {
        if token != nil, tokenFile != nil { throw ValidationError("Give --token or --token-file, not both.") }
        let text = tokenFile == nil ? try Settings.value(token, "token") : nil
        if let text {
            guard let token = BearerToken(text) else {
                throw ValidationError(
                    "What is given for --token (or VIVACE_TOKEN) is no token: \(BearerToken.expectation).")
            }
            return .given(token)
        }
        return try Settings.value(tokenFile, "token-file").map { .file($0) } ?? .none
    }

    private static func token(inFile path: String) throws -> BearerToken {
        let text = String(decoding: try contents(of: path, "--token-file"), as: UTF8.self)
        guard let token = BearerToken(text.trimmingCharacters(in: .whitespacesAndNewlines)) else {
            throw CommandError(
                .usage, "--token-file \(path) has to hold one token and nothing else: \(BearerToken.expectation)")
        }
        return token
    }

    fileprivate static func certificates(inFile path: String, _ option: String) throws -> [NIOSSLCertificate] {
        let bytes = try contents(of: path, option)
        guard let certificates = try? NIOSSLCertificate.fromPEMBytes(Array(bytes)), !certificates.isEmpty else {
            throw CommandError(.usage, "\(option) \(path) holds no certificate in PEM, or a damaged one")
        }
        return certificates
    }

    /// Reads a file of any kind, also a pipe such as `<(pass show traces)`.
    fileprivate static func contents(of path: String, _ option: String) throws -> Data {
        var contents = Data()
        do {
            let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            defer { try? file.close() }
            while let part = try file.read(upToCount: fileByteLimit), !part.isEmpty {
                contents.append(part)
                if contents.count > fileByteLimit { break }
            }
        } catch {
            throw CommandError(.usage, "\(option) \(path) can't be read: \(error.localizedDescription)")
        }
        guard contents.count <= fileByteLimit else {
            throw CommandError(.usage, "\(option) \(path) has more than \(fileByteLimit) bytes: name another file")
        }
        return contents
    }

    /// As the server's: certificates and tokens are small; something else was named by mistake.
    private static let fileByteLimit = 4 << 20
}

extension ClientIdentity {
    /// - Throws: `.usage` if a file can't be used or they don't belong together, with the option that names it.
    fileprivate init(certificatePath: String, keyPath: String) throws {
        certificates = try AccessOptions.certificates(inFile: certificatePath, "--cert-file")
        let bytes = try AccessOptions.contents(of: keyPath, "--key-file")
        guard let key = try? NIOSSLPrivateKey(bytes: Array(bytes), format: .pem) else {
            throw CommandError(.usage, "--key-file \(keyPath) holds no key in PEM without a passphrase")
        }
        self.key = key
        var configuration = TLSConfiguration.makeClientConfiguration()
        show(in: &configuration)
        guard (try? NIOSSLContext(configuration: configuration)) != nil else {
            throw CommandError(
                .usage,
                "--key-file \(keyPath) is not the key of the first certificate in --cert-file \(certificatePath)")
        }
    }
}

/// A tenant's name, or several with `|` between them.
struct TenantNames: ExpressibleByArgument, Sendable {
    var set: TenantSet

    init?(argument: String) {
        guard let set = TenantSet(argument) else { return nil }
        self.set = set
    }
}
