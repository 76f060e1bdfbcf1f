// SPDX-License-Identifier: Apache-2.0

/// A failure that may repeat many times a second for hours, and is logged now and then.
struct RepeatedFailure {
    private static let interval = Duration.seconds(10)

    private var count = 0
    private var latest = ""
    private var nextReport = ContinuousClock.now

    mutating func add(_ error: any Error) {
        count += 1
        latest = "\(error)"
    }

    /// What to log now: how often it failed since the last report, and the latest error; nil if nothing is to be said.
    mutating func takeReport(now: ContinuousClock.Instant = .now) -> (count: Int, latest: String)? {
        guard count > 0, now >= nextReport else { return nil }
        nextReport = now + Self.interval
        defer { count = 0 }
        return (count, latest)
    }
}
