// SPDX-License-Identifier: Apache-2.0

package import TraceModel
package import TraceStorage

/// Where a listener listens.
package struct ListenAddress: Sendable, Hashable, CustomStringConvertible {
    /// A host name or an IP address without brackets.
    package var host: String
    /// 0 lets the system choose.
    package var port: Int

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Reads `HOST:PORT`, `[IPv6]:PORT` or `:PORT` (all interfaces); nil if it is anything else.
    package init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        guard let port = UInt16(text[text.index(after: colon)...]) else { return nil }
        var host = text[..<colon]
        if host.first == "[", host.last == "]" {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        self.init(host: host.isEmpty ? "0.0.0.0" : String(host), port: Int(port))
    }

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// Everything that `vivace serve` can be told. The defaults are those of the command line.
package struct ServerConfiguration: Sendable {
    package var otlpGRPC = ListenAddress(host: "127.0.0.1", port: 4317)
    package var otlpHTTP = ListenAddress(host: "127.0.0.1", port: 4318)
    package var http = ListenAddress(host: "127.0.0.1", port: 3200)
    /// How it is known whose spans a request is about.
    package var tenancy = Tenancy.single
    /// Whose pages may send spans from a browser.
    package var corsOrigins = CORSOrigins.none
    /// The directory of the store.
    package var dataDirectory = ""
    /// What the program's caches and buffers may hold in all.
    package var memoryByteCount = 1 << 30
    /// How long spans are kept.
    package var retention = RetentionPolicy()
    /// What the status pages say of the options to whoever may ask for some tenants alone; nil for all tenants.
    package var texts: @Sendable (TenantSet?) -> ConfigurationTexts = { _ in ConfigurationTexts() }
    package var limits = ServerLimits()
    /// Queries that take as long are logged; nil for none.
    package var slowQueryDuration: Duration? = .seconds(10)
    package var build = BuildInformation()

    package init() {}
}

/// The options as YAML, with a comment on where each value came from.
package struct ConfigurationTexts: Sendable {
    /// All of them.
    package var effective = ""
    /// Those that differ from the defaults.
    package var changed = ""
    /// The defaults.
    package var builtIn = ""
    /// Those that name files which are read again when they change; empty if there are none.
    package var reloaded = ""

    package init() {}
}

/// What was built, from what.
package struct BuildInformation: Sendable {
    package var version = ""
    package var revision = ""
    package var branch = ""
    /// RFC 3339.
    package var buildDate = ""

    package init() {}
}

/// The three places where the server listens, by the flag that sets each.
package enum ListenerName: String, Sendable, CaseIterable {
    case otlpGRPC = "--otlp-grpc"
    case otlpHTTP = "--otlp-http"
    case http = "--http"

    /// What is spoken there, for people.
    package var service: String {
        switch self {
        case .otlpGRPC: "OTLP over gRPC"
        case .otlpHTTP: "OTLP over HTTP"
        case .http: "query API"
        }
    }
}
