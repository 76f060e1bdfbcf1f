// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import TraceModel
internal import TraceQL

/// How a search was carried out, for whoever asks why it takes its time.
package struct SearchExplanation: Hashable, Sendable {
    /// One `{ … }` of the query.
    package struct Filter: Hashable, Sendable {
        /// What columns are asked; holds for every span that is selected.
        package var scan: String
        /// What the trace index is asked.
        package var trace: [String]
        /// What is asked besides of the spans that the columns leave; nil if nothing is.
        package var rest: String?
        /// Whether a trace without such a span is no hit, so that row groups without one are passed over.
        package var isRequired: Bool

        package init(scan: String, trace: [String], rest: String?, isRequired: Bool) {
            self.scan = scan
            self.trace = trace
            self.rest = rest
            self.isRequired = isRequired
        }
    }

    package var filters: [Filter]
    /// Whether each trace in question is put together before it is judged: nothing less has the values.
    package var needsWholeTraces: Bool
    package var blockCount: Int
    package var reads: QueryReads
    package var headSpanCount: Int
    /// Traces that were put together from all their places.
    package var assembledTraceCount: Int
    package var seconds: Double

    package init(
        filters: [Filter], needsWholeTraces: Bool, blockCount: Int, reads: QueryReads, headSpanCount: Int,
        assembledTraceCount: Int, seconds: Double
    ) {
        self.filters = filters
        self.needsWholeTraces = needsWholeTraces
        self.blockCount = blockCount
        self.reads = reads
        self.headSpanCount = headSpanCount
        self.assembledTraceCount = assembledTraceCount
        self.seconds = seconds
    }
}

extension SearchExplanation {
    /// Without what was read.
    init(_ program: SpansetProgram) {
        let filters = program.leaves.indices.map { index in
            let leaf = program.leaves[index]
            return Filter(
                scan: leaf.filter.text, trace: leaf.trace.map(\.text), rest: leaf.rest?.description,
                isRequired: program.required?.contains(index) ?? false)
        }
        self.init(
            filters: filters, needsWholeTraces: program.needsValues, blockCount: 0, reads: QueryReads(),
            headSpanCount: 0, assembledTraceCount: 0, seconds: 0)
    }
}

extension TraceTest {
    fileprivate var text: String {
        let name =
            switch subject {
            case .duration: "trace:duration"
            case .rootName: "trace:rootName"
            case .rootServiceName: "trace:rootService"
            case .id: "trace:id"
            }
        return test.text(of: name) { subject == .duration ? durationText(nanoseconds: $0) : "\($0)" }
    }
}

extension SpanFilter {
    /// In the manner of TraceQL.
    fileprivate var text: String {
        switch self {
        case .all(let parts): parts.isEmpty ? "true" : Self.joined(parts, " && ")
        case .any(let parts): parts.isEmpty ? "false" : Self.joined(parts, " || ")
        case .not(let part): "!(\(part.text))"
        case .holds(let subject, let test): test.text(of: subject.text, subject.text(ofInteger:))
        }
    }

    private static func joined(_ parts: [SpanFilter], _ separator: String) -> String {
        parts.count == 1 ? parts[0].text : "(" + parts.map(\.text).joined(separator: separator) + ")"
    }
}

extension SpanSubject {
    /// As the language writes an integer of the subject.
    fileprivate func text(ofInteger value: Int64) -> String {
        switch self {
        case .duration, .eventTime: durationText(nanoseconds: value)
        case .status: StatusKeyword(rawValue: Int(truncatingIfNeeded: value))?.name ?? "\(value)"
        case .kind: KindKeyword(rawValue: Int(truncatingIfNeeded: value))?.name ?? "\(value)"
        default: "\(value)"
        }
    }

    fileprivate var text: String {
        switch self {
        case .spanAttribute(let key): "span." + Self.text(key)
        case .resourceAttribute(let key): "resource." + Self.text(key)
        case .scopeAttribute(let key): "instrumentation." + Self.text(key)
        case .eventAttribute(let key): "event." + Self.text(key)
        case .linkAttribute(let key): "link." + Self.text(key)
        case .eventName: "event:name"
        case .eventTime: "event:timeSinceStart"
        case .linkTraceID: "link:traceID"
        case .linkSpanID: "link:spanID"
        case .scopeName: "instrumentation:name"
        case .scopeVersion: "instrumentation:version"
        case .name: "name"
        case .statusMessage: "statusMessage"
        case .status: "status"
        case .kind: "kind"
        case .duration: "duration"
        case .spanID: "span:id"
        case .isRoot: "isRoot"
        }
    }

    private static func text(_ key: [UInt8]) -> String { String(decoding: key, as: UTF8.self) }
}

extension ValueTest {
    fileprivate func text(of name: String, _ integer: (Int64) -> String) -> String {
        switch self {
        case .exists: return "\(name) != nil"
        case .tag(let tag): return "\(name) contains \"\(tag.text)\""
        case .string(let bytes): return "\(name) = \"\(String(decoding: bytes, as: UTF8.self))\""
        case .integer(let range) where range.lowerBound == range.upperBound:
            return "\(name) = \(integer(range.lowerBound))"
        case .integer(let range): return "\(name) in \(integer(range.lowerBound))...\(integer(range.upperBound))"
        case .number(let range): return "\(name) in \(range.lowerBound)...\(range.upperBound)"
        case .boolean(let value): return "\(name) = \(value)"
        case .matches(let pattern): return "\(name) \(pattern.isNegated ? "!~" : "=~") \"\(pattern.text)\""
        case .compares(let comparison, let operand):
            let value =
                switch operand {
                case .string(let bytes): "\"\(String(decoding: bytes, as: UTF8.self))\""
                case .integer(let value): integer(value)
                case .double(let value): "\(value)"
                case .duration(let value): durationText(nanoseconds: value)
                case .boolean(let value): "\(value)"
                }
            return "\(name) \(comparison.text) \(value)"
        }
    }
}

extension Comparison {
    fileprivate var text: String {
        switch self {
        case .equal: "="
        case .notEqual: "!="
        case .less: "<"
        case .lessOrEqual: "<="
        case .greater: ">"
        case .greaterOrEqual: ">="
        }
    }
}
