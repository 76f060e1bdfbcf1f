// SPDX-License-Identifier: Apache-2.0

/// When a query has to end.
struct QueryDeadline: Sendable {
    static let seconds = 30

    private let end = ContinuousClock.now + .seconds(Self.seconds)

    /// Why the answer lacks something, once time is up.
    var excess: String? { excess(after: .zero) }

    /// As ``excess``, for who has only to tell what was found by then: that may take some seconds more.
    var excessOfTelling: String? { excess(after: .seconds(5)) }

    private func excess(after grace: Duration) -> String? {
        ContinuousClock.now < end + grace ? nil : "the query was stopped after \(Self.seconds) s"
    }
}

/// Counts what a query does in one go, and now and then looks whether it has to end.
///
/// For one task at a time.
final class QueryPace {
    private let deadline: QueryDeadline
    private var left = QueryPace.stride

    /// Steps, of some nanoseconds to a microsecond each, from one look at the clock to the next.
    private static let stride = 1 << 14

    init(_ deadline: QueryDeadline) { self.deadline = deadline }

    /// - Throws: `.timedOut` once time is up, or nobody waits for the answer any more.
    func spend(_ steps: Int) throws(QueryError) {
        left -= steps
        if left < 0 { try look() }
    }

    private func look() throws(QueryError) {
        left = Self.stride
        // What becomes of it is decided where tasks are cancelled; here it only has to end.
        if Task.isCancelled { throw QueryError(.timedOut, "nobody waits for the answer") }
        if let excess = deadline.excess { throw QueryError(.timedOut, excess) }
    }
}
