// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ByteCoding
internal import TraceModel

// What is shown of the traces that heads or several blocks have parts of.

extension TraceSearch {
    mutating func describeParts(
        _ entries: [NewestTraces.Entry], _ rows: [Int], _ parts: [Int], _ found: inout SearchedTraces
    ) async throws {
        let split = entries.indices.filter { entries[$0].block == -1 }
        guard !split.isEmpty else { return }
        try await describeRoots(split, entries, &found)
        try await describeServices(split, entries, parts, &found)
        let wanted = split.flatMap { rows[entries[$0].rows.indices] }
        let places = try await spans(at: wanted, &found)
        var next = 0
        for index in split {
            let first = found.spans.count
            for place in places[next..<(next + Int(entries[index].rows.count))] {
                if let place { found.spans.append(found.spans[place]) }
            }
            next += Int(entries[index].rows.count)
            found.spansets[Int(found.traces[index].spansets.first)].spans = .init(
                first: first, count: found.spans.count - first)
        }
    }

    /// Numbers in rising order as parts of one block each.
    private func byBlock(_ order: [Int], _ number: (Int) -> Int) -> [(block: Int, places: ArraySlice<Int>)] {
        var parts: [(block: Int, places: ArraySlice<Int>)] = []
        var next = 0
        while next < order.count {
            let block = BlockRow(number: number(order[next])).block
            let part = order[next...].prefix { BlockRow(number: number($0)).block == block }
            parts.append((block, part))
            next = part.endIndex
        }
        return parts
    }

    /// Adds the spans of some rows, block by block, and head by head.
    ///
    /// - Returns: By row: where its span is; nil of those that could not be read.
    private mutating func spans(at rows: [Int], _ found: inout SearchedTraces) async throws -> [Int?] {
        var places = [Int?](repeating: nil, count: rows.count)
        for (block, part) in byBlock(rows.indices.sorted { rows[$0] < rows[$1] }, { rows[$0] }) {
            do {
                if block == blocks.placeOfHeads {
                    try addSpans(ofHeads: part, rows, &places, &found)
                    continue
                }
                let added = try await shown.addSpans(
                    at: part.map { BlockRow(number: rows[$0]).row }, try await blocks.reader(block), width: width,
                    to: &found
                ) { (found, byteCount) throws(QueryError) in try check(found, byteCount) }
                for (place, index) in zip(added.places, part) { places[index] = place }
                if let failure = added.failure { throw failure }
            } catch let error as BlockError {
                fail(block, error)
            } catch let error as QueryError {
                note(error.message)
                break
            }
        }
        return places
    }

    private func addSpans(
        ofHeads part: ArraySlice<Int>, _ rows: [Int], _ places: inout [Int?], _ found: inout SearchedTraces
    ) throws(QueryError) {
        let located = part.map { heads.place(ofRow: BlockRow(number: rows[$0]).row) }
        var next = 0
        while next < located.count {
            let head = located[next].head
            let end = located[next...].firstIndex { $0.head != head } ?? located.count
            let rows = located[next..<end].map(\.row)
            let first = try shown.addSpans(at: rows, heads.spans(ofHead: head), to: &found) {
                (found, byteCount) throws(QueryError) in try check(found, byteCount)
            }
            for place in next..<end { places[part[part.startIndex + place]] = first + place - next }
            next = end
        }
    }

    private mutating func describeRoots(
        _ split: [Int], _ entries: [NewestTraces.Entry], _ found: inout SearchedTraces
    ) async throws {
        for index in split where entries[index].root >= 0 {
            let part = BlockRow(number: entries[index].root)
            do {
                let root =
                    part.block == blocks.placeOfHeads
                    ? heads.root(atRow: part.row) : try await blocks.reader(part.block).root(ofTrace: part.row)
                guard let root else { continue }
                found.traces[index].rootService = found.texts.number(of: root.service)
                found.traces[index].rootName = found.texts.number(of: root.name)
                try check(found)
            } catch let error as BlockError {
                fail(part.block, error)
            }
        }
    }

