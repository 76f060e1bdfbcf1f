// SPDX-License-Identifier: Apache-2.0

package import ByteCoding
internal import OTLP
package import TraceModel
internal import TrafficModel

/// Made-up spans, the same on every machine, as SDKs send them: 512 spans at most in each request.
package struct MadeUpRequests: Sendable {
    package static let arrivalSeconds: UInt32 = 1_767_225_600
    package static let arrivalNanoseconds = UInt64(arrivalSeconds) * 1_000_000_000

    /// Export requests, protobuf.
    package let bodies: [[UInt8]]
    package let traceIDs: [TraceID]

    /// - Parameter spanCount: Of all requests together; the last trace is cut short for it.
    package init(spanCount: Int) {
        var model = TrafficModel(seed: 1, start: Self.arrivalNanoseconds)
        var traces: [ModelTrace] = []
        var missing = spanCount
        while missing > 0 {
            var trace = model.nextTrace()
            // Parents stand before their children: what is left is a tree.
            trace.spans.removeLast(max(0, trace.spans.count - missing))
            missing -= trace.spans.count
            traces.append(trace)
        }
        bodies = TrafficModel.requests(for: traces).map(\.body)
        traceIDs = traces.map(\.id)
    }

    package var byteCount: Int { bodies.reduce(0) { $0 + $1.count } }

    /// As a node does with the requests between two cuts: for each shard one decoder and one head.
    ///
    /// - Returns: The heads, and the bytes that they hold.
    package func decoded(
        shards shardCount: Int = 1, pool: SlabPool
    ) throws -> (heads: [SpanBatchView], byteCount: Int) {
        var heads: [SpanBatchView] = []
        var byteCount = 0
        for shard in 0..<shardCount {
            var batch = SpanBatch(pool: pool, seed: 1)
            var decoder = OTLPDecoder()
            for index in stride(from: shard, to: bodies.count, by: shardCount) {
                let body = bodies[index]
                _ = try decoder.decode(body.rawSpan, arrivalSeconds: Self.arrivalSeconds, into: &batch)
            }
            heads.append(batch.view())
            byteCount += batch.byteCount
        }
        return (heads, byteCount)
    }
}
