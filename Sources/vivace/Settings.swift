// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Foundation

/// The variables that stand for options: `--otlp-grpc` is VIVACE_OTLP_GRPC.
enum Settings {
    static func variable(for option: String) -> String {
        "VIVACE_" + option.uppercased().replacing("-", with: "_")
    }

    /// The option's value if it was given, else the variable's, else nil. An empty variable counts as none.
    ///
    /// - Throws: `ValidationError` if the variable has no value of that type.
    static func value<Value: ExpressibleByArgument>(_ given: Value?, _ option: String) throws -> Value? {
        if let given { return given }
        let name = variable(for: option)
        guard let text = ProcessInfo.processInfo.environment[name], !text.isEmpty else { return nil }
        guard let value = Value(argument: text) else {
            throw ValidationError("The value '\(text)' of the variable \(name) is invalid for --\(option).")
        }
        return value
    }

    /// Whether the flag was given, or its variable says 1, true or yes.
    static func flag(_ given: Bool, _ option: String) throws -> Bool {
        if given { return true }
        let name = variable(for: option)
        switch ProcessInfo.processInfo.environment[name]?.lowercased() {
        case nil, "", "0", "false", "no": return false
        case "1", "true", "yes": return true
        case let text?: throw ValidationError("The variable \(name) is '\(text)'; set it to 1 or 0.")
        }
    }
}
