// SPDX-License-Identifier: Apache-2.0

internal import AsyncHTTPClient
internal import ByteCoding
internal import Inflate
internal import NIOCore
internal import NIOHTTP1
internal import TerminalRendering

/// Sends OTLP requests one after another, each until the server has it or does not want it.
struct SpanSender: Sendable {
    let server: ServerURL
    let access: ServerAccess
    let compresses: Bool
    let http: HTTPClient
    let tally: SendTally

    /// How often one request is sent before it is given up.
    private static let maximumAttemptCount = 30
    /// The longest wait that a server may ask for.
    private static let maximumWaitSeconds = 30.0
    private static let timeout = TimeAmount.seconds(60)
    private static let answerByteLimit = 1 << 20

    /// What to do next.
    private enum Verdict {
        case stored(rejectedSpanCount: Int, message: String?)
        case tryAgain(afterSeconds: Double?, reason: String)
        case refused(String)
    }

    /// - Parameter request: An ExportTraceServiceRequest with `spanCount` spans.
    /// - Returns: What became of it; the tally has it too.
    /// - Throws: `.unreachable` if there is no connection and never was one, `.usage` if the server wants another token.
    @discardableResult
    func send(_ request: [UInt8], spanCount: Int) async throws -> LoadReport {
        let body = ByteBuffer(bytes: compresses ? try gzip(request, level: 1) : request)
        var part = LoadReport()
        for attempt in 1...Self.maximumAttemptCount {
            let begin = ContinuousClock.now
            let verdict = try await post(body)
            switch verdict {
            case .stored(let rejectedSpanCount, let message):
                part.requestCount = 1
                part.byteCount = body.readableBytes
                part.rejectedSpanCount = min(rejectedSpanCount, spanCount)
                part.acknowledgedSpanCount = spanCount - part.rejectedSpanCount
                part.latenciesNanoseconds = [begin.duration(to: .now).nanoseconds]
                part.firstProblem = message
                tally.add(part)
                return part
            case .refused(let reason):
                part.unsentSpanCount = spanCount
                part.firstProblem = reason
                tally.add(part)
                return part
            case .tryAgain(let seconds, let reason):
                part.firstProblem = attempt == Self.maximumAttemptCount ? reason : nil
                var wait = LoadReport()
                wait.retryCount = 1
                tally.add(wait)
                if attempt < Self.maximumAttemptCount { try await pause(seconds, attempt: attempt) }
            }
        }
        part.unsentSpanCount = spanCount
        tally.add(part)
        return part
    }

    /// Waits as long as the server asked for, else longer from time to time, up to five seconds.
    private func pause(_ seconds: Double?, attempt: Int) async throws {
        let growing = min(5, 0.1 * Double(1 << min(attempt, 6))) * Double.random(in: 0.5...1)
        try await Task.sleep(for: .seconds(min(seconds ?? growing, Self.maximumWaitSeconds)))
    }

    private func post(_ body: ByteBuffer) async throws -> Verdict {
        var request = HTTPClientRequest(url: server.description + "/v1/traces")
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/x-protobuf")
        if compresses { request.headers.add(name: "content-encoding", value: "gzip") }
        access.add(to: &request.headers)
        request.body = .bytes(body)
        do {
            let response = try await http.execute(request, timeout: Self.timeout)
            let answer = Array(buffer: try await response.body.collect(upTo: Self.answerByteLimit))
            return try verdict(response, answer)
        } catch let error as CommandError {
            throw error
        } catch where error is CancellationError || (error as? HTTPClientError) == .cancelled {
            throw error
        } catch {
            guard tally.hasAnswer else {
                throw unreachable(
                    server, error, hint: "Name another OTLP address with --otlp or VIVACE_OTLP.")
            }
            return .tryAgain(afterSeconds: nil, reason: connectionFailureReason(error))
        }
    }

    private func verdict(_ response: HTTPClientResponse, _ answer: [UInt8]) throws -> Verdict {
        let said = QueryClient.firstLine(answer)
        if let refusal = access.refusal(of: server, response.status.code, said, needs: "write") { throw refusal }
        switch response.status.code {
        case 200...299:
            let (count, message) = partialSuccess(answer)
            return .stored(rejectedSpanCount: count, message: message)
        case 404, 405:
            throw CommandError(
                .unreachable,
                "\(server) takes no OTLP (HTTP \(response.status.code)). It is the address of "
                    + "--otlp-http that is needed, by default http://127.0.0.1:4318.")
        case 429, 502, 503, 504:
            let seconds = response.headers.first(name: "retry-after").flatMap { Double($0) }
            return .tryAgain(afterSeconds: seconds, reason: "HTTP \(response.status.code)")
        default:
            return .refused("HTTP \(response.status.code): \(said)")
        }
    }

    /// Reads an ExportTraceServiceResponse: 1 partial_success ─ 1 rejected_spans, 2 error_message.
    private func partialSuccess(_ answer: [UInt8]) -> (Int, String?) {
        var rejected = 0
        var message: String?
        // An answer that can't be read was a success all the same: its status says so.
        try? eachField(answer) { number, _, content in
            guard number == 1 else { return }
            try eachField(content) { number, value, content in
                if number == 1 { rejected = Int(clamping: value) }
                if number == 2, !content.isEmpty { message = String(decoding: content, as: UTF8.self) }
            }
        }
        return (rejected, message)
    }
}
