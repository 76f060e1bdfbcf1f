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

extension TraceIndexPage {
    /// What each service has of some traces of the page, ordered by the services' names.
    ///
    /// - Parameters:
    ///   - positions: In the page, rising.
    ///   - ranks: Of the services in the order of their names.
    /// - Throws: `.corrupted` if the page contradicts itself or `services`.
    /// - Complexity: O(traces of the page): ask once for many.
    func serviceCounts(
        ofTraces positions: [Int], services: [[UInt8]], ranks: [Int]
    ) throws(ByteCodingError) -> [[ServiceCounts]] {
        let span = bytes.rawSpan
        var cursor = try ByteCursor(position: servicesOffset, end: span.byteCount, in: span)
        let counts = try Self.integers(&cursor, count: traceCount, span)
        let ends = try ends(counts)
        let pairCount = try cursor.count(span, limit: ends[traceCount])
        guard pairCount == ends[traceCount] else { throw ByteCodingError(.corrupted, "service counts") }
        var pairs: [Int] = []
        for position in positions { pairs.append(contentsOf: ends[position]..<ends[position + 1]) }
        let names = try Self.integers(&cursor, count: pairCount, at: pairs, span)
        let spans = try Self.integers(&cursor, count: pairCount, at: pairs, span)
        let errors = try Self.integers(&cursor, count: pairCount, at: pairs, span)
        var result: [[ServiceCounts]] = []
        result.reserveCapacity(positions.count)
        var next = 0
        var order: [Int] = []
        for position in positions {
            let end = next + ends[position + 1] - ends[position]
            order.removeAll(keepingCapacity: true)
            for pair in next..<end {
                guard names[pair] < UInt64(services.count) else { throw ByteCodingError(.corrupted, "services") }
                order.append(pair)
            }
            order.sort { ranks[Int(names[$0])] < ranks[Int(names[$1])] }
            var trace: [ServiceCounts] = []
            trace.reserveCapacity(order.count)
            for pair in order {
                trace.append(
                    ServiceCounts(
                        service: services[Int(names[pair])], spanCount: Int(clamping: spans[pair]),
                        errorCount: Int(clamping: errors[pair])))
            }
            next = end
            result.append(trace)
        }
        return result
    }

    private static func integers(
        _ cursor: inout ByteCursor, count: Int, _ bytes: RawSpan
    ) throws(ByteCodingError) -> FlatBuffer<UInt64> {
        var values = FlatBuffer<UInt64>()
        let chunk = try cursor.lengthPrefixed(bytes)
        try IntegerChunk.decode(chunk.span(of: bytes), count: count, into: &values)
        return values
    }

    /// - Parameter places: Rising, below `count`.
    private static func integers(
        _ cursor: inout ByteCursor, count: Int, at places: [Int], _ bytes: RawSpan
    ) throws(ByteCodingError) -> FlatBuffer<UInt64> {
        var values = FlatBuffer<UInt64>(capacity: places.count)
        let chunk = try cursor.lengthPrefixed(bytes)
        try IntegerChunk.pick(chunk.span(of: bytes), count: count, at: places.span, into: &values)
        return values
    }

    /// Where the pairs of each trace begin, and where the last one's end; a service has a span at least.
    private func ends(_ counts: borrowing FlatBuffer<UInt64>) throws(ByteCodingError) -> [Int] {
        var ends = [0]
        ends.reserveCapacity(counts.count + 1)
        var end = 0
        for index in 0..<counts.count {
            guard counts[index] <= UInt64(rows(index).count) else {
                throw ByteCodingError(.corrupted, "service counts")
            }
            end += Int(counts[index])
            ends.append(end)
        }
        return ends
    }
}

extension BlockReader {
    /// What each service has of some traces, ordered by the services' names.
    ///
    /// - Parameter positions: In the trace index, rising.
    package func serviceCounts(ofTraces positions: [Int]) async throws -> [[ServiceCounts]] {
        var ranks = [Int](repeating: 0, count: schema.services.count)
        let byName = ranks.indices.sorted { schema.services[$0].lexicographicallyPrecedes(schema.services[$1]) }
        for (rank, service) in byName.enumerated() { ranks[service] = rank }
        var result: [[ServiceCounts]] = []
        var next = 0
        while next < positions.count {
            let number = pageNumber(ofTrace: positions[next])
            let first = footer.indexPages[number].firstTrace
            let page = try await indexPage(number)
            let count = positions[next...].prefix { $0 < first + page.value.traceCount }.count
            guard count > 0 else { throw BlockError(.corrupted, "the trace index of block \(id) lacks a trace") }
            let wanted = positions[next..<(next + count)].map { $0 - first }
            result += try reading("trace index of block \(id)") { () throws(ByteCodingError) in
                try page.value.serviceCounts(ofTraces: wanted, services: schema.services, ranks: ranks)
            }
            next += count
        }
        return result
    }
}
