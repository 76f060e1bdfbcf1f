// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import NIOCore
internal import NIOPosix

/// A server of our own kind in a process of its own, with a store that is thrown away.
actor DemoServer {
    let directory: URL
    let server: ServerURL
    let serverOTLP: ServerURL
    let otlpGRPC: HostPort
    private let child = Process()

    private static let readyTimeout = Duration.seconds(30)
    private static let endTimeout = Duration.seconds(20)

    /// Prepares a directory and ports; nothing runs yet.
    init() async throws {
        directory = FileManager.default.temporaryDirectory
            .appendingPathComponent("vivace-demo-\(UUID().uuidString.prefix(8).lowercased())")
        let ports = try await Self.freePorts(3)
        otlpGRPC = HostPort(host: "127.0.0.1", port: ports[0])
        serverOTLP = ServerURL(port: ports[1])
        server = ServerURL(port: ports[2])
        child.executableURL = URL(
            fileURLWithPath: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
        child.arguments = [
            "serve", "--data-dir", directory.appendingPathComponent("data").path,
            "--otlp-grpc", "\(otlpGRPC)", "--otlp-http", "127.0.0.1:\(ports[1])", "--http", "127.0.0.1:\(ports[2])",
        ]
        // Our own variables may be about another server.
        child.environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("VIVACE_") }
    }

    /// Starts the process.
    ///
    /// To be done before signals are trapped: a process inherits which ones are ignored.
    func launch() throws {
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
        _ = FileManager.default.createFile(atPath: logFile.path, contents: nil)
        let log = try FileHandle(forWritingTo: logFile)
        child.standardOutput = log
        child.standardError = log
        child.standardInput = FileHandle.nullDevice
        try child.run()
    }

    /// Waits until the process takes requests.
    ///
    /// - Throws: `.unreachable` if it ends or does not get ready, with what it said last.
    func waitUntilReady() async throws {
        let deadline = ContinuousClock.now + Self.readyTimeout
        while await !isReady() {
            try Task.checkCancellation()
            guard child.isRunning, ContinuousClock.now < deadline else {
                throw CommandError(.unreachable, "the demo's server did not start. It said:\n\(lastWords)")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    private nonisolated func isReady() async -> Bool {
        let isReady = try? await QueryClient.with(server) { client in
            try await client.answer("/ready", accept: "text/plain").status == 200
        }
        return isReady ?? false
    }

    /// Ends the process and removes everything that it wrote.
    func end() async {
        if child.isRunning {
            child.terminate()
            let deadline = ContinuousClock.now + Self.endTimeout
            while child.isRunning, ContinuousClock.now < deadline { await pause() }
            if child.isRunning {
                kill(child.processIdentifier, SIGKILL)
                while child.isRunning { await pause() }
            }
        }
        do {
            try FileManager.default.removeItem(at: directory)
        } catch where FileManager.default.fileExists(atPath: directory.path) {
            Output.complain("could not remove \(directory.path): \(error.localizedDescription)")
        } catch {}
    }

    /// Also in a task that was cancelled.
    private func pause() async {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(20)) { continuation.resume() }
        }
    }

    private var logFile: URL { directory.appendingPathComponent("server.log") }

    private var lastWords: String {
        guard let text = try? String(contentsOf: logFile, encoding: .utf8) else { return "(nothing)" }
        return text.split(separator: "\n").suffix(10).joined(separator: "\n")
    }

    /// Ports that were free a moment ago.
    private static func freePorts(_ count: Int) async throws -> [Int] {
        var channels: [any Channel] = []
        for _ in 0..<count {
            channels.append(
                try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                    .bind(host: "127.0.0.1", port: 0).get())
        }
        let ports = channels.compactMap { $0.localAddress?.port }
        for channel in channels { try await channel.close() }
        return ports
    }
}
