// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import LayeredOptions
internal import TraceModel
internal import TraceServer

// The types of options that a variable or a file can give as well as the command line.

extension OptionValue where Self: ExpressibleByArgument {
    init?(optionText: String) { self.init(argument: optionText) }
}

extension HostPort: OptionValue {
    static var expectation: String { "HOST:PORT" }
}

extension ByteSize: OptionValue {
    static var expectation: String { "a size such as 1GiB" }
}

extension TimeLength: OptionValue {
    static var expectation: String { "a time such as 10s or 1h30m" }
}

extension CORSOrigins: ExpressibleByArgument, OptionValue {
    package static var expectation: String { "*, or origins such as https://shop.example with commas between them" }

    package init?(argument: String) { self.init(argument) }
}

extension PositiveCount: OptionValue {
    static var expectation: String { "a whole number above zero" }
    var description: String { "\(value)" }
}

/// How long spans are kept, as in 14d: whole seconds, at least one.
struct RetentionTime: ExpressibleByArgument, OptionValue, Sendable {
    static var expectation: String { "a time such as 14d or 12h" }

    var seconds: UInt64

    init(seconds: UInt64) { self.seconds = seconds }

    init?(argument: String) {
        guard let length = TimeLength(argument: argument), length.nanoseconds >= 1_000_000_000 else { return nil }
        seconds = length.nanoseconds / 1_000_000_000
    }

    var description: String {
        for (scale, unit) in [(86_400, "d"), (3600, "h"), (60, "m")] as [(UInt64, String)] where seconds % scale == 0 {
            return "\(seconds / scale)\(unit)"
        }
        return "\(seconds)s"
    }
}

/// How long the spans of single tenants are kept, as in `team-a=30d,team-b=2d`.
struct TenantRetention: ExpressibleByArgument, OptionValue, Sendable {
    static var expectation: String { "tenants and times such as team-a=30d,team-b=2d" }

    var seconds: [TenantID: UInt64] = [:]

    /// - Returns: Nil for no tenants.
    init?(_ seconds: [TenantID: UInt64]) {
        guard !seconds.isEmpty else { return nil }
        self.seconds = seconds
    }

    init?(argument: String) {
        for entry in argument.split(separator: ",", omittingEmptySubsequences: false) {
            let parts = entry.split(separator: "=", omittingEmptySubsequences: false)
            guard parts.count == 2, let tenant = TenantID(parts[0].filter { $0 != " " }),
                let time = RetentionTime(argument: String(parts[1])),
                seconds.updateValue(time.seconds, forKey: tenant) == nil
            else { return nil }
        }
    }

    var description: String {
        seconds.sorted { $0.key < $1.key }.map { "\($0.key)=\(RetentionTime(seconds: $0.value))" }
            .joined(separator: ",")
    }
}

/// A flag that a variable or a file can set too.
struct SwitchValue: OptionValue, Sendable {
    static var expectation: String { "true or false" }

    var isOn: Bool

    init(_ isOn: Bool) { self.isOn = isOn }

    init?(optionText: String) {
        switch optionText.lowercased() {
        case "1", "true", "yes": isOn = true
        case "0", "false", "no": isOn = false
        default: return nil
        }
    }

    var description: String { isOn ? "true" : "false" }
}
