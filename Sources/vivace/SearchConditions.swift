// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import TerminalRendering

/// A tag and the value it has to have: `http.method=GET`.
struct TagCondition: ExpressibleByArgument, Sendable {
    /// As the search API takes it.
    var logfmt: String

    init?(argument: String) {
        guard let equals = argument.firstIndex(of: "=") else { return nil }
        let value = argument[argument.index(after: equals)...]
        guard let logfmt = LogfmtText.pair(String(argument[..<equals]), String(value)) else { return nil }
        self.logfmt = logfmt
    }
}

/// Which traces are meant, without TraceQL.
struct SearchConditions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Only traces with a span whose tag has this value, as http.method=GET; may be repeated.",
            valueName: "key=value"))
    var tag: [TagCondition] = []

    @Option(
        help: ArgumentHelp(
            "Several tags in logfmt, as 'service.name=cart note=\"two words\"'; VIVACE_TAGS.",
            valueName: "logfmt"))
    var tags: String?

    @Option(
        help: ArgumentHelp(
            "Only traces that took so long or longer, as 500ms; VIVACE_MIN_DURATION.",
            valueName: "time"))
    var minDuration: TimeLength?

    @Option(
        help: ArgumentHelp(
            "Only traces that took no longer, as 2s; VIVACE_MAX_DURATION.",
            valueName: "time"))
    var maxDuration: TimeLength?

    @OptionGroup var time: TimeRangeOptions

    func validate() throws { _ = try questionItems() }

    /// Whether the command line names any condition.
    var isOnCommandLine: Bool {
        !tag.isEmpty || tags != nil || minDuration != nil || maxDuration != nil || time.isOnCommandLine
    }

    /// As `GET /api/search` takes them.
    ///
    /// - Parameter query: TraceQL that takes the place of tags and durations.
    func questionItems(query: String? = nil) throws -> [(String, String)] {
        if let query {
            guard tag.isEmpty, tags == nil, minDuration == nil, maxDuration == nil else {
                throw ValidationError(
                    "A query goes without --tag, --tags, --min-duration and --max-duration: say it in the query, as in "
                        + "'{ span.http.method = \"GET\" && duration > 500ms }'.")
            }
            return [("q", query)] + (try time.questionItems())
        }
        var items: [(String, String)] = []
        let pairs = tag.map(\.logfmt) + [try Settings.value(tags, "tags")].compactMap { $0 }
        if !pairs.isEmpty { items.append(("tags", pairs.joined(separator: " "))) }
        let least = try Settings.value(minDuration, "min-duration")?.nanoseconds
        let most = try Settings.value(maxDuration, "max-duration")?.nanoseconds
        if let least, let most, least > most {
            throw ValidationError("--max-duration must not be below --min-duration.")
        }
        if let least { items.append(("minDuration", "\(least)ns")) }
        if let most { items.append(("maxDuration", "\(most)ns")) }
        return items + (try time.questionItems())
    }
}
