// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import Synchronization

/// The open connections of a listener, so that they can be asked to end.
final class ConnectionSet: Sendable {
    private struct State {
        var connections: [ObjectIdentifier: any Channel] = [:]
        var isDraining = false
    }

    private let state = Mutex(State())
    private let onDrained: @Sendable () -> Void

    /// - Parameter onDrained: Called, perhaps several times, when the set drains and no connection is left.
    init(onDrained: @escaping @Sendable () -> Void) { self.onDrained = onDrained }

    var isDraining: Bool { state.withLock { $0.isDraining } }

    /// Adds a connection until it closes. One that comes while the set drains is closed.
    func add(_ channel: any Channel) {
        let isWelcome = state.withLock { state in
            if !state.isDraining { state.connections[ObjectIdentifier(channel)] = channel }
            return !state.isDraining
        }
        guard isWelcome else { return channel.close(promise: nil) }
        channel.closeFuture.whenComplete { _ in self.remove(channel) }
    }

    private func remove(_ channel: any Channel) {
        let isDrained = state.withLock { state in
            state.connections[ObjectIdentifier(channel)] = nil
            return state.isDraining && state.connections.isEmpty
        }
        if isDrained { onDrained() }
    }

    /// Asks all connections to finish what they do and then to close.
    func drain() {
        for channel in startDraining() {
            channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        }
    }

    /// Closes all connections at once.
    func closeAll() {
        for channel in startDraining() { channel.close(promise: nil) }
    }

    private func startDraining() -> [any Channel] {
        let connections = state.withLock { state in
            state.isDraining = true
            return Array(state.connections.values)
        }
        if connections.isEmpty { onDrained() }
        return connections
    }
}
