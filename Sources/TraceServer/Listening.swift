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
    } catch is CancellationError {
        throw CancellationError()
    } catch {
        throw ServerError(opening: name, on: address, error)
    }
}

extension ServerError {
    /// Why a listener's socket could not be opened, and what to do.
    fileprivate init(opening name: ListenerName, on address: ListenAddress, _ error: any Error) {
        let place = "\(name.rawValue) \(address)"
        let advice = "choose another address with \(name.rawValue) HOST:PORT."
        switch (error as? IOError)?.errnoCode {
        case EADDRINUSE:
            self.init(
                .addressInUse, "\(place) is in use by another program. Stop that one, or \(advice)", cause: error)
        case EADDRNOTAVAIL:
            self.init(
                .addressUnavailable, "\(place) is not an address of this machine: \(advice)", cause: error)
        case EACCES:
            let text = "\(place) is a port that this user may not listen on: \(advice)"
            self.init(.addressUnavailable, text, cause: error)
        case nil where error is SocketAddressError.UnknownHost:
            self.init(.addressUnavailable, "\(place) is of a host that is not known: \(advice)", cause: error)
        default:
            let text = "\(place) can't be listened on: \(error). Mend that, or \(advice)"
            self.init(.addressUnavailable, text, cause: error)
        }
    }
}

extension SocketAddress {
    /// Whether only this machine can reach a socket with this address.
    var isLoopback: Bool {
        switch self {
        case .v4: ipAddress?.hasPrefix("127.") ?? false
        case .v6: ipAddress == "::1" || ipAddress?.hasPrefix("::ffff:127.") ?? false
        case .unixDomainSocket: true
        }
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
