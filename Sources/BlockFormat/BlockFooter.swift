// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
package import TraceModel

/// Where bytes lie in a block, and their checksum.
package struct StoredRange: Hashable, Sendable {
    package var offset: Int
    package var byteCount: Int
    /// XXH3 of the stored bytes, seeded with ``BlockID/checksumSeed(_:_:)``.
    package var checksum: UInt64

    package var end: Int { offset + byteCount }
    package var range: Range<Int> { offset..<end }
}

extension BlockID {
    /// Seeds a checksum so that bytes of another block or from another place do not pass.
    ///
    /// - Parameters:
    ///   - group: The row group's index, or ``sectionSeedGroup(_:)``; below 2³².
    ///   - number: The column, or the section's number; below 2³².
    func checksumSeed(_ group: UInt64, _ number: UInt64) -> UInt64 {
        high ^ (low &* 0x9e37_79b9_7f4a_7c15) ^ (group << 32 | number)
    }

    /// What sections have for a row group in their seeds: 2³¹ + kind, which no row group's index reaches. Kind 0 is
    /// the footer (number 0) and the trailer (number 1).
    static func sectionSeedGroup(_ kind: UInt16) -> UInt64 { 1 << 31 | UInt64(kind) }
}

/// A part of the block besides row groups.
package struct SectionEntry: Hashable, Sendable {
    package var kind: UInt16
    package var number: UInt32
    package var stored: StoredRange
    /// 0 none, 1 lz4.
    package var codec: UInt8
}

/// A row group as the footer lists it.
package struct RowGroupEntry: Hashable, Sendable {
    /// All chunks, then the group's column directory.
    package var offset: Int
    package var byteCount: Int
    package var directoryByteCount: Int
    package var directoryChecksum: UInt64
    package var firstRow: Int
    package var rowCount: Int
    /// The trace of the first row, as a position in the trace index.
    package var firstTrace: Int
    /// Whether the first row's trace began in the group before.
    package var continuesTrace: Bool
    package var minimumStart: UInt64
    package var maximumStart: UInt64
    package var maximumDuration: UInt64

    /// Whether a span of the group may overlap a range, Unix nanoseconds.
    func mayOverlap(_ range: ClosedRange<UInt64>) -> Bool {
        let (end, isBehindAll) = maximumStart.addingReportingOverflow(maximumDuration)
        return range.overlapsSpan(from: minimumStart, to: isBehindAll ? .max : end)
    }
}

/// A page of the trace index as the footer lists it.
package struct IndexPageEntry: Hashable, Sendable {
    package var firstTraceID: TraceID
    package var firstTrace: Int
    package var firstRow: Int
    package var traceCount: Int
}

/// What is said about a block as a whole; the manifest repeats it.
package struct BlockStatistics: Hashable, Sendable {
    package var rowCount = 0
    package var traceCount = 0
    package var minimumTraceID = TraceID(high: .max, low: .max)
    package var maximumTraceID = TraceID(high: 0, low: 0)
    /// Unix nanoseconds: the first start, and the last start or end.
    package var minimumTime = UInt64.max
    package var maximumTime: UInt64 = 0
    package var minimumArrivalSeconds = UInt32.max
    package var maximumArrivalSeconds: UInt32 = 0

    package init() {}
}

/// The block's table of contents.
///
/// ```
/// statistics │ algorithm version │ row groups │ index pages │ sections      all numbers varints but IDs and checksums
/// ```
package struct BlockFooter: Sendable {
    package var statistics = BlockStatistics()
    /// Version of the critical path's definition by which the derived column was made; 0 if there is none.
    package var criticalPathVersion: UInt8 = 0
    package var rowGroups: [RowGroupEntry] = []
    package var indexPages: [IndexPageEntry] = []
    package var sections: [SectionEntry] = []
    /// Where each section stands in `sections`; only in a footer that was read.
    private var positions: [UInt64: Int] = [:]

    init() {}

    func section(_ kind: SectionKind, _ number: UInt32 = 0) -> SectionEntry? {
        positions[Self.sectionKey(kind.rawValue, number)].map { sections[$0] }
    }

    private static func sectionKey(_ kind: UInt16, _ number: UInt32) -> UInt64 { UInt64(kind) << 32 | UInt64(number) }
}

