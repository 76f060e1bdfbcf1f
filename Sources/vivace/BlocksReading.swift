// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import TerminalRendering
internal import TraceModel
internal import TraceStorage

/// Reads a store's directory for `vivace blocks`.
struct BlocksReading {
    let directory: String

    /// The live blocks, newest first.
    func list() async throws -> BlocksReport {
        BlocksReport(
            rows: try await open().blocks.map { block in
                BlocksReport.Row(
                    id: "\(block.id)", tenant: block.tenant.name, spanCount: block.rowCount,
                    traceCount: block.traceCount, byteCount: block.byteCount,
                    firstStart: block.eventNanoseconds.lowerBound, lastStart: block.eventNanoseconds.upperBound,
                    level: Int(block.level))
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
        return BlockReport(
            facts: facts(block, reader),
            columns: columns.map { column in
                BlockReport.Column(
                    name: column.name, type: column.type, encodings: column.encodings.sorted().joined(separator: ", "),
                    byteCount: column.byteCount, rawByteCount: column.rawByteCount)
            })
    }

    /// Checks live blocks: those whose IDs begin so, or all if none are named.
    func verify(_ ids: [String]) async throws -> BlockVerification {
        let store = try await open()
        let blocks = try ids.isEmpty ? store.blocks : ids.map { try only(matching: $0, of: store.blocks) }
        var rows: [BlockVerification.Row] = []
        for block in blocks {
            var row = BlockVerification.Row(id: "\(block.id)", byteCount: block.byteCount, chunkCount: 0, damages: [])
            do {
                row.chunkCount = try await store.reader(for: block).verify()
            } catch {
                row.damages = ["\(error)"]
            }
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
        let footer = reader.footer
        let sections = footer.sections.reduce(0) { $0 + $1.stored.byteCount }
        let perSpan = block.byteCount * 100 / max(1, block.rowCount)
        return [
            ("block", "\(block.id)"), ("tenant", block.tenant.name), ("format version", "\(block.formatVersion)"),
            ("level", "\(block.level)"), ("spans", NumberText.count(block.rowCount)),
            ("traces", NumberText.count(block.traceCount)), ("size", NumberText.bytes(block.byteCount)),
            ("bytes a span", "\(perSpan / 100).\(perSpan % 100 < 10 ? "0" : "")\(perSpan % 100)"),
            ("times", TimeText.format(block.eventNanoseconds.lowerBound) + " to "
                + TimeText.format(block.eventNanoseconds.upperBound)),
            ("trace IDs", "\(block.traceIDs.lowerBound) to \(block.traceIDs.upperBound)"),
            ("row groups", "\(footer.rowGroups.count)"), ("index pages", "\(footer.indexPages.count)"),
            ("attribute columns", "\(reader.schema.columns.count)"),
            ("resources", "\(reader.schema.resources.count)"), ("services", "\(reader.schema.services.count)"),
            ("dictionaries, index, bloom", NumberText.bytes(sections)),
            ("critical path version", "\(footer.criticalPathVersion)"),
        ]
    }
}
