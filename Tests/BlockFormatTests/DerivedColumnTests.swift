// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import Testing
internal import TraceModel

@Suite struct DerivedColumnTests {
    @Test func `the derived column comes back to who knows its definition, and to nobody else`() async throws {
        var choices = Choices(seed: 4)
        let spans = choices.spans(9000, traceCount: 700, names: ["a"], services: ["s"])
        let views = [view(of: spans)]
        let times = RoundTripTests.criticalTimes(views)
        let reader = try await write(views, critical: times).open()
        var read: [UInt64] = []
        for group in reader.footer.rowGroups.indices {
            read += try await reader.criticalNanoseconds(ofRowGroup: group, version: 1) ?? []
        }
        #expect(read == times)
        #expect(reader.footer.rowGroups.count > 1)
        for version in [0, 2, 255] as [UInt8] {
            #expect(try await reader.criticalNanoseconds(ofRowGroup: 0, version: version) == nil)
        }
    }

    @Test func `a block by a newer definition is read, but its derived column is not believed`() async throws {
        let block = try SmallBlock.written()
        var newer = try BlockSurgery(block)
        // Row and trace count, two IDs, two times of nine bytes and two arrivals of one come before it.
        let version = newer.footer.range.lowerBound + 2 + 32 + 9 + 9 + 1 + 1
        try #require(newer.bytes[version] == 1)
        newer.bytes[version] = 2
        newer.reseal()
        let reader = try await BlockReader(id: newer.id, source: MemorySource(bytes: newer.bytes))
        try #require(reader.footer.criticalPathVersion == 2)
        try await reader.verify()
        #expect(try multiset(flatSpans(try await reader.readAll())) == multiset(SmallBlock.request.flatSpans))
        #expect(try await reader.criticalNanoseconds(ofRowGroup: 0, version: 1) == nil)
        #expect(try await reader.criticalNanoseconds(ofRowGroup: 0, version: 2) == [5000, 3000, 0, 0])
    }

    @Test func `a block without a derived column says so`() async throws {
        let reader = try await write([view(of: [MadeSpan(1)])]).open()
        #expect(try await reader.criticalNanoseconds(ofRowGroup: 0, version: 1) == nil)
    }
}
