// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import TerminalRendering
internal import TraceModel
internal import TraceStorage

/// Reads a store's directory for `vivace blocks`.
struct BlocksReading {
    let directory: String

    /// The live blocks, newest first.
    ///
    /// - Parameter range: Only those whose spans are from then, Unix nanoseconds: whose first start and last end enclose
    ///   a moment of it. Nil leaves a side open.
    func list(_ range: (start: UInt64?, end: UInt64?)) async throws -> BlocksReport {
        let blocks = try await open().blocks.filter { block in
            block.eventNanoseconds.upperBound >= range.start ?? 0
                && range.end.map { block.eventNanoseconds.lowerBound < $0 } ?? true
        }
        return BlocksReport(
            rows: blocks.map { block in
                BlocksReport.Row(
                    id: "\(block.id)", tenant: block.tenant.name, spanCount: block.rowCount,
                    traceCount: block.traceCount, byteCount: block.byteCount,
                    firstStart: block.eventNanoseconds.lowerBound, lastEnd: block.eventNanoseconds.upperBound,
                    level: Int(block.level), firstArrival: block.arrivalSeconds.lowerBound,
                    lastArrival: block.arrivalSeconds.upperBound)
            })
    }

    /// One block.
    ///
    /// - Parameter id: The beginning of exactly one live block's ID.
    func show(_ id: String) async throws -> BlockReport {
        let store = try await open()
        let block = try only(matching: id, of: store.blocks)
        let reader = try await reading { try await store.reader(for: block) }
        let columns = try await reading { try await reader.columnUsage() }
        let parts = try await reading { try await reader.partUsage(columns) }
        let dictionaries = try await reading { try await reader.dictionaryUsage() }
        return BlockReport(
            facts: facts(block, reader), spanCount: block.rowCount, byteCount: reader.byteCount,
            parts: parts.map {
                BlockReport.Part(
                    name: $0.name, count: $0.count, byteCount: $0.byteCount, rawByteCount: $0.rawByteCount)
            },
            columns: columns.map(column),
            dictionaries: dictionaries.map {
                BlockReport.Dictionary(
                    columnName: $0.columnName, valueCount: $0.valueCount, byteCount: $0.byteCount,
                    rawByteCount: $0.rawByteCount)
            })
    }

    private func column(_ usage: ColumnUsage) -> BlockReport.Column {
        let compressed = usage.encodings.filter { $0.hasSuffix(Self.codecMark) }
        let codecs = [compressed.isEmpty ? nil : "lz4", compressed.count == usage.encodings.count ? nil : "none"]
        let names = Set(usage.encodings.map { $0.hasSuffix(Self.codecMark) ? String($0.dropLast(4)) : $0 })
        return BlockReport.Column(
            name: usage.name, type: usage.type, encodings: names.sorted().joined(separator: ", "),
            codec: codecs.compactMap { $0 }.joined(separator: ", "), byteCount: usage.byteCount,
            rawByteCount: usage.rawByteCount)
    }

    /// What ``ColumnUsage`` puts behind the encodings of compressed chunks.
    private static let codecMark = "+lz4"

    /// Checks live blocks: those whose IDs begin so, or all if none are named.
    ///
    /// - Parameter progress: Told what there is to check and what is being read.
    func verify(_ ids: [String], progress: VerifyProgress) async throws -> BlockVerification {
        let store = try await open()
        let blocks = try ids.isEmpty ? store.blocks : ids.map { try only(matching: $0, of: store.blocks) }
        progress.begin(byteCount: blocks.reduce(0) { $0 + $1.byteCount })
        var rows: [BlockVerification.Row] = []
        for block in blocks {
            var row = BlockVerification.Row(id: "\(block.id)", byteCount: block.byteCount, chunkCount: 0, damages: [])
            do {
                let reader = try await store.reader(for: block).metered { progress.read($0, of: block.byteCount) }
                row.chunkCount = try await reader.verify()
                try await store.proveContents(of: block, reader)
            } catch {
                row.damages = ["\(error)"]
            }
            progress.finish(block.byteCount)
            rows.append(row)
        }
        return BlockVerification(rows: rows)
    }

    private func open() async throws -> StoreInspection {
        try await reading { try await StoreInspection(directory: directory) }
    }

    private func reading<Answer>(_ body: () async throws -> Answer) async throws -> Answer {
        do {
            return try await body()
        } catch let error as StoreError {
            throw CommandError(.unreachable, error.description)
        } catch let error as BlockError {
            throw CommandError(.partial, error.description)
        }
    }

    private func only(matching id: String, of blocks: [BlockSummary]) throws -> BlockSummary {
        let found = blocks.filter { "\($0.id)".hasPrefix(id.lowercased()) }
        guard let block = found.first else {
            throw CommandError(.notFound, "no live block's ID begins with '\(id)'; `vivace blocks ls` lists them")
        }
        guard found.count == 1 else {
            throw CommandError(.usage, "\(found.count) blocks' IDs begin with '\(id)'; name more digits")
        }
        return block
    }

    private func facts(_ block: BlockSummary, _ reader: BlockReader) -> [(name: String, value: String)] {
        let perSpan = Double(block.byteCount) / Double(max(1, block.rowCount))
        return [
            ("block", "\(block.id)"), ("tenant", block.tenant.name), ("format version", "\(block.formatVersion)"),
            ("level", "\(block.level)"),
            ("arrived", TimeText.format(block.arrivalSeconds.lowerBound * 1_000_000_000) + " to "
                + TimeText.format(block.arrivalSeconds.upperBound * 1_000_000_000)),
            ("size", "\(NumberText.bytes(block.byteCount)), \(NumberText.hundredths(perSpan)) bytes a span"),
            ("spans", NumberText.count(block.rowCount)), ("traces", NumberText.count(block.traceCount)),
            ("times", TimeText.format(block.eventNanoseconds.lowerBound) + " to "
                + TimeText.format(block.eventNanoseconds.upperBound)),
            ("trace IDs", "\(block.traceIDs.lowerBound) to \(block.traceIDs.upperBound)"),
            ("resources", NumberText.count(reader.schema.resources.count)),
            ("services", NumberText.count(reader.schema.services.count)),
            ("attribute columns", NumberText.count(reader.schema.columns.count)),
            ("critical path version", "\(reader.footer.criticalPathVersion)"),
        ]
    }
}
