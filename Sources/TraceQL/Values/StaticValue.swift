// SPDX-License-Identifier: Apache-2.0

/// A value as queries have it: what is written in one, and what an attribute or intrinsic of a span is at run time.
package enum StaticValue: Hashable, Sendable {
    /// The attribute is not there, or the operation has no result.
    case absent
    case int(Int64)
    case float(Double)
    /// Nanoseconds.
    case duration(Int64)
    case string(String)
    case boolean(Bool)
    case status(StatusKeyword)
    case kind(KindKeyword)
    /// An attribute's array; there is no literal of it.
    case array([StaticValue])
    /// An attribute's value that is there, but that nothing can be compared with: bytes, or a list of pairs.
    case opaque

    package static func == (a: Self, b: Self) -> Bool {
        switch (a, b) {
        case (.absent, .absent), (.opaque, .opaque): true
        case (.int(let a), .int(let b)): a == b
        // By its bits, so that NaN equals itself and a value can be a key of groups.
        case (.float(let a), .float(let b)): a.bitPattern == b.bitPattern
        case (.duration(let a), .duration(let b)): a == b
        case (.string(let a), .string(let b)): a.utf8.elementsEqual(b.utf8)
        case (.boolean(let a), .boolean(let b)): a == b
        case (.status(let a), .status(let b)): a == b
        case (.kind(let a), .kind(let b)): a == b
        case (.array(let a), .array(let b)): a == b
        default: false
        }
    }

    package func hash(into hasher: inout Hasher) {
        switch self {
        case .absent: hasher.combine(0)
        case .int(let value), .duration(let value): hasher.combine(value)
        case .float(let value): hasher.combine(value.bitPattern)
        case .string(let value): for byte in value.utf8 { hasher.combine(byte) }
        case .boolean(let value): hasher.combine(value)
        case .status(let value): hasher.combine(value)
        case .kind(let value): hasher.combine(value)
        case .array(let values): hasher.combine(values.count)
        case .opaque: hasher.combine(1)
        }
    }

    package var type: ValueType {
        switch self {
        case .absent: .absent
        case .int: .int
        case .float: .float
        case .duration: .duration
        case .string: .string
        case .boolean: .boolean
        case .status: .status
        case .kind: .kind
        case .array, .opaque: .unknown
        }
    }

    /// As a number: itself, or nanoseconds; nil of what is no number.
    package var number: Double? {
        switch self {
        case .int(let value), .duration(let value): Double(value)
        case .float(let value): value
        default: nil
        }
    }

    /// Int64 of what is counted in whole numbers: integers and durations.
    package var wholeNumber: Int64? {
        switch self {
        case .int(let value), .duration(let value): value
        default: nil
        }
    }
}

/// A span's status, with OTLP's numbers.
package enum StatusKeyword: Int, CaseIterable, Sendable {
    case unset = 0
    case ok = 1
    case error = 2

    package var name: String {
        switch self {
        case .unset: "unset"
        case .ok: "ok"
        case .error: "error"
        }
    }
}

/// A span's kind, with OTLP's numbers.
package enum KindKeyword: Int, CaseIterable, Sendable {
    case unspecified = 0
    case internalKind = 1
    case server = 2
    case client = 3
    case producer = 4
    case consumer = 5

    package var name: String {
        switch self {
        case .unspecified: "unspecified"
        case .internalKind: "internal"
        case .server: "server"
        case .client: "client"
        case .producer: "producer"
        case .consumer: "consumer"
        }
    }
}

/// What is known of a value before it is there.
package enum ValueType: Hashable, Sendable {
    /// An attribute: its value says at run time.
    case unknown
    /// `nil`.
    case absent
    case int, float, duration, string, boolean, status, kind

    package var isNumeric: Bool { self == .int || self == .float || self == .duration }
    /// Whether it may be a number, known or not.
    package var mayBeNumeric: Bool { isNumeric || self == .unknown }

    /// How it is called in messages.
    package var name: String {
        switch self {
        case .unknown: "an attribute"
        case .absent: "nil"
        case .int: "an integer"
        case .float: "a float"
        case .duration: "a duration"
        case .string: "a string"
        case .boolean: "a boolean"
        case .status: "a status"
        case .kind: "a kind"
        }
    }
}
