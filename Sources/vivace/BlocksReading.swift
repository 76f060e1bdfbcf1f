// SPDX-License-Identifier: Apache-2.0

internal import TerminalRendering

/// Reads a store's directory for `vivace blocks`.
struct BlocksReading {
    let directory: String

    /// The live blocks, newest first.
    func list() async throws -> BlocksReport { throw notThere }

    /// One block.
    ///
    /// - Parameter id: The beginning of exactly one live block's ID.
    func show(_ id: String) async throws -> BlockReport { throw notThere }

    /// Checks live blocks: those whose IDs begin so, or all if none are named.
    func verify(_ ids: [String]) async throws -> BlockVerification { throw notThere }

    private var notThere: CommandError {
        CommandError(.unreachable, "this build cannot read the store in \(directory)")
    }
}
