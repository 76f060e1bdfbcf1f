// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import Synchronization

/// Whether the client of a connection still waits for answers.
final class ClientPresence: Sendable {
    private struct State {
        var hasLeft = false
        var waiting: [Int: CheckedContinuation<Void, Never>] = [:]
        var nextKey = 0
    }

    private let state = Mutex(State())

    var hasLeft: Bool { state.withLock { $0.hasLeft } }

    func leave() {
        let waiting = state.withLock { state in
            state.hasLeft = true
            defer { state.waiting = [:] }
            return state.waiting
        }
        for continuation in waiting.values { continuation.resume() }
    }

    /// Performs work that is cancelled when the client leaves.
    func whileWaiting<Result: Sendable>(_ body: @escaping @Sendable () async -> Result) async -> Result {
        await withTaskGroup(of: Result?.self) { group in
            group.addTask {
                await self.leaving()
                return nil
            }
            group.addTask { await body() }
            var result: Result?
            while result == nil, let next = await group.next() {
                group.cancelAll()
                result = next
            }
            // Of two tasks the one that is not the watcher has a result.
            if let result { return result }
            return await body()
        }
    }

    /// Returns when the client has left, or the task is cancelled.
    private func leaving() async {
        let key = state.withLock { state in
            state.nextKey += 1
            return state.nextKey
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    // A cancellation before this moment found nobody to resume.
                    if !state.hasLeft, !Task.isCancelled { state.waiting[key] = continuation }
                    return state.waiting[key] == nil
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: key) }?.resume()
        }
    }
}

/// The clients of a listener's connections.
final class ClientPresences: Sendable {
    private let clients = Mutex<[ObjectIdentifier: ClientPresence]>([:])

    subscript(channel: any Channel) -> ClientPresence? { clients.withLock { $0[ObjectIdentifier(channel)] } }

    fileprivate func add(_ client: ClientPresence, _ channel: any Channel) {
        clients.withLock { $0[ObjectIdentifier(channel)] = client }
    }

    fileprivate func remove(_ channel: any Channel) {
        _ = clients.withLock { $0.removeValue(forKey: ObjectIdentifier(channel)) }
    }
}

/// Notices when a connection's client leaves.
///
/// Who has died looks like one who has nothing more to send and still waits for the answer: that one gets a moment.
final class ClientPresenceHandler: ChannelInboundHandler {
    typealias InboundIn = NIOAny
    typealias InboundOut = NIOAny

    private let clients: ClientPresences
    private let client = ClientPresence()

    /// How long an answer may take whose client sends nothing more.
    private static let patience = TimeAmount.seconds(1)

    init(_ clients: ClientPresences) { self.clients = clients }

    func handlerAdded(context: ChannelHandlerContext) { clients.add(client, context.channel) }

    func handlerRemoved(context: ChannelHandlerContext) {
        clients.remove(context.channel)
        client.leave()
    }

    func channelInactive(context: ChannelHandlerContext) {
        client.leave()
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .inputClosed? = event as? ChannelEvent {
            let client = client
            context.eventLoop.scheduleTask(in: Self.patience) { client.leave() }
        }
        context.fireUserInboundEventTriggered(event)
    }
}
