// SPDX-License-Identifier: Apache-2.0

internal import FileIO
internal import Inflate
internal import Ingest
internal import OTLPGenerator
internal import ProtobufMessages
internal import StoreTesting
internal import Testing
internal import TraceModel
internal import TraceStorage

@Suite("The ingest service", .timeLimit(.minutes(5))) struct IngestServiceTests {
    private let system = SimulatedFileSystem(seed: 1)

    // MARK: What is taken

    @Test("good spans are stored with the arrival time, rejected ones counted and explained", arguments: [false, true])
    func partialSuccess(isCompressed: Bool) async throws {
        let service = try await open()
        var traffic = RandomOTLP(seed: 4, options: .init(hasBadIDs: true))
        for _ in 0..<10 {
            let message = traffic.request(maximumSpans: 40)
            let expected = try SentRequest(message, .single, arrivalSeconds: 1_700_000_000)
            let bytes = try message.encoded()
            let outcome = try await service.receiver.export(
                ExportRequest(
                    tenant: .single, body: isCompressed ? try gzip(bytes) : bytes,
                    encoding: isCompressed ? .gzip : .identity))
            #expect(outcome.acceptedSpanCount == expected.copies.count)
            #expect(outcome.rejectedSpanCount == expected.rejectedSpanCount)
            #expect((outcome.rejectionMessage == nil) == (expected.rejectedSpanCount == 0))
            let found = try await service.opened.store.copiesBySource(of: .single).flatMap { $0 }
            #expect(Set(found).isSuperset(of: expected.copies))
        }
        #expect(service.usedByteCount == 0)
    }

    @Test("spans stay with their tenant") func tenants() async throws {
        let service = try await open()
        let other = try #require(TenantID("other"))
        _ = try await service.receiver.export(ExportRequest(tenant: other, body: try request(5), encoding: .identity))
        #expect(try await service.opened.store.copiesBySource(of: .single).isEmpty)
        #expect(try await service.opened.store.copiesBySource(of: other).flatMap { $0 }.count == 5)
    }

    @Test("a request without spans is a success") func emptyRequest() async throws {
        let service = try await open()
        let nothing = ExportOutcome(acceptedSpanCount: 0, rejectedSpanCount: 0, rejectionMessage: nil)
        #expect(try await service.receiver.export(ExportRequest(tenant: .single, body: [], encoding: .identity)) == nothing)
        let empty = try gzip([UInt8]())
        #expect(try await service.receiver.export(ExportRequest(tenant: .single, body: empty, encoding: .gzip)) == nothing)
    }

    // MARK: Memory

    @Test("a reservation counts until it is let go") func reservations() async throws {
        let service = try await open(ingestByteLimit: 1000)
        do {
            let first = try service.receiver.reserve(600)
            #expect(first.byteCount == 600)
            #expect(service.usedByteCount == 600)
            let error = #expect(throws: IngestError.self) { try service.receiver.reserve(401) }
            #expect(error?.code == .overloaded)
            #expect(error?.retryAfterSeconds == 1)
            let second = try service.receiver.reserve(400)
            #expect(service.usedByteCount == 1000)
            withExtendedLifetime((first, second)) {}
        }
        #expect(service.usedByteCount == 0)
        _ = try service.receiver.reserve(1000)
        #expect(service.usedByteCount == 0)
    }

    @Test("what is larger than any request may be is too large, and not worth another try") func tooLargeBodies() async throws {
        let service = try await open(ingestByteLimit: 5000) { $0.bodyByteLimit = 1000 }
        #expect(throws: Never.self) { _ = try service.receiver.reserve(1000) }
        for byteCount in [1001, 5000, 6000, Int.max] {
            let error = #expect(throws: IngestError.self) { try service.receiver.reserve(byteCount) }
            #expect(error?.code == .tooLarge)
            #expect(error?.retryAfterSeconds == nil)
        }
        #expect(service.usedByteCount == 0)
    }

    @Test("what does not fit into the memory even alone is too large") func tooLargeForTheBudget() async throws {
        let service = try await open(ingestByteLimit: 1000)
        #expect(#expect(throws: IngestError.self) { try service.receiver.reserve(1001) }?.code == .tooLarge)
        let bomb = try gzip([UInt8](repeating: 0, count: 1001))
        await expectFailure(.tooLarge, service, bomb, .gzip)
        // The body counts too: its sender holds it reserved.
        let almost = try gzip([UInt8](repeating: 0, count: 990))
        await expectFailure(.tooLarge, service, almost, .gzip)
        #expect(service.usedByteCount == 0)
    }

    @Test("a gzip bomb ends at the limit") func gzipBombs() async throws {
        let service = try await open { $0.inflatedByteLimit = 1 << 20 }
        for byteCount in [1 << 20 + 1, 50 << 20] {
            let bomb = try gzip([UInt8](repeating: 0, count: byteCount))
            await expectFailure(.tooLarge, service, bomb, .gzip)
        }
        // Zeros are no protobuf, but as many as may be are looked at.
        let full = try gzip([UInt8](repeating: 0, count: 1 << 20))
        await expectFailure(.malformed, service, full, .gzip)
        #expect(service.usedByteCount == 0)
    }

    @Test("inflated bytes count while the request is worked on, and a request that does not fit now may come again")
    func inflatedBytesCount() async throws {
        let service = try await open(ingestByteLimit: 100_000)
        let body = try gzip([UInt8](repeating: 0, count: 60_000))
        do {
            let held = try service.receiver.reserve(50_000)
            let error = await expectFailure(.overloaded, service, body, .gzip)
            #expect(error?.retryAfterSeconds == 1)
            withExtendedLifetime(held) {}
        }
        await expectFailure(.malformed, service, body, .gzip)
        #expect(service.usedByteCount == 0)
    }

    // MARK: What is refused

    @Test("bytes that are no request, or no gzip, are malformed at every length") func malformed() async throws {
        let service = try await open()
        let good = try gzip(try request(3))
        for byteCount in 1..<good.count {
            await expectFailure(.malformed, service, Array(good.prefix(byteCount)), .gzip)
        }
        await expectFailure(.malformed, service, good + [1], .gzip)
        await expectFailure(.malformed, service, good, .identity)
        await expectFailure(.malformed, service, try request(3), .gzip)
        await expectFailure(.malformed, service, try request(3).dropLast(), .identity)
        await expectFailure(.malformed, service, try gzip(try request(3).dropLast()), .gzip)
        #expect(service.usedByteCount == 0)
        #expect(try await service.opened.store.copiesBySource(of: .single).isEmpty)
    }

    @Test("full heads are overload with a hint when to come again") func fullHeads() async throws {
        let service = try await open(headsByteLimit: 1)
        _ = try await service.receiver.export(ExportRequest(tenant: .single, body: try request(1), encoding: .identity))
        let error = await expectFailure(.overloaded, service, try request(1), .identity)
        #expect(error?.retryAfterSeconds == 1)
    }

    @Test("a failed disk and a closing store are unavailability with a longer hint") func unavailable() async throws {
        let service = try await open()
        system.inject(SimulatedFault(.synchronize, .ioFailure, pathSuffix: ".journal"))
        #expect(await expectFailure(.unavailable, service, try request(1), .identity)?.retryAfterSeconds == 5)
        _ = try await service.receiver.export(ExportRequest(tenant: .single, body: try request(1), encoding: .identity))
        service.opened.store.beginClosing()
        let error = await expectFailure(.unavailable, service, try request(1), .identity)
        #expect(error?.retryAfterSeconds == 5)
        #expect(error?.message.contains("shutting down") == true)
        #expect(service.usedByteCount == 0)
    }

    // MARK: Support

    private struct Service {
        var opened: OpenStore
        var receiver: IngestService
        var usedByteCount: Int { opened.budget.usedByteCount(by: .ingest) }
    }

    private func open(
        ingestByteLimit: Int = 64 << 20, headsByteLimit: Int = 1 << 30,
        _ configure: (inout IngestLimits) -> Void = { _ in }
    ) async throws -> Service {
        let budget = MemoryBudget(limits: [.ingest: ingestByteLimit, .heads: headsByteLimit, .cache: 1 << 20])
        let opened = try await OpenStore.open(on: system, budget: budget)
        var limits = IngestLimits()
        configure(&limits)
        return Service(
            opened: opened,
            receiver: try IngestService(
                store: opened.store, budget: budget, limits: limits, now: { 1_700_000_000_000_000_000 }))
    }

    /// A request with as many spans.
    private func request(_ spanCount: Int) throws -> [UInt8] {
        var traffic = RandomOTLP(seed: UInt64(spanCount))
        while true {
            let request = traffic.request(maximumSpans: spanCount)
            if request.resourceSpans.flatMap(\.scopeSpans).flatMap(\.spans).count == spanCount {
                return try request.encoded()
            }
        }
    }

    @discardableResult
    private func expectFailure(
        _ code: IngestError.Code, _ service: Service, _ body: [UInt8], _ encoding: BodyEncoding,
        _ location: SourceLocation = #_sourceLocation
    ) async -> IngestError? {
        do {
            let reservation = try service.receiver.reserve(body.count)
            _ = try await service.receiver.export(ExportRequest(tenant: .single, body: body, encoding: encoding))
            withExtendedLifetime(reservation) {}
            Issue.record("was taken", sourceLocation: location)
            return nil
        } catch {
            #expect(error.code == code, "\(error)", sourceLocation: location)
            return error
        }
    }
}
