// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import LayeredOptions
internal import TraceServer

/// `vivace serve`
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Receive traces by OTLP, store them, answer questions.",
        discussion: """
            Everything listens on loopback unless told otherwise. Ends on SIGTERM or SIGINT after what was received is \
            written.

            EXAMPLES
              vivace serve --data-dir ./data
              vivace serve --data-dir /var/lib/vivace --otlp-grpc :4317 --memory 2GiB
              VIVACE_DATA_DIR=./data VIVACE_HTTP=127.0.0.1:3300 vivace serve
              vivace serve --config /etc/vivace.yaml
              vivace serve --data-dir ./data --otlp-http :4318 --tls-cert cert.pem --tls-key key.pem --tokens tokens
            """)

    @Option(
        help: ArgumentHelp(
            "The directory of the store; it is made if need be. VIVACE_DATA_DIR.", valueName: "directory"),
        completion: .directory)
    var dataDir: String?

    @Option(help: "Where to receive OTLP over gRPC, VIVACE_OTLP_GRPC (default: 127.0.0.1:4317).")
    var otlpGrpc: HostPort?

    @Option(help: "Where to receive OTLP over HTTP, VIVACE_OTLP_HTTP (default: 127.0.0.1:4318).")
    var otlpHttp: HostPort?

    @Option(help: "Where to answer queries, VIVACE_HTTP (default: 127.0.0.1:3200).")
    var http: HostPort?

    @Option(help: "What caches and buffers may hold in all, VIVACE_MEMORY (default: 1GiB).")
    var memory: ByteSize?

    @Option(
        help: ArgumentHelp(
            "How long spans are kept after their arrival, VIVACE_RETENTION (default: 14d).", valueName: "time"))
    var retention: RetentionTime?

    @Option(
        help: ArgumentHelp(
            "What differs from it, as in team-a=30d,team-b=2d; VIVACE_TENANT_RETENTION.", valueName: "tenants"))
    var tenantRetention: TenantRetention?

    @Flag(help: "Tell tenants apart by the header X-Scope-OrgID, which every request then needs. VIVACE_MULTITENANCY.")
    var multitenancy = false

    @Flag(
        help: "Let retention drop more than a fifth of the store at once, VIVACE_RETENTION_ALLOW_LARGE_DROP.")
    var retentionAllowLargeDrop = false

    @Option(
        help: ArgumentHelp(
            "How many blocks of a level are merged into one, VIVACE_COMPACTION_FAN_IN (default: 8).",
            valueName: "count"))
    var compactionFanIn: PositiveCount?

    @Option(
        help: ArgumentHelp(
            "How large merged blocks become, VIVACE_COMPACTION_BLOCK_SIZE (default: 1GiB).", valueName: "size"))
    var compactionBlockSize: ByteSize?

    @Option(
        help: ArgumentHelp(
            "Whose pages may send spans from a browser: origins with commas, or *, VIVACE_OTLP_CORS_ORIGINS (default: none).",
            valueName: "origins"))
    var otlpCorsOrigins: CORSOrigins?

    @Option(
        help: ArgumentHelp(
            "Certificate and chain in PEM: every listener speaks TLS. VIVACE_TLS_CERT.", valueName: "file"))
    var tlsCert: String?

    @Option(help: ArgumentHelp("The certificate's key in PEM, VIVACE_TLS_KEY.", valueName: "file"))
    var tlsKey: String?

    @Option(
        help: ArgumentHelp(
            "Authorities in PEM: clients have to show a certificate of theirs. VIVACE_TLS_CLIENT_CA.",
            valueName: "file"))
    var tlsClientCa: String?

    @Option(
        help: ArgumentHelp(
            "Tokens, a line each: what it allows (read, write or read,write), perhaps for whom. VIVACE_TOKENS (default: none).",
            valueName: "file"))
    var tokens: String?

    @OptionGroup var log: LogArguments

    @Option(
        help: ArgumentHelp(
            "A YAML file with these options, names without dashes in front. VIVACE_CONFIG.", valueName: "file"))
    var config: String?

    @Flag(help: "Print the values of all options as such a file, say where each came from, and end.")
    var printConfig = false

    func validate() throws { _ = try resolvedOptions() }

    func run() async throws {
        let (options, layers) = try resolvedOptions()
        if printConfig { return try Output.write(layers.yaml) }
        try await startServer(options)
    }
}
