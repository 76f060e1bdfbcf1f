// SPDX-License-Identifier: Apache-2.0

package import Logging

/// How a log's lines look.
package enum LogFormat: String, Sendable, CaseIterable {
    /// For people: time, level, message, `key=value` …
    case text
    /// For programs: an object a line.
    case json
}

/// One entry of a log, which becomes one line whatever its texts hold.
package struct LogRecord: Sendable {
    package var unixNanoseconds: UInt64
    package var level: Logger.Level
    /// The logger's label.
    package var label: String
    package var message: String
    package var metadata: Logger.Metadata

    package init(
        unixNanoseconds: UInt64, level: Logger.Level, label: String, message: String, metadata: Logger.Metadata = [:]
    ) {
        self.unixNanoseconds = unixNanoseconds
        self.level = level
        self.label = label
        self.message = message
        self.metadata = metadata
    }

    /// The line with its end, in UTF-8.
    ///
    /// - Parameter usesColor: Whether the level of a line of text has a colour (ECMA-48).
    package func line(_ format: LogFormat, usesColor: Bool = false) -> [UInt8] {
        switch format {
        case .text: Array(text(usesColor: usesColor).utf8)
        case .json: Array(json.utf8)
        }
    }
}

/// A moment of UTC by RFC 3339, with microseconds.
func rfc3339(unixNanoseconds: UInt64) -> String {
    let microseconds = unixNanoseconds / 1_000
    let seconds = microseconds / 1_000_000
    let (year, month, day) = civilDate(daysSince1970: Int(seconds / 86_400))
    let second = Int(seconds % 86_400)
    return padded(year, 4) + "-" + padded(month, 2) + "-" + padded(day, 2) + "T" + padded(second / 3_600, 2) + ":"
        + padded(second / 60 % 60, 2) + ":" + padded(second % 60, 2) + "."
        + padded(Int(microseconds % 1_000_000), 6) + "Z"
}

private func padded(_ number: Int, _ digitCount: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, digitCount - digits.utf8.count)) + digits
}

/// The proleptic Gregorian date, by eras of 400 years that begin on 1 March (H. Hinnant, "chrono-Compatible
/// Low-Level Date Algorithms").
private func civilDate(daysSince1970 days: Int) -> (year: Int, month: Int, day: Int) {
    let shifted = days + 719_468
    let era = shifted / 146_097
    let dayOfEra = shifted % 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    return (year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
}
