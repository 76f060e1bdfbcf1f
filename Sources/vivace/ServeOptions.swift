// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Foundation
internal import LayeredOptions
internal import TraceModel
internal import TraceServer
internal import TraceStorage

/// What `vivace serve` was told, with variables, the file and defaults laid under.
struct ServeOptions: Sendable {
    var dataDirectory: String
    var otlpGRPC: HostPort
    var otlpHTTP: HostPort
    var http: HostPort
    /// What all caches and buffers together may hold.
    var memoryByteCount: Int
    var retention: RetentionPolicy
    /// Whether tenants are told apart.
    var hasTenants: Bool
    var compaction: CompactionOptions
    var corsOrigins: CORSOrigins
    var tls: TLSFiles?
    var tokensPath: String?
    var log: LogOptions
    /// What the status pages say of all these to whoever may ask for some tenants alone; nil for all tenants.
    var texts: @Sendable (TenantSet?) -> ConfigurationTexts = { _ in ConfigurationTexts() }
}

extension ServeCommand {
    private static let leastMemoryByteCount = 16 << 20

    /// Every option's value, from wherever it was given.
    ///
    /// - Returns: The options, and what they were made of.
    /// - Throws: `ValidationError`, with the variable or the file's line if one is wrong.
    func resolvedOptions() throws -> (options: ServeOptions, layers: OptionLayers) {
        do {
            var layers = OptionLayers(
                variables: ProcessInfo.processInfo.environment, variablePrefix: "VIVACE_", file: try optionFile())
            var options = try options(&layers)
            let (all, overrides) = (Self.texts(layers), options.retention.overrides)
            options.texts = { [layers] tenants in
                guard let tenants else { return all }
                let shown = TenantRetention(overrides.filter { tenants.tenants.contains($0.key) })
                return Self.texts(layers.showing(shown?.description, as: "tenant-retention"))
            }
            return (options, layers)
        } catch let error as OptionError {
            throw ValidationError(error.message)
        }
    }

    /// What the status pages say of the options.
    private static func texts(_ layers: OptionLayers) -> ConfigurationTexts {
        var texts = ConfigurationTexts()
        texts.effective = layers.yaml
        texts.changed = layers.yaml(.changed)
        texts.builtIn = layers.yaml(.builtIn)
        texts.reloaded = layers.yaml(.given(["tls-cert", "tls-key", "tls-client-ca", "tokens"]))
        return texts
    }

    /// The file that --config or its variable names.
    private func optionFile() throws -> OptionFile? {
        guard let path = try Settings.value(config, "config") else { return nil }
        let text: String
        do {
            text = try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            throw ValidationError("--config \(path) can't be read: \(error.localizedDescription)")
        }
        return try OptionFile(text, path: path)
    }

    private func options(_ layers: inout OptionLayers) throws -> ServeOptions {
        let loopback = { HostPort(host: "127.0.0.1", port: $0) }
        let directory = try layers.value(dataDir, "data-dir")
        let otlpGRPC = try layers.value(otlpGrpc, "otlp-grpc", default: loopback(4317))
        let otlpHTTP = try layers.value(otlpHttp, "otlp-http", default: loopback(4318))
        let http = try layers.value(http, "http", default: loopback(3200))
        let memory = try layers.value(memory, "memory", default: ByteSize(byteCount: 1 << 30))
        let retention = try retentionPolicy(&layers)
        let multitenancy = try layers.value(
            multitenancy ? SwitchValue(true) : nil, "multitenancy", default: SwitchValue(false))
        let compaction = try compactionOptions(&layers)
        let corsOrigins = try layers.value(otlpCorsOrigins, "otlp-cors-origins", default: CORSOrigins.none)
        let tls = try tlsFiles(&layers)
        let tokensPath = try layers.value(tokens, "tokens")
        let log = try log.resolved(&layers)
        try layers.refuseUnknownNames()
        guard let directory else {
            throw ValidationError("Say where to store traces: --data-dir DIR or VIVACE_DATA_DIR.")
        }
        guard memory.byteCount >= Self.leastMemoryByteCount else {
            throw ValidationError("--memory has to be at least 16MiB: less does not take an ordinary request.")
        }
        return ServeOptions(
            dataDirectory: directory, otlpGRPC: otlpGRPC, otlpHTTP: otlpHTTP, http: http,
            memoryByteCount: memory.byteCount, retention: retention, hasTenants: multitenancy.isOn,
            compaction: compaction, corsOrigins: corsOrigins, tls: tls, tokensPath: tokensPath, log: log)
    }

    private func retentionPolicy(_ layers: inout OptionLayers) throws -> RetentionPolicy {
        let time = try layers.value(
            retention, "retention", default: RetentionTime(seconds: RetentionPolicy.defaultSeconds))
        let allows = try layers.value(
            retentionAllowLargeDrop ? SwitchValue(true) : nil, "retention-allow-large-drop", default: SwitchValue(false))
        var policy = RetentionPolicy(seconds: time.seconds)
        policy.allowsLargeDrop = allows.isOn
        policy.overrides = try layers.value(tenantRetention, "tenant-retention")?.seconds ?? [:]
        return policy
    }

    private func compactionOptions(_ layers: inout OptionLayers) throws -> CompactionOptions {
        var options = CompactionOptions()
        let fanIn = try layers.value(
            compactionFanIn, "compaction-fan-in", default: PositiveCount(value: options.fanIn))
        let size = try layers.value(
            compactionBlockSize, "compaction-block-size", default: ByteSize(byteCount: options.blockByteLimit))
        guard (2...64).contains(fanIn.value) else {
            throw ValidationError("--compaction-fan-in has to be 2 to 64: so many blocks are read at once.")
        }
        options.fanIn = fanIn.value
        options.blockByteLimit = size.byteCount
        return options
    }

    private func tlsFiles(_ layers: inout OptionLayers) throws -> TLSFiles? {
        let certificate = try layers.value(tlsCert, "tls-cert")
        let key = try layers.value(tlsKey, "tls-key")
        let clientCA = try layers.value(tlsClientCa, "tls-client-ca")
        switch (certificate, key) {
        case (let certificate?, let key?):
            return TLSFiles(certificatePath: certificate, keyPath: key, clientCAPath: clientCA)
        case (nil, nil) where clientCA == nil: return nil
        case (nil, nil):
            throw ValidationError("--tls-client-ca needs TLS: give --tls-cert and --tls-key beside it.")
        case (_?, nil): throw ValidationError("--tls-cert needs the certificate's key: give --tls-key beside it.")
        case (nil, _?): throw ValidationError("--tls-key needs its certificate: give --tls-cert beside it.")
        }
    }
}
