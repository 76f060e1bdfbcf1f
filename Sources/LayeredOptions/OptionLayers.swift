// SPDX-License-Identifier: Apache-2.0

/// The values of options from where they can be given: flag before variable before file before default.
///
/// Ask for every option there is, then call ``refuseUnknownNames()``.
package struct OptionLayers: Sendable {
    /// Where a value came from.
    package enum Source: Sendable, Equatable {
        case flag
        case variable(String)
        case file(path: String, line: Int)
        case builtIn
    }

    private struct Answer: Sendable {
        var option: String
        /// nil if the option has no value.
        var text: String?
        /// nil if the option has none unless it is given one.
        var builtInText: String?
        var source: Source
    }

    private let variables: [String: String]
    private let variablePrefix: String
    private let file: OptionFile?
    /// In the order in which they were asked for.
    private var answers: [Answer] = []

    /// - Parameters:
    ///   - variables: The environment.
    ///   - variablePrefix: With `VIVACE_`, the option `otlp-grpc` is the variable `VIVACE_OTLP_GRPC`.
    package init(variables: [String: String], variablePrefix: String, file: OptionFile?) {
        self.variables = variables
        self.variablePrefix = variablePrefix
        self.file = file
    }

    /// The value of an option; nil if it was given nowhere. An empty variable counts as none.
    ///
    /// - Parameters:
    ///   - given: The flag's value, if there was one.
    ///   - option: The option's name without dashes in front.
    /// - Throws: ``OptionError`` if the text of the variable or the file is no such value.
    package mutating func value<Value: OptionValue>(
        _ given: Value?, _ option: String
    ) throws(OptionError) -> Value? {
        let found = try find(given, option)
        answers.append(Answer(option: option, text: found?.0.description, source: found?.1 ?? .builtIn))
        return found?.0
    }

    /// The value of an option that always has one.
    ///
    /// - Throws: As ``value(_:_:)``.
    package mutating func value<Value: OptionValue>(
        _ given: Value?, _ option: String, default builtIn: Value
    ) throws(OptionError) -> Value {
        let (value, source) = try find(given, option) ?? (builtIn, .builtIn)
        answers.append(
            Answer(option: option, text: value.description, builtInText: builtIn.description, source: source))
        return value
    }

    /// Where the value of an option came from; nil if it was not asked for.
    package func source(of option: String) -> Source? { answers.last { $0.option == option }?.source }

    private func find<Value: OptionValue>(
        _ given: Value?, _ option: String
    ) throws(OptionError) -> (Value, Source)? {
        if let given { return (given, .flag) }
        let variable = variablePrefix + option.map { $0 == "-" ? "_" : $0.uppercased() }.joined()
        if let text = variables[variable], !text.isEmpty {
            guard let value = Value(optionText: text) else {
                throw OptionError(
                    "The value '\(text)' of the variable \(variable) is invalid for --\(option): it has to be "
                        + "\(Value.expectation).")
            }
            return (value, .variable(variable))
        }
        guard let file, let entry = file.entries[option], let text = entry.text else { return nil }
        guard let value = Value(optionText: text) else {
            throw OptionError(
                "\(file.path), line \(entry.line): \(option) is '\(text)', but has to be \(Value.expectation).")
        }
        return (value, .file(path: file.path, line: entry.line))
    }

    /// - Throws: ``OptionError`` for the first name in the file that was not asked for, with the one most like it.
    package func refuseUnknownNames() throws(OptionError) {
        guard let file else { return }
        let known = answers.map(\.option)
        let unknown = file.entries.filter { !known.contains($0.key) }
        guard let (name, entry) = unknown.min(by: { $0.value.line < $1.value.line }) else { return }
        let advice =
            if let option = nearestName(to: name, among: known) {
                "Did you mean \(option)?"
            } else {
                "There are \(known.sorted().joined(separator: ", "))."
            }
        throw OptionError("\(file.path), line \(entry.line): there is no option \(name). \(advice)")
    }

    /// Which values are shown.
    package enum Selection: Sendable {
        case all
        /// Those that are not the default.
        case changed
        /// The defaults, whatever was given.
        case builtIn
        /// Those of some options, where they have one.
        case given(Set<String>)
    }

    /// All values that were asked for as a file that can be read again, with a comment on where each came from.
    package var yaml: String { yaml(.all) }

    /// The selected values as such a file, which is empty if there are none.
    package func yaml(_ selection: Selection) -> String {
        let lines = selected(selection).map { answer in
            guard let text = answer.text else { return (text: "# \(answer.option):", comment: "not set") }
            return (text: "\(answer.option): \(Self.quoted(text))", comment: "\(answer.source)")
        }
        let width = lines.map(\.text.count).max() ?? 0
        return lines.map { line in
            line.text + String(repeating: " ", count: width - line.text.count) + "  # \(line.comment)\n"
        }.joined()
    }

    /// The same with another text of an option, as for those who may not see all of it.
    package func showing(_ text: String?, as option: String) -> OptionLayers {
        var layers = self
        for index in layers.answers.indices where layers.answers[index].option == option {
            layers.answers[index].text = text
        }
        return layers
    }

    private func selected(_ selection: Selection) -> [Answer] {
        switch selection {
        case .all: answers
        case .changed: answers.filter { $0.text != $0.builtInText }
        case .builtIn:
            answers.map { answer in
                var answer = answer
                (answer.text, answer.source) = (answer.builtInText, .builtIn)
                return answer
            }
        case .given(let options): answers.filter { options.contains($0.option) && $0.text != nil }
        }
    }

    /// Text in double quotes (YAML 1.2, section 7.3.1).
    private static func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": out += "\\\(scalar)"
            case _ where scalar.value < 0x20 || (0x7f..<0xa0).contains(scalar.value):
                out += "\\x" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }
}

extension OptionLayers.Source: CustomStringConvertible {
    /// As a comment of one line.
    package var description: String {
        switch self {
        case .flag: "flag"
        case .variable(let name): name
        case .file(let path, let line): "\(path.filter { !$0.isNewline }), line \(line)"
        case .builtIn: "default"
        }
    }
}
