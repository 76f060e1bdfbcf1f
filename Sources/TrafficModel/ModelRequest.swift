// SPDX-License-Identifier: Apache-2.0

/// One OTLP Export request of one process.
package struct ModelRequest: Sendable {
    /// The protobuf encoding of opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest.
    package var body: [UInt8]
    package var spanCount: Int
}

/// Requests, and what must be found when all of them were stored.
package struct ModelTraffic: Sendable {
    package var requests: [ModelRequest]
    /// One for each trace, in the order in which they started.
    package var truths: [TraceTruth]

    package var spanCount: Int { truths.reduce(0) { $0 + $1.spanCount } }
}

extension TrafficModel {
    /// The next traces as the services' SDKs export them: each process sends its own spans of all traces in the order
    /// in which they ended, so that one trace lies in as many requests as it touched processes.
    ///
    /// - Parameter maximumSpanCount: The most spans that one request holds.
    /// - Complexity: O(n log n) in the spans.
    package mutating func nextRequests(
        traceCount: Int, maximumSpanCount: Int = TrafficModel.usualRequestSpanCount
    ) -> ModelTraffic {
        let traces = (0..<traceCount).map { _ in nextTrace() }
        return ModelTraffic(
            requests: Self.requests(for: traces, maximumSpanCount: maximumSpanCount), truths: traces.map(\.truth))
    }

    /// Given traces as the services' SDKs export them.
    package static func requests(
        for traces: [ModelTrace], maximumSpanCount: Int = TrafficModel.usualRequestSpanCount
    ) -> [ModelRequest] {
        precondition(maximumSpanCount > 0, "a request holds spans")
        let exports = ModelService.allCases.flatMap { service in
            (0..<service.instanceCount).map { ModelProcess(service: service, instance: $0) }
        }
        var spansByProcess: [ModelProcess: [RequestEncoder.Row]] = [:]
        for (traceIndex, trace) in traces.enumerated() {
            for (spanIndex, span) in trace.spans.enumerated() {
                spansByProcess[span.process, default: []]
                    .append(RequestEncoder.Row(trace: traceIndex, span: spanIndex, end: span.end))
            }
        }
        return exports.flatMap { process in
            let rows = (spansByProcess[process] ?? []).sorted()
            return stride(from: 0, to: rows.count, by: maximumSpanCount).map { first in
                let part = rows[first..<min(first + maximumSpanCount, rows.count)]
                return RequestEncoder.request(of: process, part, in: traces)
            }
        }
    }
}
