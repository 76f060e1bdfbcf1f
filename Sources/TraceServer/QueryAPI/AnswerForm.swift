// SPDX-License-Identifier: Apache-2.0

/// How who asks wants to be answered, by `Accept`.
enum AnswerForm {
    case protobuf
    /// JSON for language models, where there is such a form; the usual JSON elsewhere.
    case plain
    case json

    /// Goes by what the field contains, as Tempo does, in this order; weights (`q=`) mean nothing.
    init(_ accept: String) {
        if accept.contains("application/protobuf") {
            self = .protobuf
        } else if accept.contains("application/vnd.grafana.llm") {
            self = .plain
        } else {
            self = .json
        }
    }

    var contentType: String {
        switch self {
        case .protobuf: "application/protobuf"
        case .plain: "application/vnd.grafana.llm+json"
        case .json: "application/json"
        }
    }
}
