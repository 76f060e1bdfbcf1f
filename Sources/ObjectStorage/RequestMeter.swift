// SPDX-License-Identifier: Apache-2.0
internal import Synchronization

/// Counts the requests to a store and their bytes, by kind.
///
///     let meter = RequestMeter()
///     let store = InterceptedObjectStore(directory, by: meter)
package final class RequestMeter: ObjectRequestInterceptor {
    /// The counts of one kind of request since the start.
    package struct Figures: Hashable, Sendable {
        package var requestCount = 0
        /// Those that ended with an error; of them `notFound` and `alreadyExists` are answers.
        package var failureCount = 0
        package var sentByteCount = 0
        package var receivedByteCount = 0
    }

    private let figures = Mutex<[ObjectRequest.Kind: Figures]>([:])

    package init() {}

    package subscript(kind: ObjectRequest.Kind) -> Figures {
        figures.withLock { $0[kind] ?? Figures() }
    }

    /// All counts at one moment; kinds that were never asked for are missing.
    package var snapshot: [ObjectRequest.Kind: Figures] { figures.withLock { $0 } }

    package func intercept<Answer: Sendable>(
        _ request: ObjectRequest, received: @Sendable (Answer) -> Int,
        _ body: @Sendable () async throws -> Answer
    ) async throws -> Answer {
        do {
            let answer = try await body()
            count(request, receivedByteCount: received(answer), isFailure: false)
            return answer
        } catch {
            count(request, receivedByteCount: 0, isFailure: true)
            throw error
        }
    }

    private func count(_ request: ObjectRequest, receivedByteCount: Int, isFailure: Bool) {
        figures.withLock { figures in
            var changed = figures[request.kind] ?? Figures()
            changed.requestCount += 1
            changed.failureCount += isFailure ? 1 : 0
            changed.sentByteCount += request.sentByteCount
            changed.receivedByteCount += receivedByteCount
            figures[request.kind] = changed
        }
    }
}
