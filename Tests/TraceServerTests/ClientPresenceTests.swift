// SPDX-License-Identifier: Apache-2.0

import QueryEngine
import Synchronization
import Testing
import TraceServer

@Suite(.timeLimit(.minutes(5))) struct ClientPresenceTests {
    private func wait(_ condition: () -> Bool) async throws {
        while !condition() {
            try Task.checkCancellation()
            await Task.yield()
        }
    }

    @Test(arguments: [false, true])
    func `a query is stopped when its client has left`(isReset: Bool) async throws {
        try await RunningServer.with { server in
            server.queries.state.withLock { $0.isEndless = true }
            try await HTTPTestConnection.with(port: server.port(.http), isReset: isReset) { connection in
                // The second is asked where the first was answered.
                try await connection.send("GET /ready HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(try await connection.answer().status == 200)
                try await connection.send("GET /api/search HTTP/1.1\r\nHost: a\r\n\r\n")
                try await wait { server.queries.state.withLock { $0.lastSearch != nil } }
                #expect(server.queries.state.withLock { $0.cancelledCount } == 0)
            }
            try await wait { server.queries.state.withLock { $0.cancelledCount == 1 } }
            let line = "\nvivace_query_requests_total{code=\"499\",kind=\"search\"} 1\n"
            try await wait { server.server.metrics.registry.exposition().contains(line) }
            server.queries.state.withLock { $0.isEndless = false }
            #expect(try await server.get("/api/search").status == 200)
        }
    }
}
