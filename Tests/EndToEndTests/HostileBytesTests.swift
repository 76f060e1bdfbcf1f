// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEndTests {
    /// Thousands of requests that are cut, changed and made up, and clients that hold what they can; each case is a
    /// function of a script that looks whether a good span goes in and comes out, before, meanwhile and after.
    @Suite struct HostileBytesTests {
        @Test func `whatever is sent to any listener, the sender is blamed, and others are served`() async throws {
            let seed = Surroundings.seed ?? UInt64.random(in: 0..<1 << 32)
            try await Scratch.withServer(memory: "256MiB") { scratch, server in
                for name in ["otlp-http", "http-framing", "calls", "http2", "queries"] {
                    let arguments = [name, "\(seed)"] + server.scriptArguments
                    try await scratch.python("hostile_bytes", arguments)
                }
                #expect(try await server.residentByteCount() < 120 << 20)
                try await server.terminate()
            }
        }

        @Test func `questions that make no sense are refused, and those that take much get their share`() async throws {
            try await Scratch.withServer(memory: "64MiB") { scratch, server in
                try await scratch.python("hostile_queries", server.scriptArguments)
                try await server.terminate()
            }
        }

        /// The scripts know by how much the memory may grow.
        @Test(arguments: ["idle", "pipelined", "unread-answers", "unread-calls", "open-calls", "bombs"])
        func `clients that hold connections and memory get no more than their share`(clients: String) async throws {
            try await Scratch.withServer(memory: "256MiB") { scratch, server in
                try await scratch.python("hostile_clients", [clients] + server.scriptArguments)
                try await server.terminate()
            }
        }
    }
}

extension TestServer {
    /// What the scripts make a `Server` of.
    fileprivate var scriptArguments: [String] {
        [otlpGRPC, otlpHTTP, http, Int(program.identifier)].map { "\($0)" }
    }
}
