// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import TraceQL

extension SearchedTrace {
    /// Bytes in memory, about.
    package var byteCount: Int {
        let names = (root?.service.count ?? 0) + (root?.nameBytes.count ?? 0)
        return 256 + names + spansets.reduce(0) { $0 + $1.byteCount }
            + services.reduce(0) { $0 + 80 + $1.service.count }
    }
}

extension SearchedSpanset {
    var byteCount: Int { attributes.byteCount + spans.reduce(96) { $0 + $1.byteCount } }
}

extension SearchedSpan {
    var byteCount: Int { 128 + span.name.count + attributes.byteCount }
}

extension SearchedAttribute {
    var byteCount: Int { 64 + name.utf8.count + value.byteCount }
}

extension [SearchedAttribute] {
    fileprivate var byteCount: Int { reduce(0) { $0 + $1.byteCount } }
}

extension StaticValue {
    /// Bytes in memory, about.
    package var byteCount: Int {
        switch self {
        case .string(let text): 32 + text.utf8.count
        case .array(let values): values.reduce(32) { $0 + $1.byteCount }
        case .absent, .int, .float, .boolean, .duration, .status, .kind, .opaque: 32
        }
    }
}
