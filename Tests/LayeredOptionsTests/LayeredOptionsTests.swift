// SPDX-License-Identifier: Apache-2.0

import LayeredOptions
import Testing

/// A type whose texts are few.
private struct Size: OptionValue, Equatable {
    static var expectation: String { "small or large" }
    var description: String

    init?(optionText: String) {
        guard ["small", "large"].contains(optionText) else { return nil }
        description = optionText
    }
}

@Suite struct LayeredOptionsTests {
    private func layers(_ yaml: String?, _ variables: [String: String] = [:]) throws -> OptionLayers {
        OptionLayers(
            variables: variables, variablePrefix: "VIVACE_", file: try yaml.map { try OptionFile($0, path: "v.yaml") })
    }

    private func message(_ work: () throws -> Void) -> String? {
        do {
            try work()
            return nil
        } catch {
            return (error as? OptionError)?.message
        }
    }

    @Test func `a flag goes before a variable, a variable before the file, the file before the default`() throws {
        let (flag, variable, file) = ("flag", ["VIVACE_DATA_DIR": "variable"], "\n# two\ndata-dir: file")
        let cases: [(String?, [String: String], String?, String, OptionLayers.Source)] = [
            (flag, variable, file, "flag", .flag), (flag, [:], nil, "flag", .flag),
            (nil, variable, file, "variable", .variable("VIVACE_DATA_DIR")),
            (nil, ["VIVACE_DATA_DIR": ""], file, "file", .file(path: "v.yaml", line: 3)),
            (nil, [:], file, "file", .file(path: "v.yaml", line: 3)),
            (nil, [:], "data-dir: ~", "default", .builtIn), (nil, [:], nil, "default", .builtIn),
        ]
        for (given, variables, yaml, expected, source) in cases {
            var layers = try layers(yaml, variables)
            #expect(try layers.value(given, "data-dir", default: "default") == expected)
            #expect(layers.source(of: "data-dir") == source)
        }
    }

