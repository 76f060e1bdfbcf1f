// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import TerminalRendering

/// The options of every command that asks about a stretch of time: about the spans that overlap it, or the traces and
/// blocks that have such spans.
struct TimeRangeOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Only what was going on within this time until now, as 15m, 1h or 7d; VIVACE_LAST.",
            valueName: "time"))
    var last: TimeLength?

    @Option(
        help: ArgumentHelp(
            "Only what ended then or later: RFC 3339, Unix time, now-1h; VIVACE_START.",
            valueName: "moment"))
    var start: Moment?

    @Option(
        help: ArgumentHelp(
            "Only what began before: RFC 3339, Unix time, now; VIVACE_END.",
            valueName: "moment"))
    var end: Moment?

    func validate() throws { _ = try resolvedRange() }

    /// Whether the command line says anything about time.
    var isOnCommandLine: Bool { last != nil || start != nil || end != nil }

    /// Unix nanoseconds; nil leaves a side open. What is given on the command line replaces the variables that would
    /// contradict it.
    func resolvedRange() throws -> (start: UInt64?, end: UInt64?) {
        if last != nil, start != nil || end != nil {
            throw ValidationError("--last goes without --start and --end.")
        }
        let hasRange = start != nil || end != nil
        if !hasRange, let last = try Settings.value(last, "last") {
            let now = currentUnixNanoseconds()
            return (now > last.nanoseconds ? now - last.nanoseconds : 0, nil)
        }
        let start = try Settings.value(start, "start")?.unixNanoseconds
        let end = try Settings.value(end, "end")?.unixNanoseconds
        if let start, let end, start >= end { throw ValidationError("--end must be after --start.") }
        return (start, end)
    }

    /// As the query API takes them.
    func questionItems() throws -> [(String, String)] {
        let (start, end) = try resolvedRange()
        return [("start", start), ("end", end)].compactMap { name, moment in
            moment.map { (name, TimeText.formatSeconds($0)) }
        }
    }
}
