// SPDX-License-Identifier: Apache-2.0

internal import NIOCore

/// The queues of a listener, and the tasks that take from them: on every event loop some for short calls, so that these
/// stay on the thread that gathered them, and one for all others.
struct CallQueues<Call: Sendable>: Sendable {
    private struct Own: Sendable {
        let tasks: EventLoopTasks
        let queue: CallQueue<Call>
    }

    private let shared = CallQueue<Call>()
    private let own: [ObjectIdentifier: Own]
    private let isShort: @Sendable (Call) -> Bool

    init(_ group: any EventLoopGroup, isShort: @escaping @Sendable (Call) -> Bool) {
        var own: [ObjectIdentifier: Own] = [:]
        for eventLoop in group.makeIterator() {
            own[ObjectIdentifier(eventLoop)] = Own(tasks: EventLoopTasks(eventLoop), queue: CallQueue())
        }
        self.own = own
        self.isShort = isShort
    }

    /// What takes the calls of an event loop's connections, on that loop; false if no more are taken.
    func submit(on eventLoop: any EventLoop) -> @Sendable (Call) -> Bool {
        let (shared, isShort) = (shared, isShort)
        guard let own = own[ObjectIdentifier(eventLoop)]?.queue else { return shared.add }
        return { call in isShort(call) && own.offer(call) || shared.add(call) }
    }

    /// Performs calls until all queues are finished and empty: so many at a time, and on every event loop some more.
    func performAll(
        taskCount: Int, onEventLoops ownTaskCount: Int,
        _ perform: @escaping @Sendable (consuming Call) async -> Void
    ) async {
        await withDiscardingTaskGroup { group in
            for _ in 0..<taskCount { group.addTask { await Self.performAll(shared, perform) } }
            for own in own.values {
                for _ in 0..<ownTaskCount {
                    group.addTask(executorPreference: own.tasks) { await Self.performAll(own.queue, perform) }
                }
            }
        }
    }

    private static func performAll(
        _ queue: CallQueue<Call>, _ perform: @Sendable (consuming Call) async -> Void
    ) async {
        while let call = await queue.next() { await perform(consume call) }
    }

    /// Lets no more calls in.
    func finish() {
        shared.finish()
        for own in own.values { own.queue.finish() }
    }
}
