// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import TraceModel

// What is shown of the traces that several blocks have parts of.

extension TraceSearch {
    mutating func describeParts(
        _ entries: [NewestTraces.Entry], _ rows: [Int], _ parts: [Int], _ found: inout SearchedTraces
    ) async throws {
        let split = entries.indices.filter { entries[$0].parts.count > 0 }
        guard !split.isEmpty else { return }
        try await describeRoots(split, entries, parts, &found)
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

    /// Adds the spans of some rows, block by block.
    ///
    /// - Returns: By row: where its span is; nil of those that could not be read.
    private mutating func spans(at rows: [Int], _ found: inout SearchedTraces) async throws -> [Int?] {
        var places = [Int?](repeating: nil, count: rows.count)
        for (block, part) in byBlock(rows.indices.sorted { rows[$0] < rows[$1] }, { rows[$0] }) {
            do {
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

    private mutating func describeRoots(
        _ split: [Int], _ entries: [NewestTraces.Entry], _ parts: [Int], _ found: inout SearchedTraces
    ) async throws {
        for index in split where entries[index].rootPart >= 0 {
            let part = BlockRow(number: parts[Int(entries[index].parts.first + entries[index].rootPart)])
            do {
                let root = try await blocks.reader(part.block).root(ofTrace: part.row)
                guard let root else { continue }
                found.traces[index].rootService = found.texts.number(of: root.service)
                found.traces[index].rootName = found.texts.number(of: root.name)
                try check(found)
            } catch let error as BlockError {
                fail(part.block, error)
            }
        }
    }

    /// Adds up what services have of each part.
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
        let ranks = found.texts.ranks(of: Set(sums.joined().map(\.name)))
        for (index, services) in zip(split, sums) {
            found.traces[index].services = .init(first: found.services.count, count: services.count)
            found.services += services.sorted { ranks[$0.name, default: 0] < ranks[$1.name, default: 0] }
        }
    }
}

extension [SearchedTraces.Service] {
    /// Adds counts to those of the same service; a trace has few.
    fileprivate mutating func add(_ counts: Element) {
        guard let place = firstIndex(where: { $0.name == counts.name }) else { return append(counts) }
        self[place].add(counts)
    }
}
