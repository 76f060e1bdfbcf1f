// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import ColumnEncoding

/// What one service has of a trace.
package struct ServiceCounts: Hashable, Sendable {
    package var service: [UInt8]
    package var spanCount: Int
    /// Those of the spans with status code 2.
    package var errorCount: Int

    package init(service: [UInt8], spanCount: Int, errorCount: Int) {
        self.service = service
        self.spanCount = spanCount
        self.errorCount = errorCount
    }
}

/// What each service has of the traces of one page of the trace index, where any of them is read at once.
struct PageServices: ~Copyable {
    /// By trace: where its pairs of trace and service end.
    private let ends: FlatBuffer<UInt32>
    // By pair.
    private let services: PackedNumbers
    private let spans: PackedNumbers
    private let errors: PackedNumbers

    /// - Throws: `.corrupted` if the page contradicts itself, or has services that the block has not.
    init(_ page: borrowing TraceIndexPage, serviceCount: Int) throws(ByteCodingError) {
        let span = page.bytes.rawSpan
        var cursor = try ByteCursor(position: page.servicesOffset, end: span.byteCount, in: span)
        let counts = try Self.integers(&cursor, count: page.traceCount, span)
        var ends = FlatBuffer<UInt32>(capacity: counts.count)
        var end = 0
        for index in 0..<counts.count {
            // A service has a span at least.
            guard counts[index] <= UInt64(page.rows(index).count), end < Int(Int32.max) - page.rows(index).count else {
                throw ByteCodingError(.corrupted, "service counts")
            }
            end += Int(counts[index])
            ends.append(UInt32(end))
        }
        guard try cursor.count(span, limit: end) == end else { throw ByteCodingError(.corrupted, "service counts") }
        let numbers = try Self.integers(&cursor, count: end, span)
        for index in 0..<end {
            guard numbers[index] < UInt64(serviceCount) else { throw ByteCodingError(.corrupted, "services") }
        }
        let spans = try Self.integers(&cursor, count: end, span)
        let errors = try Self.integers(&cursor, count: end, span)
        self.ends = ends
        services = PackedNumbers(numbers)
        self.spans = PackedNumbers(spans)
        self.errors = PackedNumbers(errors)
    }

    private static func integers(
        _ cursor: inout ByteCursor, count: Int, _ bytes: RawSpan
    ) throws(ByteCodingError) -> FlatBuffer<UInt64> {
        var values = FlatBuffer<UInt64>(capacity: count)
        let chunk = try cursor.lengthPrefixed(bytes)
        try IntegerChunk.decode(chunk.span(of: bytes), count: count, into: &values)
        return values
    }

    /// Bytes in memory, about.
    var byteCount: Int { 128 + ends.count * 4 + services.byteCount + spans.byteCount + errors.byteCount }

    /// Appends what each service has of trace `index` of the page, in the order of `ranks`.
    ///
    /// - Parameter ranks: Of the services in the order of their names.
    func append(_ index: Int, ranks: Span<UInt32>, to columns: inout ServiceColumns) {
        let first = columns.pairs.count
        for pair in Int(index > 0 ? ends[index - 1] : 0)..<Int(ends[index]) {
            let added = ServiceColumns.Pair(
                service: UInt32(truncatingIfNeeded: services[pair]), spanCount: UInt32(clamping: spans[pair]),
                errorCount: UInt32(clamping: errors[pair]))
            columns.pairs.append(added)
            var place = columns.pairs.count - 1
            // A trace has few.
            while place > first, ranks[Int(columns.pairs[place - 1].service)] > ranks[Int(added.service)] {
                columns.pairs[place] = columns.pairs[place - 1]
                place -= 1
            }
            columns.pairs[place] = added
        }
        columns.ends.append(columns.pairs.count)
    }
}

/// What each service has of some traces, ordered by the services' names.
package struct ServiceColumns: Sendable {
    package struct Pair: BitwiseCopyable, Sendable {
        /// Number in the schema's ``BlockSchema/services``.
        package var service: UInt32
        package var spanCount: UInt32
        /// Those of the spans with status code 2.
        package var errorCount: UInt32
    }

    /// By trace: where its pairs end.
    package fileprivate(set) var ends: [Int] = []
    package fileprivate(set) var pairs: [Pair] = []
}

extension BlockReader {
    /// What each service has of some traces.
    ///
    /// - Parameter positions: In the trace index, rising.
    package func serviceColumns(ofTraces positions: [Int]) async throws -> ServiceColumns {
        var ranks = [UInt32](repeating: 0, count: schema.services.count)
        let byName = ranks.indices.sorted { schema.services[$0].lexicographicallyPrecedes(schema.services[$1]) }
        for (rank, service) in byName.enumerated() { ranks[service] = UInt32(truncatingIfNeeded: rank) }
        var columns = ServiceColumns()
        columns.ends.reserveCapacity(positions.count)
        var next = 0
        while next < positions.count {
            let number = pageNumber(ofTrace: positions[next])
            let (first, count) = (footer.indexPages[number].firstTrace, footer.indexPages[number].traceCount)
            let services = try await pageServices(number)
            let before = next
            while next < positions.count, positions[next] - first < count {
                services.value.append(positions[next] - first, ranks: ranks.span, to: &columns)
                next += 1
            }
            guard next > before else { throw BlockError(.corrupted, "the trace index of block \(id) lacks a trace") }
        }
        return columns
    }

    /// What each service has of some traces, ordered by the services' names.
    ///
    /// - Parameter positions: In the trace index, rising.
    package func serviceCounts(ofTraces positions: [Int]) async throws -> [[ServiceCounts]] {
        let columns = try await serviceColumns(ofTraces: positions)
        return columns.ends.indices.map { trace in
            columns.pairs[(trace > 0 ? columns.ends[trace - 1] : 0)..<columns.ends[trace]].map { pair in
                ServiceCounts(
                    service: schema.services[Int(pair.service)], spanCount: Int(pair.spanCount),
                    errorCount: Int(pair.errorCount))
            }
        }
    }
}

/// Numbers at as many whole bytes each as the greatest needs.
struct PackedNumbers: ~Copyable {
    private var bytes: FlatBuffer<UInt8>
    private let width: Int

    init(_ values: borrowing FlatBuffer<UInt64>) {
        var all: UInt64 = 0
        for index in 0..<values.count { all |= values[index] }
        width = max(1, (71 - all.leadingZeroBitCount) / 8)
        bytes = FlatBuffer(capacity: values.count * width)
        for index in 0..<values.count {
            for byte in 0..<width { bytes.append(UInt8(truncatingIfNeeded: values[index] &>> UInt64(byte * 8))) }
        }
    }

    var byteCount: Int { bytes.count }

    /// Traps outside of the numbers.
    subscript(index: Int) -> UInt64 {
        guard width > 1 else { return UInt64(bytes[index]) }
        var value: UInt64 = 0
        for byte in 0..<width { value |= UInt64(bytes[index * width + byte]) &<< UInt64(byte * 8) }
        return value
    }
}
