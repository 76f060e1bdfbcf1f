// SPDX-License-Identifier: Apache-2.0
internal import BlockFormat
internal import ByteCoding
internal import FileIO
internal import ObjectStorage
internal import Testing
internal import TraceModel
internal import TraceStorage

@Suite("Commits and the store's marker as bytes") struct ManifestCodingTests {
    private func sample() -> Commit {
        var generator = SeededGenerator(seed: 5)
        let removed = [generator.block().reference, generator.block().reference]
        let covered = [generator.generation()]
        return generator.commit(adding: 2, removing: removed, covering: covered)
    }

    private func littleEndian(_ value: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
    }

    @Test("every commit comes back equal", arguments: 0..<50 as Range<UInt64>)
    func roundTrip(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let removed = (0..<generator.next(below: 4)).map { _ in generator.block().reference }
        let covered = (0..<generator.next(below: 4)).map { _ in generator.generation() }
        let commit = generator.commit(adding: generator.next(below: 4), removing: removed, covering: covered)
        #expect(try Commit(decoding: commit.encoded(sequence: seed), sequence: seed) == commit)
    }

    @Test("the layout of a commit is the documented one, byte for byte")
    func goldenCommit() throws {
        let block = BlockSummary(
            id: BlockID(high: 1, low: 2), tenant: try #require(TenantID("ab")), byteCount: 3, rowCount: 4,
            traceCount: 5, traceIDs: TraceID(high: 6, low: 7)...TraceID(high: 8, low: 9),
            eventNanoseconds: 10...11, arrivalSeconds: 12...13, level: 14, formatVersion: 0x0F10)
        let commit = Commit(
            id: CommitID(high: 17, low: 18), createdNanoseconds: 19, added: [block],
            removed: [BlockReference(tenant: try #require(TenantID("c")), id: BlockID(high: 20, low: 21))],
            coveredGenerations: [JournalGenerationID(incarnation: IncarnationID(high: 22, low: 23), number: 24)])
        func id(_ high: UInt8, _ low: UInt8) -> [UInt8] {
            [0, 0, 0, 0, 0, 0, 0, high, 0, 0, 0, 0, 0, 0, 0, low]
        }
        var expected = Array("VIVACEC1".utf8) + [1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0]
        expected += id(17, 18) + littleEndian(19)
        expected += id(1, 2) + id(6, 7) + id(8, 9)
        for number in [3, 4, 5, 10, 11, 12, 13] as [UInt64] { expected += littleEndian(number) }
        expected += [14, 2, 0x10, 0x0F, 0x61, 0x62]
        expected += id(20, 21) + [1, 0x63]
        expected += id(22, 23) + littleEndian(24)
        expected += littleEndian(XXH3.hash(expected.rawSpan, seed: 77))
        #expect(commit.encoded(sequence: 77) == expected)
    }

    @Test("a commit that ends early, or has more behind it, is refused")
    func truncations() {
        let bytes = sample().encoded(sequence: 3)
        for length in 0..<bytes.count {
            let error = #expect(throws: ManifestError.self) {
                try Commit(decoding: Array(bytes.prefix(length)), sequence: 3)
            }
            #expect(error?.code == .corrupted)
        }
        #expect(throws: ManifestError.self) { try Commit(decoding: bytes + [0], sequence: 3) }
    }

    @Test("every flipped bit in a commit is noticed, and another's number too")
    func bitFlips() {
        let bytes = sample().encoded(sequence: 3)
        for offset in bytes.indices {
            for bit in 0..<8 {
                var damaged = bytes
                damaged[offset] ^= 1 << UInt8(bit)
                #expect(throws: ManifestError.self) { try Commit(decoding: damaged, sequence: 3) }
            }
        }
        #expect(throws: ManifestError.self) { try Commit(decoding: bytes, sequence: 4) }
    }

    @Test("a commit whose checksum holds but whose contents are impossible is refused")
    func hostileContents() {
        let bytes = sample().encoded(sequence: 3).dropLast(8)
        var generator = SeededGenerator(seed: 1)
        var refusedCount = 0
        for round in 0..<20_000 {
            var damaged = Array(bytes)
            let offset = round < damaged.count ? round : generator.next(below: damaged.count)
            damaged[offset] = round % 2 == 0 ? 0xFF : UInt8(generator.next(below: 256))
            if generator.next(below: 3) == 0 { damaged.removeLast(generator.next(below: damaged.count)) }
            damaged += littleEndian(XXH3.hash(damaged.rawSpan, seed: 3))
            do throws(ManifestError) {
                _ = try Commit(decoding: damaged, sequence: 3)
            } catch {
                refusedCount += 1
            }
        }
        #expect(refusedCount > 5000)
    }

    @Test("a commit of a newer version says so")
    func newerCommit() {
        var bytes = sample().encoded(sequence: 3)
        bytes[8] = 2
        let error = #expect(throws: ManifestError.self) { try Commit(decoding: bytes, sequence: 3) }
        #expect(error?.code == .unsupported)
    }

    @Test("the marker comes back equal, with more behind it too; damage is noticed")
    func marker() throws {
        let marker = StoreMarker(storeID: StoreID(high: 3, low: 4), createdNanoseconds: 5)
        let bytes = marker.encoded()
        var expected = Array("VIVACES1".utf8) + [1, 0, 0, 0, 1, 0, 0, 0]
        expected += [0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 4] + littleEndian(5) + littleEndian(0)
        #expect(bytes == expected + littleEndian(XXH3.hash(expected.rawSpan)))
        #expect(try StoreMarker(decoding: bytes + [1, 2, 3]) == marker)
        for length in 0..<bytes.count {
            #expect(throws: ManifestError.self) { try StoreMarker(decoding: Array(bytes.prefix(length))) }
        }
        for offset in bytes.indices {
            for bit in 0..<8 {
                var damaged = bytes
                damaged[offset] ^= 1 << UInt8(bit)
                #expect(throws: ManifestError.self) { try StoreMarker(decoding: damaged) }
            }
        }
    }
}
