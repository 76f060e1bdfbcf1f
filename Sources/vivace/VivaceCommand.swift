// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Foundation

/// The command line.
@main struct VivaceCommand: AsyncParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "vivace",
        abstract: "A store for distributed traces that says where the time went.",
        discussion: """
            EXAMPLES
              vivace demo                               see what it does
              vivace serve --data-dir ./data            receive traces, answer queries
              vivace slow --last 1h --service checkout  slow spans of the last hour
              vivace search --tag http.method=GET       traces with such a span
              vivace trace 5b8aa5a2d2c872e8             one trace as a waterfall
              vivace critical-path 5b8aa5a2d2c872e8     where its time went

            Every option can be given as a variable too: --otlp-grpc is VIVACE_OTLP_GRPC. An option goes before a \
            variable, a variable before the default.

            `vivace --generate-completion-script bash` (or zsh, fish) prints completions for your shell.

            EXIT STATUS
              0   done
              1   that trace does not exist
              3   the server cannot be reached
              4   not everything could be read or stored
              64  wrong usage
            """,
        version: "vivace \(version)",
        subcommands: [
            ServeCommand.self, TraceCommand.self, SlowCommand.self, SearchCommand.self, CriticalPathCommand.self,
            TagsCommand.self, ExportCommand.self, ImportCommand.self, BlocksCommand.self, LoadCommand.self,
            DemoCommand.self,
        ])

    static func main() async {
        do {
            do {
                try await runAsRoot()
            } catch where exitCode(for: error).isSuccess {
                // Help, the version and completions, which ArgumentParser would print wherever it can.
                try Output.write(fullMessage(for: error) + "\n")
            }
        } catch let error as CommandError {
            Output.complain(error.message)
            Foundation.exit(error.status.rawValue)
        } catch is Output.Closed {
            Foundation.exit(0)
        } catch {
            exit(withError: error)
        }
    }

    private static func runAsRoot() async throws {
        var command = try parseAsRoot()
        if var asynchronous = command as? any AsyncParsableCommand {
            try await asynchronous.run()
        } else {
            try command.run()
        }
    }
}
