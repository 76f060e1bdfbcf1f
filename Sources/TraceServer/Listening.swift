// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import NIOCore
internal import ServiceLifecycle

/// Opens a listener's socket; what the system says against it is told with the flag and the address.
func listening<Listener>(
    _ name: ListenerName, on address: ListenAddress, _ open: () async throws -> Listener
) async throws -> Listener {
    do {
        return try await open()
    } catch let error as IOError where error.errnoCode == EADDRINUSE {
        let text = """
            \(name.rawValue) \(address) is in use by another program. \
            Stop that one, or choose another address with \(name.rawValue) HOST:PORT.
            """
        throw ServerError(.addressInUse, text, cause: error)
    } catch is CancellationError {
        throw CancellationError()
    } catch {
        let text = "\(name.rawValue) \(address) can't be listened on: \(error)."
        throw ServerError(.addressUnavailable, text, cause: error)
    }
}

/// Runs `body`; it is cancelled if it still runs when `limit` has passed since a graceful shutdown began.
func withDrainLimit(_ limit: Duration, _ body: @escaping @Sendable () async throws -> Void) async throws {
    try await withThrowingTaskGroup(of: Bool.self) { group in
        group.addTask {
            try await body()
            return false
        }
        group.addTask {
            do {
                try await gracefulShutdown()
                try await Task.sleep(for: limit)
                return true
            } catch {
                return false
            }
        }
        let limitHasPassed = try await group.next() ?? false
        group.cancelAll()
        do {
            _ = try await group.next()
        } catch where limitHasPassed {
            // What was cut off may say so; that is what was meant.
        }
    }
}
