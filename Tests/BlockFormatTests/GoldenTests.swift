// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import Foundation
internal import Testing
internal import TraceModel

/// The exact bytes of a small block: old blocks must be read for ever.
///
/// The fixture lies beside this file. Until format version 1 is declared a change of the format is answered by writing
/// it anew: `VIVACE_WRITE_GOLDEN=1 swift test --filter GoldenTests`. From then on it never changes; a newer version
/// gets a fixture of its own.
@Suite struct GoldenTests {
    static let fixture = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "block-v1.hex")

    static func golden() throws -> WrittenBlock {
        let digits = try String(contentsOf: fixture, encoding: .utf8).utf8.compactMap { hexadecimalValue($0) }
        let bytes = stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
        return WrittenBlock(bytes: bytes, statistics: BlockStatistics())
    }

    @Test func `the writer makes the same bytes as ever`() throws {
        let bytes = try SmallBlock.written().bytes
        if ProcessInfo.processInfo.environment["VIVACE_WRITE_GOLDEN"] != nil {
            let lines = stride(from: 0, to: bytes.count, by: 32).map { start in
                bytes[start..<min(bytes.count, start + 32)].map { byte in
                    String(decoding: [hexadecimalDigit(byte >> 4), hexadecimalDigit(byte & 15)], as: UTF8.self)
                }.joined()
            }
            try (lines.joined(separator: "\n") + "\n").write(to: Self.fixture, atomically: true, encoding: .utf8)
        }
        let golden = try Self.golden().bytes
        let difference = zip(bytes, golden).enumerated().first { $0.element.0 != $0.element.1 }?.offset
        #expect(
            bytes == golden,
            """
            The block's bytes changed (\(bytes.count) bytes, were \(golden.count); first difference at \
            \(difference ?? min(bytes.count, golden.count))). If the format was meant to change, write the fixture anew: \
            VIVACE_WRITE_GOLDEN=1 swift test --filter GoldenTests
            """)
    }

    @Test func `the golden block reads as what it was written from`() async throws {
        let reader = try await Self.golden().open()
        try await reader.verify()
        let read = try await reader.readAll()
        #expect(try multiset(flatSpans(read)) == multiset(SmallBlock.request.flatSpans))
        for id in SmallBlock.traceIDs { #expect(try await reader.readTrace(id)?.rowCount == 2) }
        #expect(reader.footer.criticalPathVersion == 1)
        let summaries = try await reader.allSummaries().map { ExpectedSummary($0) }
        #expect(summaries.map(\.root) == [["shop", "GET /cart"].map { Array($0.utf8) }, [[], Array("odd".utf8)]])
    }

    @Test func `everything that a block can hold stands in it`() throws {
        let surgery = try BlockSurgery(Self.golden())
        let columns = Set(surgery.chunks.map(\.column))
        for column in FixedColumn.allCases { #expect(columns.contains(column.rawValue), "\(column)") }
        #expect(columns.filter { $0 >= FixedColumn.firstAttribute }.count == 12)
        #expect(Set(surgery.sections.map { $0.name.prefix(9) }) == ["section 1", "section 2", "section 3", "section 4"])
    }
}
