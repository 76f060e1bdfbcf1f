// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import TerminalRendering

/// `vivace blocks`
struct BlocksCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "blocks",
        abstract: "Look at the blocks of a store.",
        discussion: """
            Reads a directory without a server, or beside one that runs.

            EXAMPLES
              vivace blocks ls --data-dir ./data
              vivace blocks show 0192f3a4c5 --data-dir ./data
              vivace blocks verify --data-dir ./data
              vivace blocks compact --data-dir ./data
            """,
        subcommands: [
            BlocksListCommand.self, BlocksShowCommand.self, BlocksVerifyCommand.self, BlocksCompactCommand.self,
        ])
}

/// The directory that all of them read.
struct BlocksOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("The directory of the store, VIVACE_DATA_DIR.", valueName: "directory"),
        completion: .directory)
    var dataDir: String?

    func resolvedDirectory() throws -> String {
        guard let directory = try Settings.value(dataDir, "data-dir") else {
            throw ValidationError("Say which store: --data-dir DIR or VIVACE_DATA_DIR.")
        }
        return directory
    }

    func validate() throws { _ = try resolvedDirectory() }
}

/// `vivace blocks ls`
struct BlocksListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls",
        abstract: "List the live blocks, newest first.",
        discussion: """
            EXAMPLES
              vivace blocks ls --data-dir ./data
              vivace blocks ls --data-dir ./data --last 1d
              vivace blocks ls --data-dir ./data --csv > blocks.csv
            """)

    @OptionGroup var options: BlocksOptions

    @Flag(help: "Print comma-separated values (RFC 4180).")
    var csv = false

    @OptionGroup var time: TimeRangeOptions

    private func wantsCSV() throws -> Bool { try Settings.flag(csv, "csv") }
    func validate() throws { _ = try wantsCSV() }

    func run() async throws {
        let report = try await BlocksReading(directory: options.resolvedDirectory()).list(time.resolvedRange())
        if try wantsCSV() {
            try Output.write(report.csv)
        } else {
            try Output.write(report.render(Output.style))
        }
    }
}

/// `vivace blocks show`
struct BlocksShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show one block: what its parts, its columns and its dictionaries take.",
        discussion: """
            ENCODED is what a column takes before compression, STORED after it. SHARE is of the whole block.

            EXAMPLES
              vivace blocks show 0192f3a4c5 --data-dir ./data
              VIVACE_DATA_DIR=./data vivace blocks show 01
            """)

    @Argument(help: "The block's ID, or as much of its beginning as no other has.")
    var id: String

    @OptionGroup var options: BlocksOptions

    func run() async throws {
        let report = try await BlocksReading(directory: options.resolvedDirectory()).show(id)
        try Output.write(report.render(Output.style))
    }
}

/// `vivace blocks verify`
struct BlocksVerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Read every byte of the live blocks, or of some, and check it.",
        discussion: """
            Ends with status 4 if a block is damaged.

            EXAMPLES
              vivace blocks verify --data-dir ./data
              vivace blocks verify 0192f3a4c5 0192f3a4ff --data-dir ./data
            """)

    @Argument(help: "Block IDs, or their beginnings (default: all live blocks).")
    var ids: [String] = []

    @OptionGroup var options: BlocksOptions

    func run() async throws {
        let reading = BlocksReading(directory: try options.resolvedDirectory())
        let progress = VerifyProgress()
        let text: @Sendable () -> ProgressText = { progress.text }
        let report = try await withProgress(Output.isWatched ? text : nil) {
            try await reading.verify(ids, progress: progress)
        }
        try Output.write(report.render(Output.style))
        if !report.isSound { throw CommandError(.partial, "damaged blocks were found; see above") }
    }
}
