// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Testing
import TraceServer

@Suite(.timeLimit(.minutes(5))) struct DeadlinesTests {
    private let start = ContinuousClock.now

    @Test func `what is due is done once, what was called off is not`() {
        let deadlines = Deadlines()
        let done = Mutex<[Int]>([])
        let keys = (0..<4).map { index in
            deadlines.add(at: start + .seconds(index)) { done.withLock { $0.append(index) } }
        }
        deadlines.callOff(keys[1])
        deadlines.act(at: start - .seconds(1))
        #expect(done.withLock { $0 } == [])
        deadlines.act(at: start + .seconds(2))
        #expect(done.withLock { $0.sorted() } == [0, 2])
        deadlines.act(at: start + .seconds(2))
        #expect(done.withLock { $0.count } == 2)
        #expect(deadlines.count == 1)
        deadlines.callOff(keys[0])
        deadlines.callOff(keys[3])
        #expect(deadlines.count == 0)
    }

    @Test func `a body that stops coming ends its connection`() async throws {
        var limits = RunningServer.smallLimits
        limits.bodySeconds = 1
        try await RunningServer.with(limits: limits) { server in
            try await HTTPTestConnection.with(port: server.port(.otlpHTTP)) { connection in
                try await connection.send(
                    "POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-protobuf\r\nContent-Length: 9\r\n\r\nx"
                )
                #expect(await connection.isClosedByServer())
            }
            while server.receiver.reservedByteCount > 0 { await Task.yield() }
            #expect(server.receiver.requests.isEmpty)
        }
    }
}
