// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEndTests {
    /// What Grafana asks; docs/GRAFANA.md says what works there.
    @Suite struct GrafanaTests {
        @Test func `what Grafana's data source asks is answered as it reads it, from heads and from blocks`() async throws {
            let time = "\(Int(Date().timeIntervalSince1970) - 60)"
            try await Scratch.with { scratch in
                let first = try await scratch.startServer()
                try await scratch.python("grafana", "fill", "\(first.otlpHTTP)", time)
                try await scratch.python("grafana", "ask", "\(first.http)", time)
                try await scratch.python("language_models", "ask", "\(first.http)", time)
                try await first.terminate()
                let second = try await scratch.startServer()
                try await scratch.python("grafana", "ask", "\(second.http)", time)
                try await scratch.python("language_models", "ask", "\(second.http)", time)
                try await second.terminate()
            }
        }
    }
}
