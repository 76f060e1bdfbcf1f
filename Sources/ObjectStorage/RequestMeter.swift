// SPDX-License-Identifier: Apache-2.0
package import FileIO
internal import Synchronization

/// Counts the requests to a store, their bytes and how long they take, by kind.
///
///     let meter = RequestMeter()
///     let store = InterceptedObjectStore(directory, by: meter)
package final class RequestMeter: ObjectRequestInterceptor {
    /// The counts of one kind of request since the start.
    package struct Figures: Hashable, Sendable {
        package var requestCount = 0
        /// Those that ended with an error; of them `notFound` and `alreadyExists` are answers.
        package var failureCount = 0
        package var notFoundCount = 0
        package var alreadyExistsCount = 0
        package var sentByteCount = 0
        package var receivedByteCount = 0
        /// Of all requests, failed ones too.
        package var latency = LatencyFigures()

        package init() {}
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
        let began = ContinuousClock.now
        do {
            let answer = try await body()
            count(request, receivedByteCount: received(answer), since: began)
            return answer
        } catch {
            count(request, receivedByteCount: 0, since: began, failure: error)
            throw error
        }
    }

    private func count(
        _ request: ObjectRequest, receivedByteCount: Int, since began: ContinuousClock.Instant,
        failure: (any Error)? = nil
    ) {
        let elapsed = began.duration(to: .now)
        let code = (failure as? ObjectStoreError)?.code
        figures.withLock { figures in
            figures[request.kind, default: Figures()].add(
                request, receivedByteCount, elapsed, hasFailed: failure != nil, code)
        }
    }
}

extension RequestMeter.Figures {
    fileprivate mutating func add(
        _ request: ObjectRequest, _ receivedByteCount: Int, _ elapsed: Duration, hasFailed: Bool,
        _ code: ObjectStoreError.Code?
    ) {
        requestCount += 1
        failureCount += hasFailed ? 1 : 0
        notFoundCount += code == .notFound ? 1 : 0
        alreadyExistsCount += code == .alreadyExists ? 1 : 0
        sentByteCount += request.sentByteCount
        self.receivedByteCount += receivedByteCount
        latency.add(elapsed)
    }
}