    @Test func `what is shown can be chosen: all, what is no default, the defaults, or what was given`() throws {
        var layers = try layers("size: large\nsame: a")
        for option in ["size", "same"] { _ = try layers.value(nil, option, default: option == "size" ? "small" : "a") }
        _ = try (layers.value("x", "key"), layers.value(nil as String?, "none"))
        let lines = { (selection: OptionLayers.Selection) in
            layers.yaml(selection).split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
        }
        #expect(lines(.all).count == 4 && layers.yaml == layers.yaml(.all))
        #expect(lines(.changed) == ["size: \"large\" # v.yaml, line 1", "key: \"x\" # flag"])
        #expect(
            lines(.builtIn) == [
                "size: \"small\" # default", "same: \"a\" # default", "# key: # not set", "# none: # not set",
            ])
        #expect(lines(.given(["key", "none"])) == ["key: \"x\" # flag"] && lines(.given([])).isEmpty)
    }

    @Test func `an option can be shown with another text, or as not set`() throws {
        var layers = try layers("size: large")
        _ = try (layers.value(nil as String?, "size"), layers.value("x", "key"))
        #expect(layers.showing("less", as: "size").yaml(.changed) == "size: \"less\"  # v.yaml, line 1\nkey: \"x\"      # flag\n")
        #expect(layers.showing(nil, as: "size").yaml == "# size:   # not set\nkey: \"x\"  # flag\n")
        #expect(layers.showing(nil, as: "size").yaml(.changed) == "key: \"x\"  # flag\n")
        #expect(layers.showing("y", as: "none").yaml == layers.yaml)
    }

    @Test func `an option that stands nowhere has no value`() throws {
        var layers = try layers("a: b")
        #expect(try layers.value(nil as String?, "tls-cert") == nil)
        #expect(layers.source(of: "tls-cert") == .builtIn)
        #expect(layers.source(of: "other") == nil)
    }

    @Test(arguments: [
        (":4317", ":4317"), ("'a b'", "a b"), ("\"a\\nb\"", "a\nb"), ("3200", "3200"), ("yes", "yes"), ("1e3", "1e3"),
        ("[a, 'b']", "a,b"), ("\n  - a\n  - b", "a,b"), ("'~'", "~"), ("\"null\"", "null"), ("0x10", "0x10"),
    ])
    func `a value is read as it is written, whatever YAML sees in it`(yaml: String, text: String) throws {
        var layers = try layers("x: \(yaml)")
        #expect(try layers.value(nil as String?, "x") == text)
    }

    @Test(arguments: ["", "# nothing", "---", "x:", "x: null", "x: ~"])
    func `a file may say nothing`(yaml: String) throws {
        var layers = try layers(yaml)
        #expect(try layers.value(nil as String?, "x") == nil)
        try layers.refuseUnknownNames()
    }

    @Test func `a value of the wrong type is told with its name and place`() throws {
        var inFile = try layers("\n\nsize: medium")
        let fileMessage = message { _ = try inFile.value(nil as Size?, "size") }
        #expect(fileMessage == "v.yaml, line 3: size is 'medium', but has to be small or large.")
        var inVariable = try layers(nil, ["VIVACE_SIZE": "medium"])
        let variableMessage = message { _ = try inVariable.value(nil as Size?, "size") }
        #expect(
            variableMessage
                == "The value 'medium' of the variable VIVACE_SIZE is invalid for --size: it has to be small or large.")
        #expect(message { _ = try layers("size: {a: b}") } == "v.yaml, line 1: size has to be one value, not a mapping")
        #expect(message { _ = try layers("size:\n- [a]") } == "v.yaml, line 2: an element of size has to be one value")
    }

    @Test(arguments: [
        ("otlp-grcp", "otlp-grpc"), ("otlp_grpc", "otlp-grpc"), ("--otlp-http", "otlp-http"), ("HTTP", "http"),
        ("htpp", "http"), ("datadir", "data-dir"), ("tls-certs", "tls-cert"),
    ])
    func `an unknown name is refused with the one that was probably meant`(name: String, option: String) throws {
        var layers = try layers("http: a\n\"\(name)\": b")
        for option in ["http", "otlp-http", "otlp-grpc", "data-dir", "tls-cert"] {
            _ = try layers.value(nil as String?, option)
        }
        #expect(
            message { try layers.refuseUnknownNames() }
                == "v.yaml, line 2: there is no option \(name). Did you mean \(option)?")
    }

    @Test func `an unknown name like no other is refused with all there are, the first one first`() throws {
        var layers = try layers("retention-of-everything: b\nxyzxyzxyz: c")
        for option in ["http", "data-dir"] { _ = try layers.value(nil as String?, option) }
        #expect(
            message { try layers.refuseUnknownNames() }
                == "v.yaml, line 1: there is no option retention-of-everything. There are data-dir, http.")
    }

    @Test(arguments: ["[a]", "text", "a: b\na: c", "a: [", "\ta: b", "? [a]\n: b", "a: b\n---\nc: d"])
    func `what is no mapping from names to values is refused with the file's name`(yaml: String) {
        #expect(message { _ = try layers(yaml) }?.hasPrefix("v.yaml") == true)
    }

    @Test func `a name that stands twice is refused`() {
        #expect(message { _ = try layers("a: b\n\na: c") } == "v.yaml, line 3: a stands in line 1 already")
    }

    @Test(arguments: ["plain", "", " ", "a: b # c", "\"quoted\\\"", "tab\tline\nnul\0del\u{7f}\u{85}", "é😀", "~", "[a]"])
    func `what is printed is read again, and says where it came from`(text: String) throws {
        var first = try layers("from-file: small", ["VIVACE_FROM_VARIABLE": "large"])
        _ = try first.value(text, "from-flag")
        _ = try first.value(nil as Size?, "from-variable")
        _ = try first.value(nil as Size?, "from-file")
        _ = try first.value(nil as String?, "not-set")
        _ = try first.value(nil, "built-in", default: "x")
        let yaml = first.yaml
        var second = try layers(yaml)
        #expect(try second.value(nil, "built-in", default: "y") == "x")
        #expect(try second.value(nil as Size?, "from-variable")?.description == "large")
        #expect(try second.value(nil as Size?, "from-file")?.description == "small")
        #expect(try second.value(nil as String?, "not-set") == nil)
        if !text.isEmpty { #expect(try second.value(nil as String?, "from-flag") == text) }
        let lines = yaml.split(separator: "\n").map { $0.split(separator: "  # ").last.map(String.init) }
        #expect(lines == ["flag", "VIVACE_FROM_VARIABLE", "v.yaml, line 1", "not set", "default"])
    }
}
