// SPDX-License-Identifier: Apache-2.0

/// The services of the made-up web shop.
package enum ModelService: Int, Sendable, CaseIterable {
    case storefront, gateway, catalog, search, cart, checkout, payment, inventory, pricing, shipping
    case recommendation, account, notification, analytics

    /// Its `service.name`.
    package var name: String { Self.names[rawValue] }

    private static let names = [
        "storefront", "gateway", "catalog", "search", "cart", "checkout", "payment", "inventory", "pricing",
        "shipping", "recommendation", "account", "notification", "analytics",
    ]

    /// How many copies of it run.
    package var instanceCount: Int {
        switch self {
        case .storefront, .gateway: 4
        case .catalog, .cart, .checkout: 3
        case .search, .payment, .inventory, .pricing, .recommendation, .account: 2
        case .shipping, .notification, .analytics: 1
        }
    }

    /// The language of its SDK, as `telemetry.sdk.language` has it.
    var language: String {
        switch self {
        case .storefront, .payment: "nodejs"
        case .gateway, .inventory: "go"
        case .catalog, .checkout, .analytics: "java"
        case .search, .recommendation: "python"
        case .cart: "dotnet"
        case .pricing: "rust"
        case .shipping: "cpp"
        case .account: "swift"
        case .notification: "ruby"
        }
    }

    var version: String {
        switch self {
        case .storefront: "4.18.0"
        case .gateway: "2.7.3"
        case .checkout: "3.1.0"
        case .payment: "1.44.2"
        default: "1.\(rawValue).0"
        }
    }

    var sdkVersion: String {
        switch language {
        case "java": "1.54.1"
        case "go": "1.38.0"
        case "nodejs": "2.1.0"
        case "python": "1.37.0"
        case "dotnet": "1.12.0"
        default: "1.9.0"
        }
    }

    var host: String { "\(name).shop.svc.cluster.local" }
    var port: Int { 8080 + rawValue }

    /// The namespace of its exceptions.
    var packageName: String { language == "java" ? "com.example.shop.\(name)" : name }

    /// The instrumentation library that records one kind of its spans.
    func scopeName(for layer: ModelLayer) -> String { Self.scopeNames[rawValue][layer.rawValue] }

    private static let scopeNames = allCases.map { service in
        ModelLayer.allCases.map { service.makeScopeName(for: $0) }
    }

    private func makeScopeName(for layer: ModelLayer) -> String {
        guard layer != .own else { return "shop.\(name)" }
        return switch language {
        case "java": "io.opentelemetry.\(layer.javaLibrary)"
        case "go": "go.opentelemetry.io/contrib/instrumentation/\(layer.goLibrary)"
        case "nodejs": "@opentelemetry/instrumentation-\(layer)"
        case "python": "opentelemetry.instrumentation.\(layer)"
        case "dotnet": "OpenTelemetry.Instrumentation.\(layer)"
        default: "opentelemetry-\(layer)-\(language)"
        }
    }
}

/// What a library instruments.
enum ModelLayer: Int, Sendable, CaseIterable {
    case http, grpc, sql, redis, kafka, own

    var javaLibrary: String {
        switch self {
        case .http: "tomcat-10.0"
        case .grpc: "grpc-1.6"
        case .sql: "jdbc"
        case .redis: "lettuce-5.1"
        case .kafka: "kafka-clients-0.11"
        case .own: "shop"
        }
    }

    var goLibrary: String {
        switch self {
        case .http: "net/http/otelhttp"
        case .grpc: "google.golang.org/grpc/otelgrpc"
        case .sql: "database/sql/otelsql"
        case .redis: "github.com/redis/go-redis/otelredis"
        case .kafka: "github.com/IBM/sarama/otelsarama"
        case .own: "shop"
        }
    }
}

extension ModelProcess {
    /// What its resource says, in the order in which it is exported.
    var resourceAttributes: [ModelAttribute] {
        let pod = "\(service.name)-\(podHash)-\(instance)"
        return [
            ModelAttribute("service.name", service.name),
            ModelAttribute("service.namespace", "shop"),
            ModelAttribute("service.version", service.version),
            ModelAttribute("service.instance.id", pod),
            ModelAttribute("deployment.environment.name", "production"),
            ModelAttribute("k8s.namespace.name", "shop"),
            ModelAttribute("k8s.pod.name", pod),
            ModelAttribute("host.name", "node-\((service.rawValue + instance * 3) % 6)"),
            ModelAttribute("process.pid", 1 + (service.rawValue * 37 + instance) % 30),
            ModelAttribute("telemetry.sdk.name", "opentelemetry"),
            ModelAttribute("telemetry.sdk.language", service.language),
            ModelAttribute("telemetry.sdk.version", service.sdkVersion),
        ]
    }

    private var podHash: String {
        let digits = Array("bcdfghjklmnpqrstvwxz2456789")
        var value = UInt64(service.rawValue + 1) &* 0x9e37_79b9_7f4a_7c15
        return String(
            (0..<9).map { _ in
                defer { value /= 27 }
                return digits[Int(value % 27)]
            })
    }
}
