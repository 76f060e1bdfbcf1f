// SPDX-License-Identifier: Apache-2.0
internal import FileIO
internal import Synchronization

/// A failure of a request, for tests.
package struct ObjectFault: Hashable, Sendable {
    package enum Moment: Hashable, Sendable {
        /// The request never reaches the store.
        case beforeEffect
        /// The store does what was asked, but its answer is lost.
        case afterEffect
    }

    package var moment: Moment
    package var code: ObjectStoreError.Code

    package init(_ moment: Moment, _ code: ObjectStoreError.Code = .unavailable) {
        self.moment = moment
        self.code = code
    }
}

/// Makes requests to a store fail, by a rule.
///
///     let store = InterceptedObjectStore(memory, by: FaultInjector.seeded(7, beforeEffect: 0.1))
package struct FaultInjector: ObjectRequestInterceptor {
    /// Says whether a request is to fail. It may wait first, for something the test controls: that
    /// is how requests are delayed and brought into an order.
    package typealias Rule = @Sendable (ObjectRequest) async -> ObjectFault?

    private let rule: Rule

    package init(_ rule: @escaping Rule) { self.rule = rule }

    /// Fails requests at random, `.unavailable`, the same ones for the same seed and order.
    /// - Parameters:
    ///   - beforeEffect: The share of requests that fail without effect, 0 to 1.
    ///   - afterEffect: The share of requests whose answer is lost.
    package static func seeded(
        _ seed: UInt64, beforeEffect: Double = 0, afterEffect: Double = 0,
        kinds: Set<ObjectRequest.Kind> = Set(ObjectRequest.Kind.allCases)
    ) -> FaultInjector {
        let generator = SharedState(SeededGenerator(seed: seed))
        return FaultInjector { request in
            guard kinds.contains(request.kind) else { return nil }
            let draw = generator.mutex.withLock { Double.random(in: 0..<1, using: &$0) }
            if draw < beforeEffect { return ObjectFault(.beforeEffect) }
            if draw < beforeEffect + afterEffect { return ObjectFault(.afterEffect) }
            return nil
        }
    }

    /// One line of a script: which request of a kind fails, and how.
    package struct Line: Sendable {
        var kind: ObjectRequest.Kind
        var keyPrefix: String
        var passedCount: Int
        var fault: ObjectFault

        /// - Parameter passedCount: How many matching requests go well before.
        package init(
            _ kind: ObjectRequest.Kind, keyPrefix: String = "", after passedCount: Int = 0,
            _ fault: ObjectFault
        ) {
            self.kind = kind
            self.keyPrefix = keyPrefix
            self.passedCount = passedCount
            self.fault = fault
        }
    }

    /// Fails what the lines say, each once. Of several lines for a request the first one that is
    /// due counts; all of them have seen the request.
    package static func scripted(_ lines: [Line]) -> FaultInjector {
        let rest = SharedState(lines)
        return FaultInjector { request in
            rest.mutex.withLock { lines in take(from: &lines, for: request) }
        }
    }

    private static func take(from lines: inout [Line], for request: ObjectRequest) -> ObjectFault? {
        var dueIndex: Int?
        for index in lines.indices
        where lines[index].kind == request.kind && request.key.hasPrefix(lines[index].keyPrefix) {
            if lines[index].passedCount > 0 {
                lines[index].passedCount -= 1
            } else if dueIndex == nil {
                dueIndex = index
            }
        }
        return dueIndex.map { lines.remove(at: $0).fault }
    }

    package func intercept<Answer: Sendable>(
        _ request: ObjectRequest, received: @Sendable (Answer) -> Int,
        _ body: @Sendable () async throws -> Answer
    ) async throws -> Answer {
        guard let fault = await rule(request) else { return try await body() }
        if fault.moment == .afterEffect { _ = try? await body() }
        throw ObjectStoreError(
            fault.code, "\(request.kind.rawValue) of '\(request.key)': injected fault")
    }
}

private final class SharedState<State: Sendable>: Sendable {
    let mutex: Mutex<State>
    init(_ state: State) { mutex = Mutex(state) }
}
