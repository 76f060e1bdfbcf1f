// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import Foundation
internal import Testing
internal import TraceModel

/// Bytes that lie beside this file, as hexadecimal digits.
enum Fixture {
    static func url(_ name: String) -> URL {
        URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden/\(name).hex")
    }

    static func bytes(_ name: String) throws -> [UInt8] {
        let digits = try String(contentsOf: url(name), encoding: .utf8).utf8.compactMap { hexadecimalValue($0) }
        return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }

    static func write(_ bytes: [UInt8], _ name: String) throws {
        let lines = stride(from: 0, to: bytes.count, by: 32).map { start in
            bytes[start..<min(bytes.count, start + 32)].map { byte in
                String(decoding: [hexadecimalDigit(byte >> 4), hexadecimalDigit(byte & 15)], as: UTF8.self)
            }.joined()
        }
        try (lines.joined(separator: "\n") + "\n").write(to: url(name), atomically: true, encoding: .utf8)
    }

    static func block(_ name: String) throws -> WrittenBlock {
        WrittenBlock(bytes: try bytes(name), statistics: BlockStatistics())
    }

    /// Whether bytes are those of the fixture; says where they first differ.
    static func expect(_ bytes: [UInt8], are name: String) throws {
        if ProcessInfo.processInfo.environment["VIVACE_WRITE_GOLDEN"] == name { try write(bytes, name) }
        let golden = try Self.bytes(name)
        let difference = zip(bytes, golden).enumerated().first { $0.element.0 != $0.element.1 }?.offset
        #expect(
            bytes == golden,
            """
            \(name): the bytes changed (\(bytes.count) bytes, were \(golden.count); first difference at \
            \(difference ?? min(bytes.count, golden.count))). What version 1 is does not change; a writer may choose \
            another encoding, though, if every reader of version 1 reads it: then the fixture stays, as bytes that \
            must be readable, and the new ones get a fixture of their own.
            """)
    }
}

/// The exact bytes of small blocks: old blocks must be read for ever.
///
/// A fixture that is new is written by `VIVACE_WRITE_GOLDEN=NAME swift test --filter GoldenTests`; one that is there
/// never changes.
@Suite struct GoldenTests {
    @Test func `the writer makes the same bytes as ever`() throws {
        try Fixture.expect(SmallBlock.written().bytes, are: "block-v1")
    }

    @Test func `the golden block reads as what it was written from`() async throws {
        let reader = try await Fixture.block("block-v1").open()
        try await reader.verify()
        let read = try await reader.readAll()
        #expect(try multiset(flatSpans(read)) == multiset(SmallBlock.request.flatSpans))
        for id in SmallBlock.traceIDs { #expect(try await reader.readTrace(id)?.rowCount == 2) }
        #expect(reader.footer.criticalPathVersion == 1)
        let summaries = try await reader.allSummaries().map { ExpectedSummary($0) }
        #expect(summaries.map(\.root) == [["shop", "GET /cart"].map { Array($0.utf8) }, [[], Array("odd".utf8)]])
    }

    @Test func `everything that a block can hold stands in it`() throws {
        let surgery = try BlockSurgery(Fixture.block("block-v1"))
        let columns = Set(surgery.chunks.map(\.column))
        for column in FixedColumn.allCases where !"\(column)".contains("Rest") {
            #expect(columns.contains(column.rawValue), "\(column)")
        }
        #expect(columns.filter { $0 >= FixedColumn.firstAttribute }.count == 12)
        #expect(Set(surgery.sections.map { $0.name.prefix(9) }) == ["section 1", "section 2", "section 3", "section 4"])
    }

    @Test func `with two columns alone the same spans are the same bytes as ever`() async throws {
        let block = try SmallBlock.written(limits: RestColumnTests.limits(2))
        try Fixture.expect(block.bytes, are: "block-v1-rest")
        let golden = try Fixture.block("block-v1-rest")
        let reader = try await golden.open()
        try await reader.verify()
        #expect(try multiset(flatSpans(try await reader.readAll())) == multiset(SmallBlock.request.flatSpans))
        let columns = Set(try BlockSurgery(golden).chunks.map(\.column))
        for column in [FixedColumn.spanRestKey, .spanRestType, .spanRestNumber, .spanRestString, .eventRestKey, .linkRestKey] {
            #expect(columns.contains(column.rawValue), "\(column)")
        }
    }

    @Test(arguments: GoldenCorpora.allCases)
    func `the corpora's blocks are the same bytes as ever, and read as their spans`(corpus: GoldenCorpora) async throws {
        try Fixture.expect(corpus.written().bytes, are: corpus.rawValue)
        let golden = try Fixture.block(corpus.rawValue)
        let reader = try await golden.open()
        try await reader.verify()
        let read = try await reader.readAll()
        let spans = corpus.request.flatSpans
        #expect(try multiset(flatSpans(read)) == multiset(spans))
        // Read and written again it is the same block, once its strings have their order.
        let again = write([read], critical: RoundTripTests.criticalTimes([read]))
        let reread = try await again.open().readAll()
        #expect(write([reread], critical: RoundTripTests.criticalTimes([reread])).bytes == again.bytes)
        if corpus == .manyKeys {
            #expect(reader.schema.columns.count == AttributeLimits().columnCount)
            #expect(try await reader.attributeKeys(of: .owner(.span)).count == 24 * 56 + 14 + 3)
        }
    }

    @Test func `a golden block with sections and footer fields of the future is read`() async throws {
        try Fixture.expect(Self.withUnknownSection(SmallBlock.written()), are: "block-v1-unknown-section")
        let golden = try Fixture.block("block-v1-unknown-section")
        let surgery = try BlockSurgery(golden)
        #expect(surgery.sections.contains { $0.name == "section 77.0" })
        let reader = try await golden.open()
        try await reader.verify()
        #expect(try multiset(flatSpans(try await reader.readAll())) == multiset(SmallBlock.request.flatSpans))
        for id in SmallBlock.traceIDs { #expect(try await reader.readTrace(id)?.rowCount == 2) }
    }

    /// The block with a section of kind 77 behind all others, and three bytes more at the end of its footer.
    private static func withUnknownSection(_ block: WrittenBlock) throws -> [UInt8] {
        let old = try BlockSurgery(block)
        let footer = old.footer.range
        let count = try #require(old.sections.first).kindOffset - 1
        let section = Array("from the future".utf8)
        var entry: [UInt8] = [77, 0]
        // Where the footer was, as a varint of two bytes.
        try #require(footer.lowerBound < 1 << 14)
        entry += [UInt8(truncatingIfNeeded: footer.lowerBound) | 0x80, UInt8(footer.lowerBound >> 7)]
        entry += [UInt8(section.count)] + [UInt8](repeating: 0, count: 8) + [0]
        var bytes = block.bytes
        bytes[count] += 1
        bytes.insert(contentsOf: entry + [1, 2, 3], at: footer.upperBound)
        bytes.insert(contentsOf: section, at: footer.lowerBound)
        let length = footer.count + entry.count + 3
        let trailer = footer.upperBound + section.count + entry.count + 3
        for byte in 0..<4 { bytes[trailer + byte] = UInt8(truncatingIfNeeded: length >> (8 * byte)) }
        var newer = try BlockSurgery(WrittenBlock(bytes: bytes, statistics: block.statistics))
        newer.reseal()
        return newer.bytes
    }
}
