// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A Prometheus with a directory of its own, on a port of the system's choice.
struct PrometheusServer: Sendable {
    let program: RunningProgram
    let port: Int

    /// Starts it and waits until it listens.
    init(configuration: String, in scratch: Scratch) async throws {
        let path = scratch.path + "/prometheus.yaml"
        try configuration.write(toFile: path, atomically: true, encoding: .utf8)
        let program = try scratch.start(
            try Surroundings.monitoringTool("prometheus"),
            [
                "--config.file=\(path)", "--storage.tsdb.path=\(scratch.path)/prometheus",
                "--web.listen-address=127.0.0.1:0",
            ])
        self.program = program
        port = try await poll("a Prometheus that is ready") { () throws -> Int? in
            let log = program.complaint
            guard !program.hasEnded else { throw TestFailure("Prometheus ended:\n\(log)") }
            guard log.contains("Server is ready to receive web requests") else { return nil }
            return log.firstMatch(of: /msg="Listening on" address=127\.0\.0\.1:(\d+)/).flatMap { Int($0.1) }
        }
    }

    /// One series that a query gave.
    struct Sample: Sendable {
        var labels: [String: String]
        var value: Double
    }

    /// The instant value of an expression.
    ///
    /// - Throws: ``TestFailure`` with what Prometheus says if it can't be evaluated.
    func query(_ expression: String) async throws -> [Sample] {
        let encoded = expression.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        let answer = try await HTTPRequest.get("/api/v1/query?query=\(encoded)").answer(port: port)
        let document = try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any] ?? [:]
        guard document["status"] as? String == "success", let data = document["data"] as? [String: Any] else {
            throw TestFailure("\(expression): \(answer.text)")
        }
        return (data["result"] as? [[String: Any]] ?? []).map { series in
            let value = (series["value"] as? [Any])?.last as? String ?? ""
            return Sample(
                labels: series["metric"] as? [String: String] ?? [:],
                value: value == "+Inf" ? .infinity : Double(value) ?? .nan)
        }
    }
}

extension Surroundings {
    /// Prometheus or promtool: unpacked by scripts/fetch-prometheus.sh, or installed.
    static func monitoringTool(_ name: String) throws -> String {
        let folders = [packageRoot + "/.prometheus/usr/bin"] + (environment["PATH"] ?? "").split(separator: ":").map(String.init)
        for folder in folders where FileManager.default.isExecutableFile(atPath: "\(folder)/\(name)") {
            return "\(folder)/\(name)"
        }
        throw TestFailure("there is no \(name): fetch it with scripts/fetch-prometheus.sh")
    }
}

extension Scratch {
    /// Runs promtool to its end.
    ///
    /// - Parameter input: The file that it reads as standard input.
    func promtool(_ arguments: String..., input: String = "/dev/null") async throws -> CommandResult {
        let command = #"file=$1; shift; exec "$@" < "$file""#
        let program = try start(
            "/bin/sh", ["-c", command, "sh", input, try Surroundings.monitoringTool("promtool")] + arguments)
        let status = try await program.waitForEnd().status
        return CommandResult(status: status, output: program.output, complaint: program.complaint)
    }
}
