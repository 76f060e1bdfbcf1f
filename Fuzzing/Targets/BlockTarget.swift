// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ByteCoding
internal import OTLP
internal import TraceModel

/// A whole block, whose checksums are made right before it is read: what a faulty or hostile writer may leave.
enum BlockTarget {
    private static let id = BlockID(high: 0x0123_4567_89ab_cdef, low: 0xfedc_ba98_7654_3210)

    static func run(_ input: [UInt8]) {
        let block = BlockRepair.repaired(input, id: id)
        InlineExecutor().run {
            await Self.read(block)
        }
    }

    private struct MemorySource: BlockSource {
        var bytes: [UInt8]

        var byteCount: Int { bytes.count }

        func read(_ range: Range<Int>) async throws -> [UInt8] { Array(bytes[range]) }
    }

    private static func read(_ bytes: [UInt8]) async {
        let source = MemorySource(bytes: bytes)
        guard let reader = await attempt({ try await BlockReader(id: id, source: source) }) else { return }
        let isProved = await attempt { try await reader.verify() } != nil
        _ = await attempt { try await reader.columnUsage() }
        let rowCount = await readRowGroups(reader)
        let traceRowCount = await readTraces(reader)
        for conditions in conditions(reader) {
            _ = await attempt(mustSucceed: isProved) {
                var matches = LongestMatches(limit: 3)
                _ = try await reader.scan(ScanRequest(conditions: conditions, limit: 3), into: &matches)
            }
        }
        for owner in AttributeOwner.allCases { await readKeys(reader, owner) }
        guard isProved else { return }
        claim(rowCount == reader.footer.statistics.rowCount, "a proved block gives all its rows")
        claim(traceRowCount == rowCount, "a proved block gives all its rows by their traces")
    }

    /// Nil if it fails, which has to be by an error of the block format.
    private static func attempt<Answer>(
        mustSucceed: Bool = false, _ body: () async throws -> Answer
    ) async -> Answer? {
        do { return try await body() } catch {
            claim(error is BlockError, "\(error) is a BlockError")
            claim(!mustSucceed, "what can be verified can be scanned: \(error)")
            return nil
        }
    }

    /// Lists the keys of a kind of owner, and looks for the first few of them and for one that is not there.
    private static func readKeys(_ reader: BlockReader, _ owner: AttributeOwner) async {
        let listed = await attempt { try await reader.attributeKeys(of: .owner(owner)) }
        guard let keys = listed?.sorted(by: { $0.lexicographicallyPrecedes($1) }) else { return }
        for key in keys.prefix(4) + [Array("no such key".utf8)] {
            _ = await attempt {
                var values = ListedValues()
                try await reader.listValues(key, of: .owner(owner), into: &values) { _ in true }
            }
            guard owner == .span else { continue }
            _ = await attempt {
                let filter = SpanFilter.holds(.spanAttribute(key), .exists)
                var request = RowRequest(filter)
                let times = reader.footer.statistics
                request.range = times.minimumTime / 2 + times.maximumTime / 2...UInt64.max
                request.wantsRowsInRange = true
                guard let scan = try await BlockTraceScan(reader, request) else { return }
                for group in scan.groups { _ = try await scan.rows(of: group.index) }
            }
        }
    }

    /// How many rows could be read, group by group.
    private static func readRowGroups(_ reader: BlockReader) async -> Int {
        var rowCount = 0
        for group in reader.footer.rowGroups.indices {
            let view = await attempt {
                var batch = SpanBatch(pool: pool)
                try await reader.read(rowGroup: group, into: &batch)
                return batch.view()
            }
            guard let view else { continue }
            rowCount += view.rowCount
            // Whatever the rows are, what comes after storage can work with them.
            _ = protobuf(view)
            _ = json(view, .openTelemetry)
            _ = digests(view)
        }
        return rowCount
    }

    /// How many rows could be read, trace by trace.
    private static func readTraces(_ reader: BlockReader) async -> Int {
        var rowCount = 0
        for page in reader.footer.indexPages.indices {
            guard let summaries = await attempt({ try await reader.summaries(page: page) }) else { continue }
            let first = reader.footer.indexPages[page].firstTrace
            _ = await attempt { try await reader.serviceCounts(ofTraces: Array(first..<(first + summaries.count))) }
            for summary in summaries {
                _ = await attempt { try await reader.mayContain(summary.id) }
                let view = await attempt {
                    var batch = SpanBatch(pool: pool)
                    guard let anchor = try await reader.locate(summary.id) else { return batch.view() }
                    _ = try await reader.read(anchor, into: &batch)
                    return batch.view()
                }
                rowCount += view?.rowCount ?? 0
            }
        }
        return rowCount
    }

    private static func conditions(_ reader: BlockReader) -> [[ScanRequest.Condition]] {
        var requests: [[ScanRequest.Condition]] = [
            [], [.status(2), .duration(1...UInt64.max)], [.name(Array("GET /cart".utf8))], [.name([])],
        ]
        if let service = reader.schema.services.last {
            requests.append([.serviceName(service), .time(0...reader.footer.statistics.maximumTime)])
        }
        return requests
    }

    static func seeds() throws -> [[UInt8]] {
        var random = SeededChoices(seed: 5)
        return try madeUpRequests(14, byteLimit: 2_000, seed: 6).compactMap { request in
            let view = try decoded(request).view
            guard view.rowCount > 0 else { return nil }
            let ordering = SpanOrdering([view])
            var critical = FlatBuffer<UInt64>()
            if random.below(2) == 0 {
                for row in 0..<ordering.rowCount { critical.append(UInt64(row) * 1_000) }
            }
            let version: UInt8 = critical.count == 0 ? 0 : 1
            // Of every second some attributes have no column.
            var limits = AttributeLimits()
            if random.below(2) == 0 { limits.columnCount = random.below(4) }
            var writer = BlockWriter(
                id: id, ordering: ordering, criticalNanoseconds: critical, criticalPathVersion: version, pool: pool,
                limits: limits)
            var bytes: [UInt8] = []
            while let part = writer.nextPart() { bytes += part }
            return bytes
        }
    }
}
