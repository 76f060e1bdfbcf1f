// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser

/// Which server is asked.
struct ServerOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The server's query address, VIVACE_SERVER (default: http://127.0.0.1:3200).", valueName: "url"))
    var server: ServerURL?

    @OptionGroup var access: AccessOptions

    func resolvedServer() throws -> ServerURL { try Settings.value(server, "server") ?? ServerURL(port: 3200) }
    func validate() throws { _ = try resolvedServer() }
}

/// The options of every command that asks a server and prints its answer.
struct ClientOptions: ParsableArguments {
    @OptionGroup var address: ServerOptions

    @Flag(help: "Print the answer as one JSON document.")
    var json = false

    func resolvedServer() throws -> ServerURL { try address.resolvedServer() }
    func resolvedAccess() throws -> ServerAccess { try address.access.resolved() }
    func validate() throws { _ = try wantsJSON() }
    func wantsJSON() throws -> Bool { try Settings.flag(json, "json") }
}

/// Where traces are sent to.
struct OTLPOptions: ParsableArguments {
    @Option(
        name: [.customLong("otlp"), .customLong("server-otlp")],
        help: ArgumentHelp(
            "The server's OTLP address (HTTP), VIVACE_OTLP or VIVACE_SERVER_OTLP (default: http://127.0.0.1:4318).",
            valueName: "url"))
    var otlp: ServerURL?

    @OptionGroup var access: AccessOptions

    func resolvedServer() throws -> ServerURL {
        try Settings.value(otlp, "otlp") ?? Settings.value(nil, "server-otlp") ?? ServerURL(port: 4318)
    }

    func validate() throws {
        _ = try resolvedServer()
        try access.refuseSeveralTenants()
    }
}