    /// Adds up what services have of each part, and in heads.
    private mutating func describeServices(
        _ split: [Int], _ entries: [NewestTraces.Entry], _ parts: [Int], _ found: inout SearchedTraces
    ) async throws {
        var owners: [(entry: Int, number: Int)] = []
        for (entry, index) in split.enumerated() {
            for number in parts[entries[index].parts.indices] { owners.append((entry, number)) }
        }
        var sums = [[SearchedTraces.Service]](repeating: [], count: split.count)
        var sumCount = 0
        let order = owners.indices.sorted { owners[$0].number < owners[$1].number }
        for (block, places) in byBlock(order, { owners[$0].number }) {
            do {
                let reader = try await blocks.reader(block)
                let columns = try await reader.serviceColumns(
                    ofTraces: places.map { BlockRow(number: owners[$0].number).row })
                var names = TextNumbers(reader.schema.services)
                var start = 0
                for (place, end) in zip(places, columns.ends) {
                    sumCount += end - start
                    for pair in columns.pairs[start..<end] {
                        sums[owners[place].entry].add(
                            .init(
                                name: names.number(Int(pair.service), in: &found.texts), spanCount: pair.spanCount,
                                errorCount: pair.errorCount))
                    }
                    start = end
                }
                // Added up, and in the answer.
                try check(found, split.count * 64 + sumCount * 64)
            } catch let error as BlockError {
                fail(block, error)
            }
        }
        try addServices(ofHeads: split.map { entries[$0].id }, to: &sums, &found)
        let ranks = found.texts.ranks(of: Set(sums.joined().map(\.name)))
        for (index, services) in zip(split, sums) {
            found.traces[index].services = .init(first: found.services.count, count: services.count)
            found.services += services.sorted { ranks[Int($0.name)] < ranks[Int($1.name)] }
        }
    }
}

extension TraceSearch {
    /// - Parameter sums: By trace.
    private func addServices(
        ofHeads ids: [TraceID], to sums: inout [[SearchedTraces.Service]], _ found: inout SearchedTraces
    ) throws(QueryError) {
        var tally = HeadServiceTally(heads)
        for (index, id) in ids.enumerated() {
            tally.forEachService(of: id, &found.texts) { sums[index].add($0) }
            try check(found, ids.count * 64 + sums[index].count * 64)
        }
    }
}

/// Counts what services have of traces in heads.
private struct HeadServiceTally: ~Copyable {
    private let heads: HeadTraces
    /// By head: where its resources begin in `services`.
    private let firstResources: [Int]
    /// By resource of all heads: the number of its service; -1 of those that were not met.
    private var services: FlatBuffer<Int32>
    /// By service, of the trace at hand; of the others zeros.
    private var spanCounts = FlatBuffer<UInt32>()
    private var errorCounts = FlatBuffer<UInt32>()
    /// By service: its name in the answer.
    private var names: [Int32] = []
    private var numbers: [Int32: Int32] = [:]

    init(_ heads: HeadTraces) {
        self.heads = heads
        var count = 0
        firstResources = (0..<heads.headCount).map { head in
            defer { count += heads.spans(ofHead: head).resources.count }
            return count
        }
        services = FlatBuffer(repeating: -1, count: count)
    }

    mutating func forEachService(
        of id: TraceID, _ texts: inout TextTable, _ body: (SearchedTraces.Service) -> Void
    ) {
        // A trace has few.
        var met: [Int] = []
        heads.forEachRow(of: id) { head, spans, row, _ in
            let resource = firstResources[head] + Int(spans.resource[row])
            if services[resource] < 0 { services[resource] = number(of: texts.number(of: spans.serviceName(row))) }
            let service = Int(services[resource])
            if spanCounts[service] == 0 { met.append(service) }
            spanCounts[service] &+= 1
            if spans.status[row] == 2 { errorCounts[service] &+= 1 }
        }
        for service in met {
            body(.init(name: names[service], spanCount: spanCounts[service], errorCount: errorCounts[service]))
            (spanCounts[service], errorCounts[service]) = (0, 0)
        }
    }

    private mutating func number(of name: Int32) -> Int32 {
        if let number = numbers[name] { return number }
        let number = Int32(truncatingIfNeeded: names.count)
        names.append(name)
        spanCounts.append(0)
        errorCounts.append(0)
        numbers[name] = number
        return number
    }
}

extension [SearchedTraces.Service] {
    /// Adds counts to those of the same service; a trace has few.
    fileprivate mutating func add(_ counts: Element) {
        guard let place = firstIndex(where: { $0.name == counts.name }) else { return append(counts) }
        self[place].add(counts)
    }
}
