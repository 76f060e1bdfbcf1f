// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser

/// What `vivace serve` was told, variables and defaults laid under.
struct ServeOptions: Sendable {
    var dataDirectory: String
    var otlpGRPC: HostPort
    var otlpHTTP: HostPort
    var http: HostPort
    /// What all caches and buffers together may hold.
    var memoryByteCount: Int
}

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

    private static let leastMemoryByteCount = 16 << 20

    func resolvedOptions() throws -> ServeOptions {
        guard let directory = try Settings.value(dataDir, "data-dir") else {
            throw ValidationError("Say where to store traces: --data-dir DIR or VIVACE_DATA_DIR.")
        }
        let memoryByteCount = try Settings.value(memory, "memory")?.byteCount ?? 1 << 30
        guard memoryByteCount >= Self.leastMemoryByteCount else {
            throw ValidationError("--memory has to be at least 16MiB: less does not take an ordinary request.")
        }
        let loopback = { HostPort(host: "127.0.0.1", port: $0) }
        return ServeOptions(
            dataDirectory: directory,
            otlpGRPC: try Settings.value(otlpGrpc, "otlp-grpc") ?? loopback(4317),
            otlpHTTP: try Settings.value(otlpHttp, "otlp-http") ?? loopback(4318),
            http: try Settings.value(http, "http") ?? loopback(3200),
            memoryByteCount: memoryByteCount)
    }

    func validate() throws { _ = try resolvedOptions() }

    func run() async throws {
        try await startServer(resolvedOptions())
    }
}
