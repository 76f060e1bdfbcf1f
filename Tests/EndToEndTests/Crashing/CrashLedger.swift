// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Knows what was sent and what the server said to it.
final class CrashLedger: Sendable {
    /// What is known of a request.
    enum Fate: Sendable {
        case underWay
        /// Must be found.
        case acknowledged
        /// The connection broke before an answer: may be found, but whole.
        case unknown
        /// Was refused each time: must not be found.
        case refused
    }

    struct Tally: Sendable {
        var issued = 0
        var acknowledged = 0
        var unknown = 0
        var refused = 0
        var sentAgain = 0
    }

    private struct State {
        var fates: [Fate] = []
        /// Requests that were not acknowledged, to be sent again as clients do.
        var unfinished: [Int] = []
        var requestsByTrace: [Int: [Int]] = [:]
        var sentAgainCount = 0
        var failure: TestFailure?
        var random: SplitMix64
    }

    let traffic: CrashTraffic
    private let state: Mutex<State>

    init(_ traffic: CrashTraffic) {
        self.traffic = traffic
        state = Mutex(State(random: SplitMix64(seed: traffic.seed)))
    }

    /// What to send next: a new request, or one that was not acknowledged.
    func next() -> (number: Int, body: [UInt8]) {
        let number = state.withLock { state in
            let sendsAgain = state.random.next() % 4 == 0
            if sendsAgain, !state.unfinished.isEmpty {
                state.sentAgainCount += 1
                return state.unfinished.remove(at: Int(state.random.next() % UInt64(state.unfinished.count)))
            }
            let number = state.fates.count
            state.fates.append(.underWay)
            for trace in Set(traffic.spans(ofRequest: number).map(\.trace)) {
                state.requestsByTrace[trace, default: []].append(number)
            }
            return number
        }
        return (number, TestSpan.request(traffic.spans(ofRequest: number).map(\.span)))
    }

    func settle(_ number: Int, _ fate: Fate) {
        state.withLock { state in
            if fate != .acknowledged { state.unfinished.append(number) }
            // What may have been stored once is not unstored by a later refusal.
            if fate == .refused, state.fates[number] == .unknown { return }
            state.fates[number] = fate
        }
    }

    /// Notes what no server should do.
    func note(_ failure: TestFailure) { state.withLock { $0.failure = failure } }

    func requireNoFailures() throws {
        if let failure = state.withLock({ $0.failure }) { throw failure }
    }

    func fate(of number: Int) -> Fate? { state.withLock { $0.fates.indices.contains(number) ? $0.fates[number] : nil } }

    /// The requests that have spans of the trace.
    func requests(ofTrace trace: Int) -> [Int] { state.withLock { $0.requestsByTrace[trace] ?? [] } }

    /// All traces that have been sent spans of.
    var issuedTraces: [Int] { state.withLock { $0.requestsByTrace.keys.sorted() } }

    var tally: Tally {
        state.withLock { state in
            var tally = Tally(issued: state.fates.count, sentAgain: state.sentAgainCount)
            for fate in state.fates {
                switch fate {
                case .acknowledged: tally.acknowledged += 1
                case .unknown: tally.unknown += 1
                case .refused: tally.refused += 1
                case .underWay: break
                }
            }
            return tally
        }
    }
}
