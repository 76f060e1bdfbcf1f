// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import ColumnEncoding
internal import TraceModel

/// Sums up one trace after the other for the trace index of a merge's output. Pages are kept as they will be stored.
struct MergedTraceIndex: ~Copyable {
    /// Traces that have begun.
    private(set) var traceCount = 0
    private var page = TraceIndexPageBuilder()
    /// Apart from each other, so that none is copied while they become many.
    private var pages: [[UInt8]] = []
    private var bloom = BloomFilter(keyCount: 0)
    private var entries: [IndexPageEntry] = []
    private var scratch = EncodingScratch()
    private var trace: OpenSummary?
    /// By service: spans and errors of the trace at hand.
    private var spans: FlatBuffer<UInt32>
    private var errors: FlatBuffer<UInt32>
    private var touched = FlatBuffer<UInt32>()

    // Of the row group at hand, a row each.
    private var services = FlatBuffer<UInt32>()
    private var areErrors = FlatBuffer<Bool>()
    private var names = FlatBuffer<UInt64>()

    private struct OpenSummary {
        var id: TraceID
        var firstRow: Int
        var spanCount = 0
        var start: UInt64
        var lastStart: UInt64
        var duration: UInt64 = 0
        var errorCount = 0
        var root: (service: Int, name: [UInt8])?
    }

    init(serviceCount: Int) {
        spans = FlatBuffer(repeating: 0, count: serviceCount)
        errors = FlatBuffer(repeating: 0, count: serviceCount)
    }

    mutating func take(resources: borrowing FlatBuffer<UInt64>, _ catalog: MergeCatalog) {
        services.removeAll()
        for row in 0..<resources.count { services.append(catalog.tables.services[Int(resources[row])]) }
    }

    mutating func take(statuses: borrowing FlatBuffer<UInt64>) {
        areErrors.removeAll()
        for row in 0..<statuses.count { areErrors.append(statuses[row] == 2) }
    }

    mutating func take(names: borrowing FlatBuffer<UInt64>) {
        self.names.removeAll()
        self.names.append(copying: names, 0..<names.count)
    }

    /// Adds the rows of one row group, whose columns were taken.
    mutating func add(
        _ traces: borrowing FlatBuffer<PendingTrace>, _ structure: borrowing MergedStructure, firstRow: Int,
        _ footer: inout BlockFooter, _ slots: [MergeGroup?], _ catalog: MergeCatalog
    ) {
        var row = 0
        for index in 0..<traces.count {
            let part = traces[index]
            if !part.hasBegun { begin(part, firstRow: firstRow + row, &footer) }
            add(row..<row + part.rowCount, part.start, structure, slots, catalog)
            row += part.rowCount
        }
    }

    private mutating func begin(_ part: PendingTrace, firstRow: Int, _ footer: inout BlockFooter) {
        closeTrace(&footer)
        trace = OpenSummary(id: part.id, firstRow: firstRow, start: part.start, lastStart: part.start)
        traceCount += 1
    }

    /// Adds rows of the trace at hand.
    private mutating func add(
        _ rows: Range<Int>, _ start: UInt64, _ structure: borrowing MergedStructure, _ slots: [MergeGroup?],
        _ catalog: MergeCatalog
    ) {
        var duration = trace?.duration ?? 0
        var errorCount = 0
        for row in rows {
            let service = Int(services[row])
            if spans[service] == 0 { touched.append(UInt32(truncatingIfNeeded: service)) }
            spans[service] &+= 1
            if areErrors[row] {
                errors[service] &+= 1
                errorCount &+= 1
            }
            let end = structure.rowStarts[row] &+ structure.durations[row]
            if end > start { duration = max(duration, end &- start) }
        }
        trace?.spanCount += rows.count
        trace?.errorCount += errorCount
        trace?.duration = duration
        trace?.lastStart = structure.rowStarts[rows.upperBound - 1]
        guard trace?.root == nil,
            let root = rows.first(where: { structure.parents[$0] == 0 || structure.parents[$0] == 2 })
        else { return }
        trace?.root = (Int(services[root]), Self.name(names[root], slots, catalog))
    }

