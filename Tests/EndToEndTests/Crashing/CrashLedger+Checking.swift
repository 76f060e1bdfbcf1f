// SPDX-License-Identifier: Apache-2.0

extension CrashLedger {
    /// Asks for traces by ID and compares them with what was sent.
    ///
    /// Only while nothing is sent.
    ///
    /// - Throws: ``TestFailure`` unless every acknowledged span is found once, nothing is found that was not sent,
    ///   nothing that was refused, and each request whose fate is unknown either whole or not at all.
    func check(_ traces: some Collection<Int>, on server: TestServer) async throws {
        let shares = try await withThrowingTaskGroup(of: [Int: Int].self) { group in
            let shareCount = 4
            for share in 0..<shareCount {
                let part = traces.enumerated().filter { $0.offset % shareCount == share }.map(\.element)
                group.addTask { try await self.foundCounts(of: part, on: server) }
            }
            return try await group.reduce(into: [:]) { $0.merge($1, uniquingKeysWith: +) }
        }
        let checked = Set(traces)
        for number in Set(traces.flatMap { requests(ofTrace: $0) }) {
            let spans = traffic.spans(ofRequest: number).filter { checked.contains($0.trace) }
            let foundCount = shares[number] ?? 0
            let isRight =
                switch fate(of: number) {
                case .acknowledged: foundCount == spans.count
                case .unknown, .underWay: foundCount == 0 || foundCount == spans.count
                case .refused, nil: foundCount == 0
                }
            guard isRight else {
                let fate = fate(of: number).map { "\($0)" } ?? "never sent"
                throw TestFailure("request \(number) is \(fate): \(foundCount) of \(spans.count) spans were found")
            }
        }
    }

    /// How many spans of each request are found in the traces, each as it was sent and once.
    private func foundCounts(of traces: [Int], on server: TestServer) async throws -> [Int: Int] {
        try await HTTPConnection.result(port: server.http) { connection in
            var counts: [Int: Int] = [:]
            var sent: [Int: [(trace: Int, span: TestSpan)]] = [:]
            for trace in traces {
                var seen: Set<[UInt8]> = []
                for span in try await connection.spans(ofTrace: hexadecimal(traffic.traceID(trace))) {
                    let origin = CrashTraffic.origin(ofSpanID: span.spanID)
                    let spans = sent[origin.request] ?? traffic.spans(ofRequest: origin.request)
                    sent[origin.request] = spans
                    guard fate(of: origin.request) != nil, spans.indices.contains(origin.index),
                        spans[origin.index] == (trace, span)
                    else { throw TestFailure("a span came back that was not sent so: \(span)") }
                    guard seen.insert(span.spanID).inserted else {
                        throw TestFailure("span \(origin.index) of request \(origin.request) came twice")
                    }
                    counts[origin.request, default: 0] += 1
                }
            }
            return counts
        }
    }

    /// Whether a trace holds all spans of a request that was just acknowledged.
    func checkReadable(_ number: Int, by connection: inout HTTPConnection) async throws {
        let sent = traffic.spans(ofRequest: number)
        let trace = sent[0].trace
        let found = Set(try await connection.spans(ofTrace: hexadecimal(traffic.traceID(trace))))
        for (_, span) in sent where span.traceID == sent[0].span.traceID && !found.contains(span) {
            throw TestFailure("request \(number) was acknowledged, but \(span) is not found in trace \(trace)")
        }
    }
}
