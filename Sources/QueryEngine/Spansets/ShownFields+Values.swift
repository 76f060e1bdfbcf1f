// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ByteCoding
internal import TraceModel
internal import TraceQL

// How fields are found in columns and named in answers.

extension SpanField {
    /// As an answer names it: attributes without their scope.
    var shownName: String {
        switch self {
        case .attribute(let reference): reference.name
        case .intrinsic(let reference): reference.intrinsic.plainName ?? reference.name
        }
    }

    var subjects: [SpanSubject] {
        switch self {
        case .attribute(let reference):
            let key = Array(reference.name.utf8)
            switch reference.scope {
            case .span: return [.spanAttribute(key)]
            case .resource: return [.resourceAttribute(key)]
            case .any: return [.spanAttribute(key), .resourceAttribute(key)]
            case .event: return [.eventAttribute(key)]
            case .link: return [.linkAttribute(key)]
            case .instrumentation: return [.scopeAttribute(key)]
            }
        case .intrinsic(let reference):
            switch reference.intrinsic {
            case .status: return [.status]
            case .statusMessage: return [.statusMessage]
            case .kind: return [.kind]
            case .eventName: return [.eventName]
            case .eventTimeSinceStart: return [.eventTime]
            case .linkTraceID: return [.linkTraceID]
            case .linkSpanID: return [.linkSpanID]
            case .instrumentationName: return [.scopeName]
            case .instrumentationVersion: return [.scopeVersion]
            default: return []
            }
        }
    }

    /// Of an attribute of any scope, the resource's.
    var ofResource: SpanField? {
        guard case .attribute(var reference) = self, reference.scope == .any else { return nil }
        reference.scope = .resource
        return .attribute(reference)
    }

    var isNestedSetParent: Bool {
        if case .intrinsic(let reference) = self { reference.intrinsic == .nestedSetParent } else { false }
    }

    private var isTime: Bool {
        if case .intrinsic(let reference) = self { reference.intrinsic == .eventTimeSinceStart } else { false }
    }

    /// What a query sees of a column's value.
    func value(_ value: SpanValue) -> StaticValue {
        switch value {
        case .string(let bytes): .string(String(decoding: bytes, as: UTF8.self))
        case .double(let value): .float(value)
        // Roots have no parent's number.
        case .boolean where isNestedSetParent: .int(-1)
        case .boolean(let value): .boolean(value)
        case .array(let bytes):
            switch StaticValue(.array, 0, bytes.rawSpan) {
            case .array(let values) where isTime: .array(values.map { .duration($0.wholeNumber ?? 0) })
            case let value: value
            }
        case .integer(let value) where isTime: .duration(value)
        case .integer(let value):
            switch type {
            case .status: StatusKeyword(rawValue: Int(value)).map { .status($0) } ?? .int(value)
            case .kind: KindKeyword(rawValue: Int(value)).map { .kind($0) } ?? .int(value)
            default: .int(value)
            }
        }
    }
}

extension SpanValue {
    /// Bytes of what is not of a fixed size; an array's elements take many times what they are stored in.
    var byteCount: Int {
        switch self {
        case .string(let bytes): bytes.count
        case .array(let bytes): 32 * bytes.count
        case .double, .boolean, .integer: 0
        }
    }
}

extension Intrinsic {
    /// Whether every answer has it, or says it of the whole trace.
    var isShownAlways: Bool {
        switch self {
        case .name, .duration, .spanID, .spanStartTime, .traceDuration, .rootName, .rootServiceName, .traceID,
            .traceStartTime, .parent:
            true
        default: false
        }
    }
}
