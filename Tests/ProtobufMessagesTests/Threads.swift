// SPDX-License-Identifier: Apache-2.0
import Foundation
import Synchronization

/// What `body` returns on a thread with a stack of that size.
func onThread<Result: Sendable>(stackKibibytes: Int, _ body: @escaping @Sendable () -> Result)
    -> Result?
{
    let result = ResultBox<Result>()
    let thread = Thread {
        let value = body()
        result.value.withLock { $0 = value }
        result.isDone.signal()
    }
    thread.stackSize = stackKibibytes << 10
    thread.start()
    result.isDone.wait()
    return result.value.withLock { $0 }
}

private final class ResultBox<Result: Sendable>: Sendable {
    let value = Mutex<Result?>(nil)
    let isDone = DispatchSemaphore(value: 0)
}
