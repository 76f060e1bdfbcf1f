// SPDX-License-Identifier: Apache-2.0

internal import Yams

/// A YAML file of options: one mapping from names without dashes to values.
///
/// ```
/// otlp-grpc: ":4317"
/// otlp-cors-origins: [https://shop.example, https://admin.example]   # the same as with a comma between them
/// tls-cert:                                                          # as if it did not stand there
/// ```
/// Values are read like those of the command line; which type YAML would see in them is of no account.
package struct OptionFile: Sendable {
    struct Entry: Sendable, Equatable {
        /// nil for null.
        var text: String?
        /// From 1.
        var line: Int
    }

    /// As the user named it, for messages.
    let path: String
    private(set) var entries: [String: Entry] = [:]

    /// - Throws: ``OptionError`` if the text is no YAML, no mapping from names to values, or has a name twice.
    package init(_ text: String, path: String) throws(OptionError) {
        self.path = path
        guard let root = try Self.root(text, path), root.scalar?.isNull != true else { return }
        guard let mapping = root.mapping else {
            throw OptionError("\(path), line \(root.line): a line is NAME: VALUE, with an option's name without dashes")
        }
        for (key, value) in mapping {
            guard let name = key.scalar?.string else {
                throw OptionError("\(path), line \(key.line): an option's name belongs before the colon")
            }
            if let earlier = entries[name] {
                throw OptionError("\(path), line \(key.line): \(name) stands in line \(earlier.line) already")
            }
            entries[name] = Entry(text: try self.text(of: value, name), line: key.line)
        }
    }

    private static func root(_ text: String, _ path: String) throws(OptionError) -> Node? {
        do {
            return try compose(yaml: text)
        } catch {
            throw OptionError("\(path) is no YAML: \(error)")
        }
    }

    private func text(of value: Node, _ name: String) throws(OptionError) -> String? {
        if let scalar = value.scalar { return scalar.isNull ? nil : scalar.string }
        guard let elements = value.sequence else {
            throw OptionError("\(path), line \(value.line): \(name) has to be one value, not a mapping")
        }
        var texts: [String] = []
        for element in elements {
            guard let scalar = element.scalar else {
                throw OptionError("\(path), line \(element.line): an element of \(name) has to be one value")
            }
            texts.append(scalar.string)
        }
        return texts.joined(separator: ",")
    }
}

extension Node {
    fileprivate var line: Int { mark?.line ?? 1 }
}

extension Node.Scalar {
    /// YAML 1.2, section 10.3.2.
    fileprivate var isNull: Bool { style == .plain && ["", "~", "null", "Null", "NULL"].contains(string) }
}
