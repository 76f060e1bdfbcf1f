// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ByteCoding
internal import ColumnEncoding
internal import Testing
internal import TraceAnalysis
internal import TraceModel

/// What a merge has written, and what it was asked for on the way.
struct Merged {
    var block: WrittenBlock
    var duplicateCount: Int
    /// How often it had to compare rows.
    var decodeCount = 0
    var expiredCount = 0
    /// Decoded row groups of inputs that it held at most.
    var heldGroupCount = 0
    /// Runs of rows that waited at most.
    var waitingSegmentCount = 0
}

/// Merges blocks; nil if the range holds nothing.
///
/// - Parameter moment: Traces of which every span arrived before are left out; nil for none.
func merge(
    _ readers: [BlockReader], range: TraceIDRange = .all, id: BlockID = BlockID(high: 5, low: 6),
    derives: Bool = true, effort: CompressionEffort = .fast, arrivedBefore moment: UInt64? = nil
) async throws -> Merged? {
    let catalog = try #require(try await MergeCatalog.prepare(readers))
    var inputs: [MergeInput] = []
    for reader in readers {
        var expired: ExpiredTraces?
        if let moment { expired = try await reader.expiredTraces(before: moment) }
        inputs.append(try await MergeInput(reader, in: range, leavingOut: expired))
    }
    guard inputs.contains(where: { $0.rowCount > 0 }) else { return nil }
    var merger = BlockMerger(
        id: id, catalog, inputs, criticalPathVersion: derives ? CriticalPathAnalyzer.version : 0, effort: effort
    ) { derive($0, into: &$1) }
    var bytes: [UInt8] = []
    var (decodeCount, heldGroupCount, segmentCount) = (0, 0, 0)
    while true {
        heldGroupCount = max(heldGroupCount, merger.heldGroupCount)
        segmentCount = max(segmentCount, merger.waitingSegmentCount)
        switch try merger.next() {
        case .load(let input, let group): try merger.add(try await readers[input].mergePart(group), of: input)
        case .decode(let input, let group):
            decodeCount += 1
            merger.add(rows: try await readers[input].mergeRows(group, pool: pool), input: input, group: group)
        case .part(let part): bytes += part
        case .end:
            #expect(merger.byteCount == bytes.count)
            let block = WrittenBlock(id: id, bytes: bytes, statistics: merger.statistics)
            return Merged(
                block: block, duplicateCount: merger.duplicateCount, decodeCount: decodeCount,
                expiredCount: merger.expiredCount, heldGroupCount: heldGroupCount,
                waitingSegmentCount: segmentCount)
        }
    }
}

func derive(_ rows: borrowing MergedTrace, into result: inout FlatBuffer<UInt64>) {
    var analyzer = CriticalPathAnalyzer()
    var trace = TraceColumns()
    var times: [UInt64] = []
    for row in 0..<rows.rowCount {
        trace.append(
            spanID: rows.spanID[row], parentSpanID: rows.parent[row], start: rows.start[row], end: rows.end[row],
            kind: UInt8(clamping: rows.kind[row]))
    }
    analyzer.criticalNanoseconds(trace, into: &times)
    for time in times { result.append(time) }
}

/// Blocks of some views each, with their derived column.
func blocks(of groups: [[SpanBatchView]]) async throws -> [BlockReader] {
    var readers: [BlockReader] = []
    for (index, views) in groups.enumerated() where views.contains(where: { $0.rowCount > 0 }) {
        let id = BlockID(high: 100, low: UInt64(index))
        let critical = RoundTripTests.criticalTimes(views)
        readers.append(try await write(views, id: id, critical: critical, limits: .everyColumn).open())
    }
    return readers
}

/// Proves that a block is what its writer makes of all spans at once.
func expectEqual(_ merged: WrittenBlock, toBlockOf views: [SpanBatchView], derives: Bool = true) async throws {
    let critical = RoundTripTests.criticalTimes(views)
    let direct = try await write(views, critical: critical, limits: .everyColumn).open()
    let reader = try await merged.open()
    try await reader.verify()
    #expect(reader.footer.statistics == direct.footer.statistics)
    #expect(reader.footer.statistics == merged.statistics)
    #expect(try await reader.allSummaries() == direct.allSummaries())
    let (read, expected) = (try await reader.readAll(), try await direct.readAll())
    try #require(read.rowCount == expected.rowCount)
    var scratch = ByteWriter()
    for row in 0..<read.rowCount {
        #expect(SpanKey(read, row) == SpanKey(expected, row))
        #expect(read.end[row] == expected.end[row])
        #expect(
            SpanDigest(read, row: row, scratch: &scratch) == SpanDigest(expected, row: row, scratch: &scratch))
    }
    guard derives else { return #expect(reader.footer.criticalPathVersion == 0) }
    #expect(try await reader.derivedTimes() == direct.derivedTimes())
}

extension AttributeLimits {
    /// A column for every attribute: of what a merge's output is compared with nothing stands in rest columns.
    static var everyColumn: AttributeLimits {
        var limits = AttributeLimits()
        (limits.columnCount, limits.keyByteCount, limits.shapeCount, limits.slotCount) = (.max, .max, .max, .max)
        return limits
    }
}

extension BlockReader {
    func derivedTimes() async throws -> [UInt64] {
        var times: [UInt64] = []
        for group in footer.rowGroups.indices { times += try #require(try await derivedColumn(group)) }
        return times
    }
}
