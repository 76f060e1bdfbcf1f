// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension EndToEndTests {
    /// Data directories that can't be used, or in which something is wrong.
    ///
    /// Each has three traces, aa…, bb… and cc…: the first two in a block and a commit each, the last in the journal.
    @Suite struct DataDirectoryTests {
        private static let letters = ["a", "b", "c"]

        private static func id(_ letter: String) -> String { String(repeating: letter, count: 32) }

        private static func span(_ letter: String) -> TestSpan {
            let half = UInt64(String(repeating: letter, count: 16), radix: 16) ?? 0
            return TestSpan(traceID: bigEndian(half, half), spanID: bigEndian(1), name: "span \(letter)")
        }

        private func withDirectory(_ body: (Scratch, DataDirectory) async throws -> Void) async throws {
            try await Scratch.with { scratch in
                for letter in Self.letters {
                    let server = try await scratch.startServer(memory: "64MiB")
                    try await server.export([Self.span(letter)])
                    if letter == "c" { try await server.kill() } else { try await server.terminate() }
                }
                try await body(scratch, DataDirectory(path: scratch.data))
            }
        }

        /// Expects that the server ends at once, with one line that names the option and says each of these things.
        private func expectRefusal(_ scratch: Scratch, _ program: RunningProgram, _ words: [String]) async throws {
            #expect(try await program.waitForEnd(within: .seconds(10)).status == 3)
            let lines = program.complaint.split(separator: "\n").filter { !$0.contains(" info ") }
            #expect(lines.count == 1, "\(program.complaint)")
            for word in ["vivace: --data-dir \(scratch.data)"] + words {
                #expect(program.complaint.contains(word), "\(program.complaint)")
            }
        }

        private func start(_ scratch: Scratch) throws -> RunningProgram {
            try scratch.start(Surroundings.binary, TestServer.arguments(data: scratch.data, memory: "64MiB"))
        }

        private func expectTraces(_ letters: [String], on server: TestServer) async throws {
            for letter in letters {
                #expect(try await server.spans(ofTrace: Self.id(letter)) == [Self.span(letter)], "trace \(letter)")
            }
        }

        // MARK: Refused

        @Test(arguments: Harm.refused)
        func `a directory that can't be relied on is refused in one line, and nothing in it is changed`(
            harm: Harm
        ) async throws {
            try await withDirectory { scratch, directory in
                try harm.apply(directory)
                let before = directory.contents()
                try await expectRefusal(scratch, start(scratch), harm.words)
                #expect(directory.contents() == before)
            }
        }

        @Test(.enabled(if: geteuid() != 0 || Nobody.canStartServer))
        func `a directory that this user may not write to is refused`() async throws {
            try await withDirectory { scratch, _ in
                // Root may write anywhere: it starts the server as nobody, whose the directory is not.
                let command = geteuid() == 0 ? Nobody.command : [Surroundings.binary]
                if geteuid() != 0 {
                    try FileManager.default.setAttributes([.posixPermissions: 0o444], ofItemAtPath: scratch.data + "/lock")
                }
                let arguments = TestServer.arguments(data: scratch.data, memory: "64MiB")
                let program = try scratch.start(command[0], command.dropFirst() + arguments)
                try await expectRefusal(scratch, program, ["Permission denied", "give this user access"])
            }
        }

        @Test(.enabled(if: Mounts.arePossible))
        func `a file system that is mounted to read only is refused`() async throws {
            try await withDirectory { scratch, directory in
                let before = directory.contents()
                let program = try Mounts.start(
                    scratch, "mount --bind \(scratch.data) \(scratch.data) && mount -o remount,ro,bind \(scratch.data)")
                try await expectRefusal(scratch, program, ["Read-only file system", "mount the file system writable"])
                #expect(directory.contents() == before)
            }
        }

        @Test func `of servers that start on a directory at the same moment one runs`() async throws {
            try await withDirectory { scratch, _ in
                for _ in 0..<4 {
                    let programs = try (0..<4).map { _ in try start(scratch) }
                    let others = try await poll("the end of three") { () -> [RunningProgram]? in
                        let ended = programs.filter(\.hasEnded)
                        return ended.count >= 3 ? ended : nil
                    }
                    for other in others {
                        try await expectRefusal(scratch, other, ["holds the lock", "stop the other process"])
                    }
                    let winner = try #require(programs.first { program in !others.contains { $0 === program } })
                    let server = try await TestServer(winner)
                    try await expectTraces(Self.letters, on: server)
                    try await server.kill()
                }
            }
        }

        // MARK: Passed over

        @Test(arguments: Harm.passedOver)
        func `damage to one thing is told, and everything else goes on`(harm: Harm) async throws {
            try await withDirectory { scratch, directory in
                let lost = try harm.lostTraces(directory)
                try harm.apply(directory)
                let server = try await TestServer(start(scratch))
                try await expectTraces(Self.letters.filter { !lost.contains($0) }, on: server)
                for letter in lost {
                    let answer = try await HTTPRequest.get("/api/traces/\(Self.id(letter))").answer(port: server.http)
                    #expect([500, 503].contains(answer.status) && answer.text.contains("block"), "\(answer)")
                    let search = try await HTTPRequest.get("/api/search").answer(port: server.http)
                    #expect(search.status == 200 && search.text.contains("PARTIAL"), "\(search.text)")
                }
                try await server.export([Self.span("d")])
                try await expectTraces(["d"], on: server)
                for word in harm.words { #expect(server.program.complaint.contains(word), "\(server.program.complaint)") }
                #expect(try await server.residentByteCount() < 100 << 20)
                try await server.terminate()
                let next = try await TestServer(start(scratch))
                try await expectTraces(["d"], on: next)
            }
        }

        @Test func `a damaged last request of the journal is kept aside, counted and told with what it may mean`() async throws {
            try await withDirectory { scratch, directory in
                try directory.rewrite(directory.segments[0]) { bytes in
                    if let last = bytes.lastIndex(where: { $0 != 0 }) { bytes[last] ^= 1 }
                }
                let server = try await TestServer(start(scratch))
                try await expectTraces(["a", "b"], on: server)
                #expect(try await server.spans(ofTrace: Self.id("c")) == [])
                #expect(try await server.metrics().value("vivace_journal_suspect_requests_total") == 1)
                let complaint = server.program.complaint
                for word in [" warning ", "fails its checksum", "disk lost acknowledged spans", "journal-damaged"] {
                    #expect(complaint.contains(word), "\(complaint)")
                }
                try await server.terminate()
                let kept = try directory.files("journal-damaged")
                #expect(kept.count == 1 && kept[0].contains(".journal.tail-64"))
                #expect(try Data(contentsOf: URL(fileURLWithPath: kept[0])).range(of: Data("span c".utf8)) != nil)
            }
        }

        @Test func `what somebody else put into any folder stays there and does no harm`() async throws {
            try await withDirectory { scratch, directory in
                let strange = try directory.addStrangers()
                let server = try await TestServer(start(scratch))
                try await expectTraces(Self.letters, on: server)
                try await server.export([Self.span("d")])
                try await server.terminate()
                try server.requireNoErrors()
                for path in strange { #expect(directory.hasEntry(path), "\(path)") }
                let next = try await TestServer(start(scratch))
                try await expectTraces(Self.letters + ["d"], on: next)
            }
        }

        // MARK: Full

        @Test(.enabled(if: Mounts.arePossible))
        func `on a full disk spans are refused, reads go on, and with room again spans are taken`() async throws {
            try await Scratch.with { scratch in
                try FileManager.default.createDirectory(atPath: scratch.data, withIntermediateDirectories: false)
                let program = try Mounts.start(scratch, "mount -t tmpfs -o size=160m none \(scratch.data)")
                let server = try await TestServer(program)
                // The server's view of its directory: the mount is its alone.
                let ballast = "/proc/\(program.identifier)/root\(scratch.data)/ballast"
                try await server.export([Self.span("a")])
                #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.data).isEmpty)
                #expect(FileManager.default.createFile(atPath: ballast, contents: nil))
                let file = try FileHandle(forWritingTo: URL(fileURLWithPath: ballast))
                while (try? file.write(contentsOf: Data(count: 64 << 10))) != nil {}
                let export = HTTPRequest.export(TestSpan.request([Self.span("b")]))
                let refusal = try await poll("a refusal") {
                    let answer = try await export.answer(port: server.otlpHTTP)
                    return answer.status == 503 ? answer : nil
                }
                #expect(try TestStatus(refusal.body).message.contains("full"), "\(refusal.text)")
                try await expectTraces(["a"], on: server)
                try file.close()
                try FileManager.default.removeItem(atPath: ballast)
                try await poll("room") { try await export.answer(port: server.otlpHTTP).status == 200 ? true : nil }
                try await expectTraces(["a", "b"], on: server)
                #expect(try await server.residentByteCount() < 100 << 20)
            }
        }
    }
}