    private static func name(_ value: UInt64, _ slots: [MergeGroup?], _ catalog: MergeCatalog) -> [UInt8] {
        let column = FixedColumn.name.rawValue
        if let dictionary = catalog.dictionary(column) { return dictionary.strings.bytes(Int(value)) }
        guard StringTag.slot(value) >= 0, let strings = slots[StringTag.slot(value)]?.strings[column] else { return [] }
        return strings.bytes(StringTag.entry(value))
    }

    /// Puts the trace at hand into its page.
    private mutating func closeTrace(_ footer: inout BlockFooter) {
        guard let trace else { return }
        page.add(
            TraceIndexPageBuilder.Trace(
                id: trace.id, index: traceCount - 1, firstRow: trace.firstRow, spanCount: trace.spanCount,
                start: trace.start, duration: trace.duration, errorCount: trace.errorCount, root: trace.root),
            serviceCount: touched.count)
        for index in 0..<touched.count {
            let service = Int(touched[index])
            page.addService(service, spans: Int(spans[service]), errors: Int(errors[service]))
            spans[service] = 0
            errors[service] = 0
        }
        touched.removeAll()
        footer.statistics.minimumTraceID = min(footer.statistics.minimumTraceID, trace.id)
        footer.statistics.maximumTraceID = max(footer.statistics.maximumTraceID, trace.id)
        footer.statistics.minimumTime = min(footer.statistics.minimumTime, trace.start)
        footer.statistics.maximumTime = max(
            footer.statistics.maximumTime, trace.lastStart, trace.start &+ trace.duration)
        self.trace = nil
        if page.isFull { finishPage() }
    }

    private mutating func finishPage() {
        var out = ByteWriter(capacity: 64 << 10)
        guard let entry = page.finish(into: &out, scratch: &scratch) else { return }
        entries.append(entry)
        pages.append(out.array())
    }

    /// Ends the last trace and the last page.
    mutating func close(_ footer: inout BlockFooter) {
        closeTrace(&footer)
        finishPage()
        bloom = BloomFilter(keyCount: traceCount)
    }

    /// Appends some of the pages, about a megabyte, and lets go of them.
    ///
    /// - Returns: False if there is none left.
    mutating func writePages(
        _ footer: inout BlockFooter, _ id: BlockID, at offset: Int, into out: inout ByteWriter
    ) -> Bool {
        let first = footer.indexPages.count
        var section = ByteWriter(capacity: 64 << 10)
        while footer.indexPages.count < entries.count, out.count < 1 << 20 {
            let number = footer.indexPages.count
            let page = pages[number]
            pages[number] = []
            Self.insert(page.rawSpan, entries[number].traceCount, into: &bloom)
            section.removeAll()
            section.append(page.rawSpan)
            footer.append(section, .traceIndexPage, UInt32(number), of: id, effort: nil, at: offset, into: &out)
            footer.indexPages.append(entries[number])
        }
        return footer.indexPages.count > first
    }

    /// Appends the filter, once all pages are written.
    mutating func writeBloomFilter(
        _ footer: inout BlockFooter, _ id: BlockID, at offset: Int, into out: inout ByteWriter
    ) {
        var section = ByteWriter(capacity: 64 << 10)
        bloom.write(into: &section)
        footer.append(section, .bloomFilter, 0, of: id, effort: nil, at: offset, into: &out)
    }

    /// A page begins with its trace IDs.
    private static func insert(_ page: RawSpan, _ traceCount: Int, into bloom: inout BloomFilter) {
        var cursor = ByteCursor(over: page)
        for _ in 0..<traceCount {
            guard let high = try? cursor.bigEndian(page, as: UInt64.self),
                let low = try? cursor.bigEndian(page, as: UInt64.self)
            else { return }
            bloom.insert(TraceID(high: high, low: low))
        }
    }
}
