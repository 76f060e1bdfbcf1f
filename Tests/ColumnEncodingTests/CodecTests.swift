// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import ColumnEncoding
internal import Testing

@Suite struct CodecTests {
    @Test func repetitiveBytesAreCompressedAndComeBack() throws {
        for count in [32, 100, 5000] {
            let bytes = (0..<count).map { UInt8($0 % 4) }
            var out = ByteWriter()
            out.append(UInt8(99))
            let codec = Codec.append(bytes.rawSpan, to: &out)
            try #require(codec == .lz4)
            let stored = [UInt8](out.array().dropFirst())
            #expect(stored.count * 10 <= count * 9)
            let back = try codec.decode(stored.rawSpan, limit: count)
            #expect(back == bytes)
            #expect(throws: ByteCodingError.self) { _ = try codec.decode(stored.rawSpan, limit: count - 1) }
        }
    }

    @Test func bytesThatDoNotShrinkByATenthAreLeftAlone() throws {
        var random = SeededRandom(1)
        for count in [0, 1, 31, 5000] {
            let bytes = (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            var out = ByteWriter()
            let codec = Codec.append(bytes.rawSpan, to: &out)
            #expect(codec == .none)
            #expect(out.count == 0)
            let back = try codec.decode(bytes.rawSpan, limit: count)
            #expect(back == bytes)
        }
    }

    @Test func damagedBytesAreRefusedOrStayWithinTheLimit() {
        var out = ByteWriter()
        _ = Codec.append((0..<200).map { UInt8($0 % 9) }.rawSpan, to: &out)
        damaged(out.array()) { bytes in
            if let back = try? Codec.lz4.decode(bytes.rawSpan, limit: 500) { #expect(back.count <= 500) }
        }
    }
}

@Suite struct ColumnStatisticsTests {
    private let samples: [ColumnStatistics] = [
        ColumnStatistics(valueCount: 0),
        ColumnStatistics(valueCount: 8192, nullCount: 300, distinctCount: 4),
        ColumnStatistics(valueCount: 1, bounds: .integers(minimum: 0, maximum: .max)),
        ColumnStatistics(
            valueCount: 9, nullCount: 1, distinctCount: 2, bounds: .integers(minimum: 7, maximum: 900)),
        ColumnStatistics(valueCount: 2, bounds: .strings(lower: [], upper: [255, 0], areExact: true)),
        ColumnStatistics(valueCount: 2, bounds: .strings(lower: [1], upper: [1, 2], areExact: false)),
    ]

    private func written(_ statistics: ColumnStatistics) -> [UInt8] {
        var out = ByteWriter()
        statistics.write(into: &out)
        return out.array()
    }

    private func read(_ bytes: [UInt8]) throws(ByteCodingError) -> (ColumnStatistics, isAtEnd: Bool) {
        var cursor = ByteCursor(over: bytes.rawSpan)
        let statistics = try ColumnStatistics(bytes.rawSpan, &cursor)
        return (statistics, cursor.isAtEnd)
    }

    @Test func statisticsComeBack() throws {
        for sample in samples {
            let (back, isAtEnd) = try read(written(sample))
            #expect(back == sample)
            #expect(isAtEnd)
        }
    }

    @Test func damagedStatisticsNeverTrap() {
        for sample in samples { damaged(written(sample)) { _ = try? read($0) } }
    }

    @Test func cutBoundsStillEncloseTheStrings() {
        let long = [UInt8](repeating: 0x61, count: 40)
        let bounds = ColumnStatistics.stringBounds(minimum: long.rawSpan, maximum: long.rawSpan)
        let cut = [UInt8](long.prefix(16))
        #expect(bounds == .strings(lower: cut, upper: cut.dropLast() + [0x62], areExact: false))
        let high = [UInt8](repeating: 0xff, count: 17)
        #expect(ColumnStatistics.stringBounds(minimum: long.rawSpan, maximum: high.rawSpan) == .unknown)
        let edge = [0x61] + [UInt8](repeating: 0xff, count: 17)
        let edgeBounds = ColumnStatistics.stringBounds(minimum: [0x61].rawSpan, maximum: edge.rawSpan)
        #expect(edgeBounds == .strings(lower: [0x61], upper: [0x62], areExact: false))
    }
}
