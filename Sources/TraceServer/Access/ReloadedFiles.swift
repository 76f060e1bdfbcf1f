// SPDX-License-Identifier: Apache-2.0

internal import FileIO
internal import Logging
internal import Synchronization

/// A value made from files, and made again when their bytes change.
///
/// New files that can't be used leave the old value where it is, and are told once in the log.
final class ReloadedFiles<Value: Sendable>: Sendable {
    private struct State {
        var value: Value
        var contents: [[UInt8]]
        /// What was told last, so that the log is not filled with it.
        var complaint: String?
        /// When the value was made.
        var since = ContinuousClock.now
    }

    private let state: Mutex<State>
    /// The files' flags, for the log.
    private let name: String
    private let read: @Sendable () throws(ServerError) -> [[UInt8]]
    private let make: @Sendable ([[UInt8]]) throws(ServerError) -> Value

    /// Reads the files for the first time.
    ///
    /// - Parameters:
    ///   - name: The flags that name the files.
    ///   - read: Gives the bytes of all files.
    ///   - make: Makes the value from them.
    /// - Throws: What `read` and `make` throw.
    init(
        _ name: String, read: @escaping @Sendable () throws(ServerError) -> [[UInt8]],
        make: @escaping @Sendable ([[UInt8]]) throws(ServerError) -> Value
    ) throws(ServerError) {
        self.name = name
        self.read = read
        self.make = make
        let contents = try read()
        state = Mutex(State(value: try make(contents), contents: contents))
    }

    var value: Value { state.withLock { $0.value } }

    var use: FileUse { state.withLock { FileUse(isCurrent: $0.complaint == nil, since: $0.since) } }

    /// Reads the files again. Blocks; not to be called twice at the same time.
    func check(logger: Logger) {
        do throws(ServerError) {
            let contents = try read()
            guard contents != state.withLock({ $0.contents }) else {
                state.withLock { $0.complaint = nil }
                return
            }
            let value = try make(contents)
            state.withLock { $0 = State(value: value, contents: contents) }
            logger.info("changed files are in use", metadata: ["flags": "\(name)"])
        } catch {
            let isNews = state.withLock { state in
                defer { state.complaint = error.message }
                return state.complaint != error.message
            }
            guard isNews else { return }
            logger.error(
                "changed files can't be used, the old ones stay in use",
                metadata: ["flags": "\(name)", "error": "\(error.message)"])
        }
    }
}

/// How it stands with files that are read again when they change.
struct FileUse: Sendable {
    /// Whether the files as they are now are in use.
    var isCurrent: Bool
    /// When those that are in use were read.
    var since: ContinuousClock.Instant
}

/// Reads a small file that a flag names.
///
/// - Throws: `.badCredentials`, with the flag, the path and what to do.
func readFile(_ path: String, flag: String) throws(ServerError) -> [UInt8] {
    do throws(FileIOError) {
        let file = try LocalFileSystem().open(path, .read)
        let byteCount = try file.byteCount()
        guard byteCount <= credentialsByteLimit else {
            throw FileIOError(.ioFailure, .read, path, detail: "it has more than \(credentialsByteLimit) bytes")
        }
        return try file.read(byteCount, at: 0)
    } catch {
        throw ServerError(reading: path, flag: flag, error)
    }
}

/// Certificates, keys and tokens are small; something else was named by mistake.
private let credentialsByteLimit = 4 << 20

extension ServerError {
    /// Why a file of credentials can't be read.
    init(reading path: String, flag: String, _ error: FileIOError) {
        let text =
            switch error.code {
            case .notFound: "\(flag) \(path): there is no such file. Mend the path, or make the file."
            case .permission: "\(flag) \(path) may not be read by this user. Change the file's owner or mode."
            default: "\(flag) \(path) can't be read: \(error)"
            }
        self.init(.badCredentials, text, cause: error)
    }
}
