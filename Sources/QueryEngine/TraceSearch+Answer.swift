// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import TraceModel
internal import TraceQL

// What is shown of the traces that were found.

extension TraceSearch {
    /// The traces with the spans and services that are shown, looked up block by block.
    mutating func described(_ entries: [NewestTraces.Entry]) async throws -> SearchedTraces {
        let (rows, parts) = (newest.rows, newest.parts)
        // What is held for the traces from here on is what they take.
        describedByteCount =
            heads.byteCount + entries.count * MemoryLayout<NewestTraces.Entry>.stride + (rows.count + parts.count) * 8
        (judged, marks, marksByteCount, scans) = ([], [:], 0, [:])
        var found = newest.takeFound()
        let assembled = found.traces
        found.traces = entries.map { entry in
            guard entry.block != nil else { return assembled[Int(entry.position)] }
            let spansets = SearchedTraces.Part(first: found.spansets.count, count: 1)
            found.spansets.append(.init(matchedCount: Int(entry.matchedCount), references: entry.references))
            return .init(id: entry.id, start: entry.start, duration: entry.duration, spansets: spansets)
        }
        let order = Self.byPlace(entries)
        var next = 0
        while next < order.count, let block = entries[order[next]].block {
            let part = order[next...].prefix { entries[$0].block == block }
            next = part.endIndex
            do {
                let reader = try await blocks.reader(Int(block))
                if let error = try await describeSpans(part, entries, rows, reader, &found) { fail(Int(block), error) }
                try await describeTraces(part, entries, reader, &found)
            } catch let error as BlockError {
                fail(Int(block), error)
            } catch let error as QueryError {
                // No time or memory for more: what is known is answered.
                note(error.message)
                break
            }
        }
        do {
            try await describeParts(entries, rows, parts, &found)
        } catch let error as QueryError {
            note(error.message)
        }
        return found
    }

    /// Those of the entries that lie in one block each, by blocks and positions.
    private static func byPlace(_ entries: [NewestTraces.Entry]) -> [Int] {
        // What is compared stands side by side; entries are long.
        var places: [(place: UInt64, index: Int)] = []
        places.reserveCapacity(entries.count)
        for (index, entry) in entries.enumerated() {
            guard let block = entry.block, block >= 0 else { continue }
            places.append((UInt64(block) << 32 | UInt64(UInt32(bitPattern: entry.position)), index))
        }
        places.sort { $0.place < $1.place }
        return places.map(\.index)
    }

    /// - Parameter part: Of the entries, all of one block, by their positions.
    /// - Returns: Why spans of some are missing; nil if none are.
    /// - Throws: ``QueryError`` if there is no memory or time for more; then some have theirs.
    private func describeSpans(
        _ part: ArraySlice<Int>, _ entries: [NewestTraces.Entry], _ rows: [Int], _ reader: BlockReader,
        _ found: inout SearchedTraces
    ) async throws -> BlockError? {
        var wanted: [Int] = []
        for index in part { wanted += rows[entries[index].rows.indices] }
        let added = try await shown.addSpans(at: wanted, reader, width: width, to: &found) {
            (found, byteCount) throws(QueryError) in try check(found, byteCount)
        }
        var next = 0
        for index in part {
            let count = Int(entries[index].rows.count)
            // They lie in one row group, of which all are there, or none.
            if count > 0, let first = added.places[next] {
                found.spansets[Int(found.traces[index].spansets.first)].spans = .init(first: first, count: count)
            }
            next += count
        }
        if let failure = added.failure as? QueryError { throw failure }
        return added.failure as? BlockError
    }

    /// Holds what an answer takes by now, and what is about to be made besides.
    ///
    /// - Throws: ``QueryError`` if there is no memory or time for more.
    func check(_ found: borrowing SearchedTraces, _ more: Int = 0) throws(QueryError) {
        // A third more, for writing it.
        let byteCount = describedByteCount + found.byteCount
        try memory.hold(byteCount + byteCount / 3 + more)
        if let excess = deadline.excessOfTelling { throw QueryError(.timedOut, excess) }
    }

    /// Roots and services, from the trace index.
    private func describeTraces(
        _ part: ArraySlice<Int>, _ entries: [NewestTraces.Entry], _ reader: BlockReader, _ found: inout SearchedTraces
    ) async throws {
        var services = TextNumbers(reader.schema.services)
        var page: BlockReader.Shared<TraceIndexPage>?
        var pageTraces = 0..<0
        var names = TextNumbers([])
        var damage: (any Error)?
        for index in part {
            let position = Int(entries[index].position)
            if !pageTraces.contains(position) {
                let number = reader.pageNumber(ofTrace: position)
                let next = try await reader.indexPage(number)
                let first = reader.footer.indexPages[number].firstTrace
                (page, pageTraces) = (next, first..<(first + next.value.traceCount))
                names = TextNumbers(next.value.names)
            }
            do {
                guard let page, let root = try reader.root(position - pageTraces.lowerBound, page) else { continue }
                found.traces[index].rootService = services.number(root.service, in: &found.texts)
                found.traces[index].rootName = names.number(root.name, in: &found.texts)
            } catch {
                // The other traces are as sound as before.
                damage = damage ?? error
            }
        }
        let columns = try await reader.serviceColumns(ofTraces: part.map { Int(entries[$0].position) })
        let first = found.services.count
        found.services.reserveCapacity(first + columns.pairs.count)
        for pair in columns.pairs {
            found.services.append(
                .init(
                    name: services.number(Int(pair.service), in: &found.texts), spanCount: pair.spanCount,
                    errorCount: pair.errorCount))
        }
        var start = 0
        for (index, end) in zip(part, columns.ends) {
            found.traces[index].services = .init(first: first + start, count: end - start)
            start = end
        }
        try check(found)
        if let damage { throw damage }
    }
}

/// The numbers that strings of a block have in an answer, given out as they occur.
struct TextNumbers {
    private let strings: [[UInt8]]
    private var numbers: [Int32]

    init(_ strings: [[UInt8]]) {
        self.strings = strings
        numbers = Array(repeating: -1, count: strings.count)
    }

    mutating func number(_ index: Int, in texts: inout TextTable) -> Int32 {
        if numbers[index] < 0 { numbers[index] = texts.number(of: strings[index]) }
        return numbers[index]
    }
}

extension SearchedSpanset {
    init(_ spanset: Spanset, spans: [SearchedSpan]) {
        self.init(
            matchedCount: spanset.rows.count, spans: spans,
            attributes: spanset.attributes.map { SearchedAttribute(name: $0.name, value: $0.value) })
    }
}

extension SearchedTrace.Root {
    init(_ root: (service: [UInt8], name: [UInt8])) { self.init(service: root.service, nameBytes: root.name) }
}
