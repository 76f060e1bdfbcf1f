// SPDX-License-Identifier: Apache-2.0

/// What became of the traffic that was sent.
package struct LoadReport: Sendable {
    package var traceCount = 0
    /// Requests that the server answered with success.
    package var requestCount = 0
    package var acknowledgedSpanCount = 0
    /// Spans that the server refused for good, by partial success.
    package var rejectedSpanCount = 0
    /// Spans of requests that were given up.
    package var unsentSpanCount = 0
    /// How often a request was sent again because the server asked for it or the connection broke.
    package var retryCount = 0
    package var byteCount = 0
    package var elapsedNanoseconds: UInt64 = 0
    /// One for each answered request, in any order.
    package var latenciesNanoseconds: [UInt64] = []
    /// What the server said about the first refused request or span.
    package var firstProblem: String?

    package init() {}

    package mutating func add(_ other: Self) {
        requestCount += other.requestCount
        acknowledgedSpanCount += other.acknowledgedSpanCount
        rejectedSpanCount += other.rejectedSpanCount
        unsentSpanCount += other.unsentSpanCount
        retryCount += other.retryCount
        byteCount += other.byteCount
        latenciesNanoseconds += other.latenciesNanoseconds
        firstProblem = firstProblem ?? other.firstProblem
    }

    package var spansPerSecond: Int {
        elapsedNanoseconds == 0 ? 0 : Int(Double(acknowledgedSpanCount) * 1e9 / Double(elapsedNanoseconds))
    }

    /// The latency that `share` of the requests stayed under or had; 0 without requests.
    package func latencyNanoseconds(_ share: Double) -> UInt64 {
        let sorted = latenciesNanoseconds.sorted()
        guard !sorted.isEmpty else { return 0 }
        let rank = Int((share * Double(sorted.count)).rounded(.up))
        return sorted[min(max(rank, 1), sorted.count) - 1]
    }

    private func latencyText(_ share: Double) -> String { DurationText.format(latencyNanoseconds(share)) }

    package func render(_ style: TerminalStyle) -> String {
        let rows: [(String, String)] = [
            ("traces", NumberText.count(traceCount)),
            ("requests", "\(NumberText.count(requestCount)), \(NumberText.bytes(byteCount))"),
            ("acknowledged", NumberText.count(acknowledgedSpanCount, "span")),
            ("rejected", NumberText.count(rejectedSpanCount, "span")),
            ("given up", NumberText.count(unsentSpanCount, "span")),
            ("sent again", NumberText.count(retryCount, "time")),
            ("time", DurationText.format(elapsedNanoseconds)),
            ("speed", "\(NumberText.count(spansPerSecond)) spans/s"),
            ("latency", "p50 \(latencyText(0.5)), p99 \(latencyText(0.99))"),
        ]
        var text = rows.map { style.paint(padded($0.0, to: 15), .dim) + $0.1 + "\n" }.joined()
        if let firstProblem {
            text += style.paint(padded("first problem", to: 15), .dim)
            text += style.paint(escapedForTerminal(firstProblem), .red) + "\n"
        }
        return text
    }
}
