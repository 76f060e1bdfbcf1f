// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import LayeredOptions
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
