// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import ColumnEncoding
internal import TraceModel

/// What the trace index needs to know of a row beside its times.
struct TraceIndexRow: BitwiseCopyable {
    private let bits: UInt32

    init(service: UInt32, isError: Bool) { bits = service &<< 1 | (isError ? 1 : 0) }

    /// Index into the schema's services.
    @inline(__always) var service: Int { Int(bits &>> 1) }
    @inline(__always) var isError: Bool { bits & 1 != 0 }
}

/// Sums up one trace after the other for the trace index.
struct TraceIndexBuilder: ~Copyable {
    private(set) var page = TraceIndexPageBuilder()
    /// By service: spans and errors of the trace at hand.
    private var spans: FlatBuffer<UInt32>
    private var errors: FlatBuffer<UInt32>
    private var touched = FlatBuffer<UInt32>()

    init(serviceCount: Int) {
        spans = FlatBuffer(repeating: 0, count: serviceCount)
        errors = FlatBuffer(repeating: 0, count: serviceCount)
    }

    mutating func finishPage(into out: inout ByteWriter, scratch: inout EncodingScratch) -> IndexPageEntry? {
        page.finish(into: &out, scratch: &scratch)
    }

    /// Adds trace `index` of the ordering to the page.
    ///
    /// - Parameter indexRows: One a row in block order.
    mutating func add(
        _ index: Int, _ ordering: borrowing SpanOrdering, _ indexRows: borrowing SegmentedColumn<TraceIndexRow>
    ) -> TraceIndexPageBuilder.Trace {
        let rows = ordering.traceRows(index)
        let start = ordering.start[rows.lowerBound]
        var duration: UInt64 = 0
        var errorCount = 0
        var root: (service: Int, row: Int)?
        for row in rows {
            let service = indexRows[row].service
            let isError = indexRows[row].isError
            count(service, isError)
            errorCount &+= isError ? 1 : 0
            let end = ordering.end[row]
            if end > start { duration = max(duration, end &- start) }
            // Without a parent, or with an unusual one.
            if root == nil, ordering.parent[row] == 0 { root = (service, row) }
        }
        let trace = TraceIndexPageBuilder.Trace(
            id: ordering.traceID(index), index: index, firstRow: rows.lowerBound, spanCount: rows.count, start: start,
            duration: duration, errorCount: errorCount,
            root: root.map { ($0.service, Self.name(ordering, $0.row)) })
        page.add(trace, serviceCount: touched.count)
        addServices()
        return trace
    }

    private static func name(_ ordering: borrowing SpanOrdering, _ row: Int) -> [UInt8] {
        let reference = ordering.references[row]
        let source = ordering.sources[Int(reference.source)]
        return [UInt8](source.strings[source.name[Int(reference.row)]])
    }

    private mutating func count(_ service: Int, _ isError: Bool) {
        if spans[service] == 0 { touched.append(UInt32(service)) }
        spans[service] += 1
        errors[service] += isError ? 1 : 0
    }

    private mutating func addServices() {
        for index in 0..<touched.count {
            let service = Int(touched[index])
            page.addService(service, spans: Int(spans[service]), errors: Int(errors[service]))
            spans[service] = 0
            errors[service] = 0
        }
        touched.removeAll()
    }
}
