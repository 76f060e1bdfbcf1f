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

    @Option(help: ArgumentHelp("Whose traces they are, VIVACE_TENANT.", valueName: "name"))
    var tenant: TenantName?

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
        if let path = try Settings.value(caFile, "ca-file") { access.authorities = try Self.certificates(inFile: path) }
        return access
    }

    func validate() throws { _ = (try tokenSource(), try resolvedTenant()) }

    private func resolvedTenant() throws -> TenantID? { try Settings.value(tenant, "tenant")?.id }

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

    private static func certificates(inFile path: String) throws -> [NIOSSLCertificate] {
        let bytes = try contents(of: path, "--ca-file")
        guard let certificates = try? NIOSSLCertificate.fromPEMBytes(Array(bytes)), !certificates.isEmpty else {
            throw CommandError(.usage, "--ca-file \(path) holds no certificate in PEM, or a damaged one")
        }
        return certificates
    }

    /// Reads a file of any kind, also a pipe such as `<(pass show traces)`.
    private static func contents(of path: String, _ option: String) throws -> Data {
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

/// A tenant's name.
struct TenantName: ExpressibleByArgument, Sendable {
    var id: TenantID

    init?(argument: String) {
        guard let id = TenantID(argument) else { return nil }
        self.id = id
    }
}
