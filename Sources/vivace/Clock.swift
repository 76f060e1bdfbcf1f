// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// What the wall clock says, in Unix nanoseconds.
func currentUnixNanoseconds() -> UInt64 {
    // Microseconds are what a Double holds of today's date.
    UInt64(max(0, Date().timeIntervalSince1970) * 1e6) * 1_000
}

extension Duration {
    /// Whole nanoseconds; 0 if it is negative.
    var nanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        return seconds < 0 ? 0 : UInt64(seconds) * 1_000_000_000 + UInt64(max(0, attoseconds)) / 1_000_000_000
    }
}
