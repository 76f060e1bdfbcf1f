// SPDX-License-Identifier: Apache-2.0

/// A field that every span has without being given it as an attribute.
package enum Intrinsic: CaseIterable, Sendable {
    case name, status, statusMessage, kind, duration
    case spanID, parentID, childCount, spanStartTime
    case traceDuration, rootName, rootServiceName, traceID, traceStartTime
    case eventName, eventTimeSinceStart, linkTraceID, linkSpanID
    case instrumentationName, instrumentationVersion
    case nestedSetLeft, nestedSetRight, nestedSetParent
    /// The parent span itself, which is not supported.
    case parent

    /// With a scope, `span:name`; nil if there is only the name without.
    package var scopedName: String? {
        switch self {
        case .name: "span:name"
        case .status: "span:status"
        case .statusMessage: "span:statusMessage"
        case .kind: "span:kind"
        case .duration: "span:duration"
        case .spanID: "span:id"
        case .parentID: "span:parentID"
        case .childCount: "span:childCount"
        case .traceDuration: "trace:duration"
        case .rootName: "trace:rootName"
        case .rootServiceName: "trace:rootService"
        case .traceID: "trace:id"
        case .eventName: "event:name"
        case .eventTimeSinceStart: "event:timeSinceStart"
        case .linkTraceID: "link:traceID"
        case .linkSpanID: "link:spanID"
        case .instrumentationName: "instrumentation:name"
        case .instrumentationVersion: "instrumentation:version"
        case .spanStartTime, .traceStartTime, .nestedSetLeft, .nestedSetRight, .nestedSetParent, .parent: nil
        }
    }

    /// Without a scope; nil if it is only known with one.
    package var plainName: String? {
        switch self {
        case .name: "name"
        case .status: "status"
        case .statusMessage: "statusMessage"
        case .kind: "kind"
        case .duration: "duration"
        case .childCount: "childCount"
        case .traceDuration: "traceDuration"
        case .rootName: "rootName"
        case .rootServiceName: "rootServiceName"
        case .spanStartTime: "spanStartTime"
        case .traceStartTime: "traceStartTime"
        case .nestedSetLeft: "nestedSetLeft"
        case .nestedSetRight: "nestedSetRight"
        case .nestedSetParent: "nestedSetParent"
        case .parent: "parent"
        case .spanID, .parentID, .traceID, .eventName, .eventTimeSinceStart, .linkTraceID, .linkSpanID,
            .instrumentationName, .instrumentationVersion:
            nil
        }
    }

    /// Start times are integers: Unix nanoseconds.
    package var type: ValueType {
        switch self {
        case .status: .status
        case .kind: .kind
        case .duration, .traceDuration, .eventTimeSinceStart: .duration
        case .childCount, .nestedSetLeft, .nestedSetRight, .nestedSetParent, .spanStartTime, .traceStartTime: .int
        case .name, .statusMessage, .spanID, .parentID, .rootName, .rootServiceName, .traceID, .eventName, .linkTraceID,
            .linkSpanID, .instrumentationName, .instrumentationVersion:
            .string
        case .parent: .absent
        }
    }

    /// Whether it is the same for all spans of a trace.
    package var isOfTrace: Bool {
        switch self {
        case .traceDuration, .rootName, .rootServiceName, .traceID, .traceStartTime: true
        default: false
        }
    }

    /// Whether it follows from where the other spans of the trace stand.
    package var isStructural: Bool {
        switch self {
        case .childCount, .nestedSetLeft, .nestedSetRight, .nestedSetParent, .parent: true
        default: false
        }
    }

    /// The intrinsic of a name, with a scope or without.
    package init?(name: String) {
        guard let intrinsic = Self.plainNames[name] ?? Self.scopedNames[name] else { return nil }
        self = intrinsic
    }

    /// All names there are, for parsing and for suggestions.
    static let plainNames: [String: Intrinsic] = Dictionary(
        uniqueKeysWithValues: allCases.compactMap { intrinsic in intrinsic.plainName.map { ($0, intrinsic) } })
    static let scopedNames: [String: Intrinsic] = Dictionary(
        uniqueKeysWithValues: allCases.compactMap { intrinsic in intrinsic.scopedName.map { ($0, intrinsic) } })
}
