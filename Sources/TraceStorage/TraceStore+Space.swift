// SPDX-License-Identifier: Apache-2.0

internal import FileIO
internal import Logging
internal import Synchronization

extension TraceStore {
    /// Looks how much room the disk has, and refuses requests while it is too little.
    func checkFreeSpace(_ logger: Logger) {
        guard let space = try? SpaceFigures(configuration) else { return }
        let refusal =
            space.availableByteCount < space.minimumByteCount
            ? "the disk of \(configuration.directory) is nearly full (\(space.availableByteCount >> 20) MiB free): free some"
            : nil
        let before = state.withLock { state in
            defer { state.refusal = refusal }
            state.space = space
            return state.refusal
        }
        if let refusal, before == nil { logger.error("new spans are refused", metadata: ["reason": "\(refusal)"]) }
        if refusal == nil, before != nil { logger.notice("new spans are taken again") }
    }
}
