// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

/// What is listed of the roots of traces.
package enum RootText: Sendable {
    case name
    case service
}

extension BlockReader {
    /// Counts rows of a row group by what the roots of their traces have; rows of traces without a root have nothing.
    ///
    /// - Parameter rows: Which ones, counted from the group's first; of traces of which the block has all.
    package func countRoots(
        _ text: RootText, _ rows: RowMask, group: Int, into tally: inout ValueTally
    ) async throws {
        let entry = footer.rowGroups[group]
        let bits = rows.bits(count: entry.rowCount)
        var number = pageNumber(ofTrace: entry.firstTrace)
        var next = bits.first(from: 0)
        while let first = next {
            while number + 1 < footer.indexPages.count,
                footer.indexPages[number + 1].firstRow <= entry.firstRow + first
            { number += 1 }
            let end = endRow(ofPage: number) - entry.firstRow
            guard first < end else { throw BlockError(.corrupted, "the trace index of block \(id) lacks a trace") }
            next = try count(text, bits, first..<min(end, bits.count), entry, try await indexPage(number), into: &tally)
        }
    }

    /// Counts those of the rows `rows` that are marked, all of them of traces of one page.
    ///
    /// - Returns: The next row behind them.
    private func count(
        _ text: RootText, _ bits: BitMask, _ rows: Range<Int>, _ entry: RowGroupEntry, _ page: Shared<TraceIndexPage>,
        into tally: inout ValueTally
    ) throws(BlockError) -> Int? {
        var numbers = CodeNumbers(count: text == .name ? page.value.names.count : schema.services.count)
        var index = page.value.index(ofRow: entry.firstRow + rows.lowerBound)
        var next: Int? = rows.lowerBound
        while let row = next, row < rows.upperBound {
            while page.value.rows(index).upperBound <= entry.firstRow + row { index += 1 }
            let end = min(page.value.rows(index).upperBound - entry.firstRow, bits.count)
            if let root = try root(index, page) {
                let number = numbers.number(
                    of: UInt64(text == .name ? root.name : root.service),
                    { .string(text == .name ? page.value.names[Int($0)] : schema.services[Int($0)]) }, in: &tally)
                tally.add(number, spanCount: bits.markedCount(in: row..<end))
            }
            next = bits.first(from: end)
        }
        return next
    }
}
