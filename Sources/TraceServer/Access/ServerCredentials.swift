// SPDX-License-Identifier: Apache-2.0

internal import FileIO
package import Logging
internal import NIOPosix

/// What the server shows to its clients and asks of them: certificates and tokens, from files.
///
/// The files are looked at again once a second while the server runs, off the event loops.
package struct ServerCredentials: Sendable {
    let tls: ReloadedFiles<TLSContexts>?
    let tokens: ReloadedFiles<TokenTable>?

    /// No TLS, and nobody is asked for a token.
    package static let none = ServerCredentials()

    private init() {
        tls = nil
        tokens = nil
    }

    /// Reads the files.
    ///
    /// - Parameters:
    ///   - tls: Without it connections are not encrypted.
    ///   - tokensPath: The file that ``TokenTable`` describes; without it everybody may do everything.
    /// - Throws: `.badCredentials` with the flag of the file that can't be used.
    package init(tls: TLSFiles?, tokensPath: String?) throws(ServerError) {
        self.tls = try tls.map { files throws(ServerError) in try files.watched() }
        tokens = try tokensPath.map { path throws(ServerError) in try Self.watchedTokens(path) }
    }

    private static func watchedTokens(_ path: String) throws(ServerError) -> ReloadedFiles<TokenTable> {
        try ReloadedFiles("--tokens") { () throws(ServerError) in
            try checkMode(path)
            return [try readFile(path, flag: "--tokens")]
        } make: { contents throws(ServerError) in
            do throws(TokenTable.Fault) {
                return try TokenTable(String(decoding: contents[0], as: UTF8.self))
            } catch {
                let place = error.line.map { ", line \($0)" } ?? ""
                throw ServerError(.badCredentials, "--tokens \(path)\(place): \(error.reason).", cause: error)
            }
        }
    }

    private static func checkMode(_ path: String) throws(ServerError) {
        let isOpen: Bool
        do throws(FileIOError) {
            isOpen = try LocalFileSystem().isReadableByEveryone(path)
        } catch {
            throw ServerError(reading: path, flag: "--tokens", error)
        }
        if isOpen {
            let text =
                "--tokens \(path) may be read by every user of this machine: chmod o-r it, and change the tokens."
            throw ServerError(.badCredentials, text)
        }
    }

    /// Looks at the files again; blocks.
    package func check(logger: Logger) {
        tls?.check(logger: logger)
        tokens?.check(logger: logger)
    }

    /// Keeps looking at the files until the task is cancelled.
    func run(interval: Duration, logger: Logger) async {
        guard tls != nil || tokens != nil else { return }
        while (try? await Task.sleep(for: interval)) != nil {
            try? await NIOThreadPool.singleton.runIfActive { check(logger: logger) }
        }
    }
}
