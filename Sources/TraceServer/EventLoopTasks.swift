// SPDX-License-Identifier: Apache-2.0

internal import NIOCore

/// Runs tasks on an event loop, so that what is short costs no switch of threads.
///
/// The loop has to outlive the tasks.
final class EventLoopTasks: TaskExecutor {
    private let eventLoop: any EventLoop

    init(_ eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        eventLoop.execute {
            // Safe: the job is run once, and its executor is held by this closure meanwhile.
            unsafe job.runSynchronously(on: self.asUnownedTaskExecutor())
        }
    }
}
