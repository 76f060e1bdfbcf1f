// SPDX-License-Identifier: Apache-2.0

package import ByteCoding
internal import ColumnEncoding
package import TraceModel

/// Collects the traces of one page of the trace index.
///
/// ```
/// IDs (16 bytes each, big-endian, rising)
/// root names: count, then each with a length
/// integer chunks, each with a length: span counts │ starts since the page's first │ durations │ error counts │
///   root services + 1 (0: no root) │ root names │ services of each trace │ service │ its spans │ its errors
/// ```
struct TraceIndexPageBuilder: ~Copyable {
    private(set) var first: IndexPageEntry?
    private var ids = ByteWriter(capacity: 16 << 10)
    private var names: [[UInt8]] = []
    private var nameCodes: [[UInt8]: UInt64] = [:]
    private var spanCounts = FlatBuffer<UInt64>()
    private var starts = FlatBuffer<UInt64>()
    private var durations = FlatBuffer<UInt64>()
    private var errorCounts = FlatBuffer<UInt64>()
    private var rootServices = FlatBuffer<UInt64>()
    private var rootNames = FlatBuffer<UInt64>()
    private var serviceCounts = FlatBuffer<UInt64>()
    private var services = FlatBuffer<UInt64>()
    private var serviceSpans = FlatBuffer<UInt64>()
    private var serviceErrors = FlatBuffer<UInt64>()

    init() {}

    var traceCount: Int { spanCounts.count }
    var isFull: Bool { traceCount >= BlockLayout.indexPageTraceCount }

    /// One trace's share in the index.
    struct Trace {
        var id: TraceID
        var index: Int
        var firstRow: Int
        var spanCount: Int
        var start: UInt64
        var duration: UInt64
        var errorCount: Int
        /// Index of the root's service, and its name.
        var root: (service: Int, name: [UInt8])?
    }

    /// Adds a trace; `serviceCount` calls of ``addService(_:spans:errors:)`` follow.
    mutating func add(_ trace: Trace, serviceCount: Int) {
        if first == nil {
            first = IndexPageEntry(
                firstTraceID: trace.id, firstTrace: trace.index, firstRow: trace.firstRow, traceCount: 0)
        }
        ids.append(bigEndian: trace.id.high)
        ids.append(bigEndian: trace.id.low)
        spanCounts.append(UInt64(trace.spanCount))
        starts.append(trace.start)
        durations.append(trace.duration)
        errorCounts.append(UInt64(trace.errorCount))
        if let root = trace.root {
            rootServices.append(UInt64(root.service) + 1)
            rootNames.append(code(for: root.name))
        } else {
            rootServices.append(0)
            rootNames.append(0)
        }
        serviceCounts.append(UInt64(serviceCount))
    }

    mutating func addService(_ service: Int, spans: Int, errors: Int) {
        services.append(UInt64(service))
        serviceSpans.append(UInt64(spans))
        serviceErrors.append(UInt64(errors))
    }

    private mutating func code(for name: [UInt8]) -> UInt64 {
        if let code = nameCodes[name] { return code }
        let code = UInt64(names.count)
        names.append(name)
        nameCodes[name] = code
        return code
    }

    /// Appends the page's bytes to `out` and empties the builder.
    mutating func finish(into out: inout ByteWriter, scratch: inout EncodingScratch) -> IndexPageEntry? {
        guard var entry = first else { return nil }
        entry.traceCount = traceCount
        out.append(ids.bytes)
        out.append(varint: UInt64(names.count))
        for name in names { out.append(lengthPrefixed: name.rawSpan) }
        var base = UInt64.max
        for index in 0..<starts.count { base = min(base, starts[index]) }
        out.append(littleEndian: base)
        for index in 0..<starts.count { starts[index] &-= base }
        Self.write(spanCounts, into: &out, scratch: &scratch)
        Self.write(starts, into: &out, scratch: &scratch)
        Self.write(durations, into: &out, scratch: &scratch)
        Self.write(errorCounts, into: &out, scratch: &scratch)
        Self.write(rootServices, into: &out, scratch: &scratch)
        Self.write(rootNames, into: &out, scratch: &scratch)
        Self.write(serviceCounts, into: &out, scratch: &scratch)
        out.append(varint: UInt64(services.count))
        Self.write(services, into: &out, scratch: &scratch)
        Self.write(serviceSpans, into: &out, scratch: &scratch)
        Self.write(serviceErrors, into: &out, scratch: &scratch)
        self = TraceIndexPageBuilder()
        return entry
    }

