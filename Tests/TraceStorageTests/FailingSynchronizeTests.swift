// SPDX-License-Identifier: Apache-2.0

internal import FileIO
internal import StoreTesting
internal import Testing
internal import TraceModel
internal import TraceStorage

@Suite("A store whose disk can't make something durable", .timeLimit(.minutes(10))) struct FailingSynchronizeTests {
    /// Synchronizations of either kind in the life of a store that the test leads, and some more.
    private static let stepCount = 40

    @Test(
        "whichever fsync fails, once or for a while: what was acknowledged is there, now and after a power cut",
        arguments: [FileOperation.synchronize, .synchronizeDirectory], [1, 3, 20])
    func everyStep(operation: FileOperation, times: Int) async throws {
        var hitCount = 0
        for passedCount in 0..<Self.stepCount {
            let system = SimulatedFileSystem(seed: UInt64(passedCount))
            var requests = StoreRequests(seed: UInt64(passedCount))
            var model = StoreModel()
            let opened = try await OpenStore.open(on: system)
            system.inject(SimulatedFault(operation, .ioFailure, after: passedCount, times: times))
            for _ in 0..<3 {
                for _ in 0..<3 {
                    let request = try requests.next()
                    model.send(request)
                    do {
                        _ = try await opened.store.append(try request.received())
                        model.acknowledge(request)
                    } catch {
                        hitCount += 1
                        #expect((error as? StoreError)?.code == .unavailable, "\(error)")
                    }
                }
                try opened.store.cut()
                do {
                    while try await opened.store.flushOldest(opened.logger) {}
                } catch {
                    hitCount += 1
                }
                try await expect(model, in: opened, of: requests.tenant, "fsync \(passedCount)")
            }
            system.crash()
            let reopened = try await insistently(times) { try await OpenStore.open(on: system) }
            try await expect(model, in: reopened, of: requests.tenant, "after fsync \(passedCount) and a power cut")
        }
        #expect(hitCount > 5, "the faults were met")
    }

    private func expect(
        _ model: StoreModel, in opened: OpenStore, of tenant: TenantID, _ when: String
    ) async throws {
        let found = try await opened.store.copiesBySource(of: tenant).flatMap { $0 }
        let objection = model.objection(to: found, of: tenant)
        #expect(objection == nil, "\(when)")
    }

    private func insistently<Value>(_ times: Int, _ body: () async throws -> Value) async throws -> Value {
        for _ in 0..<times {
            if let value = try? await body() { return value }
        }
        return try await body()
    }
}
