// SPDX-License-Identifier: Apache-2.0

/// Sends requests over one connection until that breaks, and notes what becomes of them.
struct CrashSender: Sendable {
    let ledger: CrashLedger
    let server: TestServer
    /// Called when a request is on its way, before its answer is read.
    var afterSending: @Sendable () async throws -> Void = {}

    /// So many acknowledged requests go by until one is looked for at once.
    private static let lookingInterval = 8

    func run() async {
        do {
            try await HTTPConnection.with(port: server.otlpHTTP) { otlp in
                try await HTTPConnection.with(port: server.http) { query in
                    while true { try await sendNext(over: &otlp, lookingBy: &query) }
                }
            }
        } catch let failure as TestFailure {
            ledger.note(failure)
        } catch {
            // The server is gone, as it should be.
        }
    }

    private func sendNext(over otlp: inout HTTPConnection, lookingBy query: inout HTTPConnection) async throws {
        let (number, body) = ledger.next()
        var fate = CrashLedger.Fate.unknown
        defer { ledger.settle(number, fate) }
        try await otlp.send(.export(body))
        try await afterSending()
        let answer = try await otlp.answer()
        switch answer.status {
        case 200 where answer.body.isEmpty:
            fate = .acknowledged
            if number % Self.lookingInterval == 0 { try await ledger.checkReadable(number, by: &query) }
        case 429:
            fate = .refused
            // As impatient as a client may be.
            try await Task.sleep(for: .milliseconds(10))
        case 503:
            throw ConnectionClosed()
        default:
            throw TestFailure("request \(number) was answered with HTTP \(answer.status): \(answer.text)")
        }
    }
}