    private static func write(
        _ values: borrowing FlatBuffer<UInt64>, into out: inout ByteWriter, scratch: inout EncodingScratch
    ) {
        out.append(0)
        let body = out.count
        IntegerChunk.encode(values.span, into: &out, scratch: &scratch)
        out.closeMessage(from: body)
    }
}

/// A page of the trace index, read.
package struct TraceIndexPage: ~Copyable {
    let bytes: [UInt8]
    private let entry: IndexPageEntry
    /// Of roots.
    package let names: [[UInt8]]
    private let startBase: UInt64
    private let columns: [FlatColumn]
    /// Where the counts by service begin, which few readers ask for.
    let servicesOffset: Int
    /// First row of each trace in the block, and where the last one ends.
    private let rowStarts: [Int]

    /// The page's integer columns in the order of the bytes.
    private enum Column: Int { case spanCount, start, duration, errorCount, rootService, rootName }

    /// A decoded column on the heap: arrays can't hold noncopyable buffers.
    private final class FlatColumn {
        let values: FlatBuffer<UInt64>

        init(_ values: consuming FlatBuffer<UInt64>) { self.values = values }
    }

    /// - Parameters:
    ///   - bytes: Of the page's section, its checksum proved.
    ///   - endRow: Row of the block at which the page's last trace ends.
    ///   - endID: The first ID of the next page, if there is one.
    init(_ bytes: [UInt8], entry: IndexPageEntry, endRow: Int, endID: TraceID?) throws(ByteCodingError) {
        let span = bytes.rawSpan
        var cursor = ByteCursor(over: span)
        _ = try cursor.take(entry.traceCount * 16)
        try Self.checkIDs(span, entry, endID)
        var names: [[UInt8]] = []
        for _ in 0..<(try cursor.count(span, limit: entry.traceCount)) {
            let name = try cursor.lengthPrefixed(span)
            names.append([UInt8](name.span(of: span)))
        }
        let startBase = try cursor.littleEndian(span, as: UInt64.self)
        var columns: [FlatColumn] = []
        for _ in 0...Column.rootName.rawValue {
            var values = FlatBuffer<UInt64>(capacity: entry.traceCount)
            let chunk = try cursor.lengthPrefixed(span)
            try IntegerChunk.decode(chunk.span(of: span), count: entry.traceCount, into: &values)
            columns.append(FlatColumn(values))
        }
        rowStarts = try Self.rowStarts(columns[Column.spanCount.rawValue].values, from: entry.firstRow, to: endRow)
        self.bytes = bytes
        self.entry = entry
        self.names = names
        self.startBase = startBase
        self.columns = columns
        servicesOffset = cursor.position
    }

    /// IDs must ascend from the one that the footer names to that of the next page: they are searched by halves, and
    /// no trace stands in two pages.
    private static func checkIDs(_ bytes: RawSpan, _ entry: IndexPageEntry, _ endID: TraceID?) throws(ByteCodingError) {
        var isRising = entry.traceCount == 0 || traceID(0, in: bytes) == entry.firstTraceID
        for index in 1..<max(1, entry.traceCount) {
            isRising = isRising && traceID(index - 1, in: bytes) < traceID(index, in: bytes)
        }
        if let endID, entry.traceCount > 0 { isRising = isRising && traceID(entry.traceCount - 1, in: bytes) < endID }
        guard isRising else { throw ByteCodingError(.corrupted, "trace IDs") }
    }

    /// Sums up span counts, which must give exactly the rows `first..<end`.
    private static func rowStarts(
        _ spanCounts: borrowing FlatBuffer<UInt64>, from first: Int, to end: Int
    ) throws(ByteCodingError) -> [Int] {
        var starts: [Int] = []
        starts.reserveCapacity(spanCounts.count + 1)
        var row = first
        for index in 0..<spanCounts.count {
            starts.append(row)
            guard spanCounts[index] > 0, spanCounts[index] <= UInt64(max(0, end - row)) else {
                throw ByteCodingError(.corrupted, "span count")
            }
            row += Int(spanCounts[index])
        }
        guard row == end else { throw ByteCodingError(.corrupted, "span counts") }
        starts.append(row)
        return starts
    }

    package var traceCount: Int { entry.traceCount }

    /// The ID of trace `index` of the page.
    package func traceID(_ index: Int) -> TraceID {
        precondition(index >= 0 && index < entry.traceCount)
        return Self.traceID(index, in: bytes.rawSpan)
    }

    private static func traceID(_ index: Int, in bytes: RawSpan) -> TraceID {
        TraceID(
            high: bytes.littleEndianWord(at: index * 16).byteSwapped,
            low: bytes.littleEndianWord(at: index * 16 + 8).byteSwapped)
    }

    /// Where the trace stands in the page; nil if it is not there.
    package func position(of id: TraceID) -> Int? {
        var low = 0
        var high = traceCount
        while low < high {
            let middle = (low + high) / 2
            if traceID(middle) < id { low = middle + 1 } else { high = middle }
        }
        return low < traceCount && traceID(low) == id ? low : nil
    }

    /// Rows of trace `index` of the page, in the block.
    package func rows(_ index: Int) -> Range<Int> { rowStarts[index]..<rowStarts[index + 1] }

    /// The trace of the page that has a row of the block; its last one if the row lies behind it.
    func index(ofRow row: Int) -> Int {
        var low = 0
        var high = traceCount
        while low < high {
            let middle = (low + high) / 2
            if rowStarts[middle] <= row { low = middle + 1 } else { high = middle }
        }
        return max(0, low - 1)
    }

    /// The first start in trace `index`, Unix nanoseconds.
    package func start(_ index: Int) -> UInt64 { startBase &+ value(.start, index) }

    /// From the first start to the last end of trace `index`; 0 if no span ends later.
    package func duration(_ index: Int) -> UInt64 { value(.duration, index) }

    /// Summaries of all traces of the page, by rising ID.
    ///
    /// - Throws: `.corrupted` if the page contradicts itself or `services`.
    package func summaries(services: [[UInt8]]) throws(ByteCodingError) -> [TraceSummary] {
        var result: [TraceSummary] = []
        result.reserveCapacity(traceCount)
        for index in 0..<traceCount { result.append(try summary(index, services: services)) }
        return result
    }

    /// The summary of trace `index` of the page.
    ///
    /// - Throws: `.corrupted` if the page contradicts itself or `services`.
    package func summary(_ index: Int, services: [[UInt8]]) throws(ByteCodingError) -> TraceSummary {
        let root = try root(index, serviceCount: services.count).map { (services[$0.service], names[$0.name]) }
        let rows = rows(index)
        return TraceSummary(
            id: traceID(index), firstRow: rows.lowerBound, spanCount: rows.count, start: start(index),
            duration: value(.duration, index), errorCount: Int(truncatingIfNeeded: value(.errorCount, index)),
            root: root)
    }

    /// The root of trace `index` of the page: numbers of its service in the schema's, and of its name in ``names``.
    ///
    /// - Throws: `.corrupted` if the page contradicts itself or has a service that the block has not.
    package func root(
        _ index: Int, serviceCount: Int
    ) throws(ByteCodingError) -> (service: Int, name: Int)? {
        let service = value(.rootService, index)
        guard service > 0 else { return nil }
        let name = value(.rootName, index)
        guard service <= UInt64(serviceCount), name < UInt64(names.count) else {
            throw ByteCodingError(.corrupted, "trace index")
        }
        return (Int(service) - 1, Int(name))
    }

    private func value(_ column: Column, _ index: Int) -> UInt64 { columns[column.rawValue].values[index] }
}
