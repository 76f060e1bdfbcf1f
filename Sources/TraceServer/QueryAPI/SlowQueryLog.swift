// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import HummingbirdCore
internal import Logging
internal import NIOCore
internal import Synchronization
internal import TraceModel

/// Logs queries that took long, once their answers are sent.
struct SlowQueryLog: Sendable {
    /// Nil logs none.
    let threshold: Duration?
    let logger: Logger

    /// The same answer; if it took long it is logged when its last byte is written, or the client has left.
    ///
    /// - Parameters:
    ///   - tenants: Whose spans were asked for; nil if everything is one tenant's.
    ///   - duration: Until the answer could begin, as it is in the metrics: what a slow client needs to take
    ///   the answer does not make a query slow.
    func noting(
        _ response: Response, to target: RequestTarget, kind: String, of tenants: TenantSet?, duration: Duration
    ) -> Response {
        guard let threshold, duration >= threshold else { return response }
        let (begin, body, status) = (ContinuousClock.now, response.body, response.status.code)
        var noted = response
        noted.body = ResponseBody(contentLength: body.contentLength) { writer in
            let counter = WrittenBytes()
            defer {
                log(
                    target, kind, tenants, duration, status: status,
                    byteCount: counter.count.load(ordering: .relaxed), sending: ContinuousClock.now - begin)
            }
            try await body.write(CountingWriter(writer: writer, counter: counter))
        }
        return noted
    }

    private func log(
        _ target: RequestTarget, _ kind: String, _ tenants: TenantSet?, _ duration: Duration, status: Int,
        byteCount: Int, sending: Duration
    ) {
        var metadata: Logger.Metadata = [
            "kind": "\(kind)", "path": "\(target.pathText)",
            "parameters": .dictionary(target.parameters.mapValues { .string($0) }),
            "seconds": .stringConvertible(seconds(duration)), "status": .stringConvertible(status),
            "bytes": .stringConvertible(byteCount), "sendingSeconds": .stringConvertible(seconds(sending)),
        ]
        if let tenants { metadata["tenant"] = "\(tenants)" }
        logger.notice("a query was slow", metadata: metadata)
    }

    /// With milliseconds.
    private func seconds(_ duration: Duration) -> Double {
        let (seconds, attoseconds) = duration.components
        return Double(seconds * 1_000 + attoseconds / 1_000_000_000_000_000) / 1_000
    }
}

private final class WrittenBytes: Sendable {
    let count = Atomic(0)
}

private struct CountingWriter: ResponseBodyWriter {
    var writer: any ResponseBodyWriter
    let counter: WrittenBytes

    mutating func write(_ buffer: ByteBuffer) async throws {
        try await writer.write(buffer)
        counter.count.add(buffer.readableBytes, ordering: .relaxed)
    }

    consuming func finish(_ trailingHeaders: HTTPFields?) async throws { try await writer.finish(trailingHeaders) }
}
