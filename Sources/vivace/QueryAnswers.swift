// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import TerminalRendering

/// A number of 64 bits in JSON: a string, as protobuf's JSON has it, or a number.
struct WideNumber: Decodable {
    var value: UInt64

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let number = try? container.decode(UInt64.self) {
            value = number
            return
        }
        let text = try container.decode(String.self)
        guard let number = UInt64(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "\(text) is no 64-bit number")
        }
        value = number
    }
}

/// `GET /api/slow`
struct SlowSpansAnswer: Decodable {
    struct Span: Decodable {
        var traceID: String
        var spanID: String
        var serviceName: String
        var name: String
        var startTimeUnixNano: WideNumber
        var durationNanos: WideNumber
        var criticalNanos: WideNumber
        var share: Double
        var status: String
    }

    var spans: [Span]
    var status: String
    var message: String?

    /// Why spans may be missing; nil if none are.
    var partialReason: String? { status == "COMPLETE" ? nil : message ?? "not all stored spans could be read" }

    var report: SlowSpansReport {
        SlowSpansReport(
            rows: spans.map { span in
                SlowSpansReport.Row(
                    traceID: span.traceID, spanID: span.spanID, serviceName: span.serviceName, name: span.name,
                    start: span.startTimeUnixNano.value, durationNanoseconds: span.durationNanos.value,
                    criticalNanoseconds: span.criticalNanos.value, share: span.share, status: span.status)
            })
    }
}

/// `GET /api/traces/{id}/critical-path`
struct CriticalPathAnswer: Decodable {
    struct Segment: Decodable {
        var serviceName: String
        var name: String
        var startTimeUnixNano: WideNumber
        var durationNanos: WideNumber
    }

    struct Span: Decodable {
        var serviceName: String
        var name: String
        var criticalNanos: WideNumber
        var share: Double
    }

    struct Service: Decodable {
        var serviceName: String
        var criticalNanos: WideNumber
        var share: Double
    }

    var traceID: String
    var rootServiceName: String
    var rootTraceName: String
    var startTimeUnixNano: WideNumber
    var durationNanos: WideNumber
    var complete: Bool
    var warnings: [String]
    var segments: [Segment]
    var spans: [Span]
    var services: [Service]

    private static let partialPrefix = "partial: "

    /// Why spans of the trace may be missing; nil if the server read all that is stored.
    var partialReason: String? {
        warnings.first { $0.hasPrefix(Self.partialPrefix) }.map { String($0.dropFirst(Self.partialPrefix.count)) }
    }

    var report: CriticalPathReport {
        var report = CriticalPathReport()
        report.traceID = traceID
        report.rootServiceName = rootServiceName
        report.rootName = rootTraceName
        report.start = startTimeUnixNano.value
        report.durationNanoseconds = durationNanos.value
        report.isComplete = complete
        report.warnings = warnings.filter { !$0.hasPrefix(Self.partialPrefix) }
        report.segments = segments.map {
            CriticalPathReport.Segment(
                serviceName: $0.serviceName, name: $0.name, start: $0.startTimeUnixNano.value,
                durationNanoseconds: $0.durationNanos.value)
        }
        report.spans = spans.map {
            CriticalPathReport.Part(
                label: "\($0.serviceName): \($0.name)", criticalNanoseconds: $0.criticalNanos.value, share: $0.share)
        }
        report.services = services.map {
            CriticalPathReport.Part(
                label: $0.serviceName, criticalNanoseconds: $0.criticalNanos.value, share: $0.share)
        }
        return report
    }
}

/// Reads an answer's JSON.
///
/// - Throws: `.unreachable`: what answers so is no Vivace.
func decodeAnswer<Answer: Decodable>(_ type: Answer.Type, _ body: [UInt8], from server: ServerURL) throws -> Answer {
    do {
        return try JSONDecoder().decode(type, from: Data(body))
    } catch {
        throw CommandError(
            .unreachable, "\(server) did not answer as a Vivace server does: \(QueryClient.firstLine(body))")
    }
}
