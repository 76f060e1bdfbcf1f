// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import ColumnEncoding
internal import TraceModel

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
    /// - Parameter parents: The parent column of the whole block: 0 is a root unless the parent is unusual, which
    ///   counts as one too.
    mutating func add(
        _ index: Int, _ ordering: borrowing SpanOrdering, _ parents: borrowing FlatBuffer<UInt32>,
        _ catalog: borrowing BlockCatalog
    ) -> TraceIndexPageBuilder.Trace {
        let rows = ordering.traceRows(index)
        let start = ordering.start[rows.lowerBound]
        var duration: UInt64 = 0
        var errorCount = 0
        var root: (service: Int, name: [UInt8])?
        for row in rows {
            let reference = ordering.references[row]
            let source = ordering.sources[Int(reference.source)]
            let sourceRow = Int(reference.row)
            let resource = catalog.resourceCodes[Int(reference.source)][Int(source.resource[sourceRow])]
            let service = catalog.schema.resources[Int(resource)].service
            let isError = source.status[sourceRow] == 2
            count(service, isError)
            errorCount += isError ? 1 : 0
            let end = ordering.end[row]
            if end > start { duration = max(duration, end - start) }
            if root == nil, parents[row] == 0 { root = (service, [UInt8](source.strings[source.name[sourceRow]])) }
        }
        let trace = TraceIndexPageBuilder.Trace(
            id: ordering.traceID(index), index: index, firstRow: rows.lowerBound, spanCount: rows.count, start: start,
            duration: duration, errorCount: errorCount, root: root)
        page.add(trace, serviceCount: touched.count)
        addServices()
        return trace
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