// MARK: - Bytes

extension BlockFooter {
    func write(into out: inout ByteWriter) {
        write(statistics, into: &out)
        out.append(criticalPathVersion)
        out.append(varint: UInt64(rowGroups.count))
        for group in rowGroups { write(group, into: &out) }
        out.append(varint: UInt64(indexPages.count))
        for page in indexPages {
            out.append(bigEndian: page.firstTraceID.high)
            out.append(bigEndian: page.firstTraceID.low)
            for number in [page.firstTrace, page.firstRow, page.traceCount] { out.append(varint: UInt64(number)) }
        }
        out.append(varint: UInt64(sections.count))
        for section in sections {
            for number in [
                Int(section.kind), Int(section.number), section.stored.offset, section.stored.byteCount,
            ] { out.append(varint: UInt64(number)) }
            out.append(littleEndian: section.stored.checksum)
            out.append(section.codec)
        }
    }

    private func write(_ statistics: BlockStatistics, into out: inout ByteWriter) {
        out.append(varint: UInt64(statistics.rowCount))
        out.append(varint: UInt64(statistics.traceCount))
        for id in [statistics.minimumTraceID, statistics.maximumTraceID] {
            out.append(bigEndian: id.high)
            out.append(bigEndian: id.low)
        }
        out.append(varint: statistics.minimumTime)
        out.append(varint: statistics.maximumTime)
        out.append(varint: UInt64(statistics.minimumArrivalSeconds))
        out.append(varint: UInt64(statistics.maximumArrivalSeconds))
    }

    private func write(_ group: RowGroupEntry, into out: inout ByteWriter) {
        for number in [
            group.offset, group.byteCount, group.directoryByteCount, group.firstRow, group.rowCount, group.firstTrace,
        ] { out.append(varint: UInt64(number)) }
        out.append(group.continuesTrace ? 1 : 0)
        out.append(littleEndian: group.directoryChecksum)
        for value in [group.minimumStart, group.maximumStart, group.maximumDuration] { out.append(varint: value) }
    }

    /// - Parameter blockByteCount: Ranges beyond it are refused.
    init(_ bytes: RawSpan, blockByteCount: Int) throws(ByteCodingError) {
        var cursor = ByteCursor(over: bytes)
        try readStatistics(&cursor, bytes)
        criticalPathVersion = try cursor.byte(bytes)
        for _ in 0..<(try cursor.count(bytes, limit: cursor.remaining)) {
            rowGroups.append(try Self.rowGroup(&cursor, bytes, limit: blockByteCount))
        }
        for _ in 0..<(try cursor.count(bytes, limit: cursor.remaining)) {
            let id = try Self.traceID(&cursor, bytes)
            indexPages.append(
                IndexPageEntry(
                    firstTraceID: id, firstTrace: try cursor.count(bytes, limit: statistics.traceCount),
                    firstRow: try cursor.count(bytes, limit: statistics.rowCount),
                    traceCount: try cursor.count(bytes, limit: BlockLayout.indexPageTraceCount)))
        }
        for _ in 0..<(try cursor.count(bytes, limit: cursor.remaining)) {
            let kind = try cursor.count(bytes, limit: Int(UInt16.max))
            let number = try cursor.count(bytes, limit: Int(UInt32.max))
            let offset = try cursor.count(bytes, limit: blockByteCount)
            let byteCount = try cursor.count(bytes, limit: blockByteCount - offset)
            let checksum = try cursor.littleEndian(bytes, as: UInt64.self)
            sections.append(
                SectionEntry(
                    kind: UInt16(kind), number: UInt32(number),
                    stored: StoredRange(offset: offset, byteCount: byteCount, checksum: checksum),
                    codec: try cursor.byte(bytes)))
        }
        for (position, section) in sections.enumerated() {
            let key = Self.sectionKey(section.kind, section.number)
            guard positions.updateValue(position, forKey: key) == nil else {
                throw ByteCodingError(.corrupted, "section list")
            }
        }
        try checkTiling()
    }

