// SPDX-License-Identifier: Apache-2.0

/// What a body is, by its Content-Type without parameters.
enum MediaType: Sendable, Equatable {
    case protobuf
    case json
    case other

    init(contentType: String?) {
        // What exporters send, without more ado.
        if contentType == "application/x-protobuf" {
            self = .protobuf
            return
        }
        let name = (contentType ?? "").prefix { $0 != ";" }
        self =
            switch String(name.filter { $0 != " " && $0 != "\t" }).lowercased() {
            case "application/x-protobuf", "application/protobuf": .protobuf
            case "application/json": .json
            default: .other
            }
    }

    /// The Content-Type of an answer in this encoding.
    var contentType: String {
        switch self {
        case .json: "application/json"
        case .protobuf, .other: "application/x-protobuf"
        }
    }
}
