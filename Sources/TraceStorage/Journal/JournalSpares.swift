// SPDX-License-Identifier: Apache-2.0

internal import FileIO
internal import Synchronization

/// Files of segments whose records are needed no more, to be overwritten by new segments.
///
/// To write where a file has blocks already changes no metadata, so that a synchronize waits for the bytes alone. What
/// the file held before stays behind the new records until it is overwritten; its frames are sealed with the seed of
/// another segment, so that nobody takes them for records of the new one.
final class JournalSpares: Sendable {
    /// Follows a segment's name, so that no reader takes the file for a segment.
    static let suffix = ".spare"

    private struct State {
        var paths: [String] = []
        /// Segments that a synchronize failed on: the disk may have lost what the kernel calls clean.
        var distrusted: Set<JournalSegmentName> = []
    }

    private let limit: Int
    private let byteCount: Int
    private let state = Mutex(State())

    /// - Parameters:
    ///   - limit: Files that are kept at most.
    ///   - byteCount: Of each.
    init(limit: Int, byteCount: Int) {
        self.limit = limit
        self.byteCount = byteCount
    }

    /// Whether files are kept at all.
    var isEnabled: Bool { limit > 0 }

    /// Never keeps the segment's file.
    func distrust(_ name: JournalSegmentName) {
        _ = state.withLock { $0.distrusted.insert(name) }
    }

    /// Whether to keep a released segment's file, beside others that are about to be added.
    func wants(_ name: JournalSegmentName, besides count: Int, _ status: FileStatus?) -> Bool {
        guard let status, status.byteCount == byteCount else { return false }
        return state.withLock { state in
            state.distrusted.remove(name) == nil && state.paths.count + count < limit
        }
    }

    /// Whether a file that an earlier run kept is of use.
    func wants(_ status: FileStatus?) -> Bool {
        status?.byteCount == byteCount && state.withLock { $0.paths.count } < limit
    }

    func add(_ paths: [String]) { state.withLock { $0.paths += paths } }

    /// A file's path; it is the caller's now.
    func take() -> String? { state.withLock { $0.paths.popLast() } }
}