    /// Row groups and index pages must cover the rows and traces without gaps: readers compute with it.
    private func checkTiling() throws(ByteCodingError) {
        var row = 0
        var firstTrace = 0
        for group in rowGroups {
            guard group.firstRow == row, group.rowCount > 0, group.firstTrace >= firstTrace,
                group.firstTrace < statistics.traceCount
            else { throw ByteCodingError(.corrupted, "row group list") }
            row += group.rowCount
            firstTrace = group.firstTrace
        }
        var trace = 0
        var firstRow = 0
        var lastID: TraceID?
        for page in indexPages {
            guard page.firstTrace == trace, page.traceCount > 0, page.firstRow >= firstRow,
                lastID.map({ $0 < page.firstTraceID }) ?? true
            else {
                throw ByteCodingError(.corrupted, "trace index list")
            }
            trace += page.traceCount
            firstRow = page.firstRow
            lastID = page.firstTraceID
        }
        guard row == statistics.rowCount, trace == statistics.traceCount else {
            throw ByteCodingError(.corrupted, "block footer")
        }
    }

    private mutating func readStatistics(_ cursor: inout ByteCursor, _ bytes: RawSpan) throws(ByteCodingError) {
        statistics.rowCount = try cursor.count(bytes, limit: Int(UInt32.max))
        statistics.traceCount = try cursor.count(bytes, limit: statistics.rowCount)
        statistics.minimumTraceID = try Self.traceID(&cursor, bytes)
        statistics.maximumTraceID = try Self.traceID(&cursor, bytes)
        statistics.minimumTime = try cursor.varint(bytes)
        statistics.maximumTime = try cursor.varint(bytes)
        statistics.minimumArrivalSeconds = UInt32(try cursor.count(bytes, limit: Int(UInt32.max)))
        statistics.maximumArrivalSeconds = UInt32(try cursor.count(bytes, limit: Int(UInt32.max)))
    }

    private static func rowGroup(
        _ cursor: inout ByteCursor, _ bytes: RawSpan, limit: Int
    ) throws(ByteCodingError) -> RowGroupEntry {
        let offset = try cursor.count(bytes, limit: limit)
        let byteCount = try cursor.count(bytes, limit: limit - offset)
        let directoryByteCount = try cursor.count(bytes, limit: byteCount)
        let firstRow = try cursor.count(bytes, limit: Int(UInt32.max))
        let rowCount = try cursor.count(bytes, limit: BlockLayout.rowGroupRowLimit)
        let firstTrace = try cursor.count(bytes, limit: Int(UInt32.max))
        let continuesTrace = try cursor.byte(bytes) != 0
        let checksum = try cursor.littleEndian(bytes, as: UInt64.self)
        return RowGroupEntry(
            offset: offset, byteCount: byteCount, directoryByteCount: directoryByteCount,
            directoryChecksum: checksum, firstRow: firstRow, rowCount: rowCount, firstTrace: firstTrace,
            continuesTrace: continuesTrace, minimumStart: try cursor.varint(bytes),
            maximumStart: try cursor.varint(bytes), maximumDuration: try cursor.varint(bytes))
    }

    private static func traceID(_ cursor: inout ByteCursor, _ bytes: RawSpan) throws(ByteCodingError) -> TraceID {
        let high = try cursor.bigEndian(bytes, as: UInt64.self)
        return TraceID(high: high, low: try cursor.bigEndian(bytes, as: UInt64.self))
    }
}
