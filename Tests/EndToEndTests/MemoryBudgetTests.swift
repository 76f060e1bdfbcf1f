// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEndTests {
    /// The memory that `--memory` gives is all that a server takes, whatever is sent and asked.
    @Suite struct MemoryBudgetTests {
        /// Questions whose answers are everything there is.
        private static let targets = [
            "/api/search?q=%7B%7D&limit=262144&spss=100", "/api/search?q=%7B%20%7D%20%3E%3E%20%7B%20status%3Derror%20%7D&limit=10000",
            "/api/search?q=%7B%7D%20%7C%20by%28name%29&limit=10000", "/api/slow?limit=10000",
            "/api/v2/search/tag/name/values", "/api/search/tags",
        ]

        @Test func `sending as fast as it goes while everything is asked for stays within the budget`() async throws {
            try await Scratch.withServer(memory: "192MiB") { scratch, server in
                let answered = try await withThrowingTaskGroup(of: Int.self) { group in
                    group.addTask {
                        let loaded = try await scratch.vivace(
                            "load", "--otlp", "http://" + server.otlpHTTPAddress, "--spans", "300000", "--seed", "3",
                            "--connections", "8", within: .seconds(240))
                        #expect(loaded.status == 0, "\(loaded.complaint)")
                        return 0
                    }
                    for asker in 0..<3 {
                        group.addTask {
                            var count = 0
                            while !Task.isCancelled {
                                let target = Self.targets[(asker + count) % Self.targets.count]
                                let asked = try? await HTTPRequest.get(target).answer(port: server.http)
                                // Cancelled, or the server is gone, which the end of the test finds out.
                                guard let answer = asked else { break }
                                // Whoever gets no memory is told so, and the rest goes on.
                                #expect([200, 429, 503].contains(answer.status), "\(target): \(answer.status)")
                                count += 1
                            }
                            return count
                        }
                    }
                    // The load ends first; the askers then end at their next answer.
                    let first = try await group.next() ?? 0
                    group.cancelAll()
                    var count = first
                    while let result = await group.nextResult() { count += (try? result.get()) ?? 0 }
                    return count
                }
                #expect(answered > 0)
                let most = try server.peakResidentByteCount()
                #expect(most < (192 << 20) * 6 / 5, "\(most >> 20) MiB")
            }
        }
    }
}

extension TestServer {
    /// The most memory that the process has held so far.
    func peakResidentByteCount() throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(program.identifier)/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") } ?? ""
        guard let kibibytes = Int(line.split(separator: " ").dropFirst().first ?? "") else {
            throw TestFailure("/proc does not say how much memory was held")
        }
        return kibibytes << 10
    }
}
