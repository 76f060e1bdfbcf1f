// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What deploy/ holds for Prometheus and Grafana.
enum MonitoringFiles {
    static let folder = Surroundings.packageRoot + "/deploy"
    static let alerts = folder + "/prometheus/vivace-alerts.yaml"
    static let alertExamples = folder + "/prometheus/vivace-alerts-test.yaml"

    static func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

    /// A panel of the dashboard.
    struct Panel {
        var title: String
        /// With Grafana's variables.
        var expressions: [String]
    }

    struct Dashboard {
        var rows: [String] = []
        var panels: [Panel] = []
        var variables: Set<String> = []
        /// Where panels and targets take their data from.
        var dataSources: Set<String> = []

        init() throws {
            let data = Data(try text(folder + "/grafana/vivace-dashboard.json").utf8)
            guard let document = try JSONSerialization.jsonObject(with: data) as? [String: Any] else {
                throw TestFailure("the dashboard is no object")
            }
            let list = (document["templating"] as? [String: Any])?["list"] as? [[String: Any]] ?? []
            variables = Set(list.compactMap { $0["name"] as? String })
            for panel in document["panels"] as? [[String: Any]] ?? [] {
                let title = panel["title"] as? String ?? ""
                if panel["type"] as? String == "row" {
                    rows.append(title)
                    continue
                }
                let targets = panel["targets"] as? [[String: Any]] ?? []
                panels.append(Panel(title: title, expressions: targets.compactMap { $0["expr"] as? String }))
                for part in [panel] + targets {
                    dataSources.insert((part["datasource"] as? [String: Any])?["uid"] as? String ?? "none")
                }
            }
        }

        /// All expressions as Prometheus gets them.
        var expressions: [String] {
            panels.flatMap(\.expressions).map { expression in
                expression.replacingOccurrences(of: "$__rate_interval", with: "1m")
                    .replacingOccurrences(of: "$job", with: "vivace")
                    .replacingOccurrences(of: "$instance", with: ".*")
            }
        }
    }
}
