// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

/// What is listed of the roots of traces.
package enum RootText: Sendable {
    case name
    case service
}

// Rows of a row group by what the trace index says of their traces, of which the block has to have all.

extension BlockReader {
    /// Counts rows of a row group by what the roots of their traces have; rows of traces without a root have nothing.
    ///
    /// - Parameter rows: Which ones, counted from the group's first.
    package func countRoots(
        _ text: RootText, _ rows: RowMask, group: Int, into tally: inout ValueTally
    ) async throws {
        let bits = rows.bits(count: footer.rowGroups[group].rowCount)
        var known: Shared<TraceIndexPage>?
        var numbers = CodeNumbers(count: 0)
        try await forEachTrace(having: bits, ofGroup: group) { page, index, rows in
            if page !== known {
                known = page
                numbers = CodeNumbers(count: text == .name ? page.value.names.count : schema.services.count)
            }
            guard let root = try root(index, page) else { return }
            let number = numbers.number(
                of: UInt64(text == .name ? root.name : root.service),
                { .string(text == .name ? page.value.names[Int($0)] : schema.services[Int($0)]) }, in: &tally)
            tally.add(number, spanCount: bits.markedCount(in: rows))
        }
    }

    /// Those of some rows of a row group for whose traces something holds.
    ///
    /// - Parameters:
    ///   - rows: Counted from the group's first.
    ///   - holds: Is asked once a trace: its page of the trace index, and its place there.
    package func rows(
        _ rows: RowMask, group: Int, ofTraces holds: (Shared<TraceIndexPage>, Int) throws -> Bool
    ) async throws -> RowMask {
        var bits = rows.bits(count: footer.rowGroups[group].rowCount)
        var chosen = BitMask(count: bits.count)
        try await forEachTrace(having: bits, ofGroup: group) { page, index, rows in
            if try holds(page, index) { chosen.mark(rows) }
        }
        bits.formIntersection(chosen)
        return RowMask(bits)
    }

    /// Gives the traces that have marked rows in a group to `body`: the page of each, its place there, and its rows in the
    /// group, from the first marked one on.
    private func forEachTrace(
        having bits: BitMask, ofGroup group: Int, _ body: (Shared<TraceIndexPage>, Int, Range<Int>) throws -> Void
    ) async throws {
        let entry = footer.rowGroups[group]
        var number = pageNumber(ofTrace: entry.firstTrace)
        var next = bits.first(from: 0)
        while let first = next {
            while number + 1 < footer.indexPages.count,
                footer.indexPages[number + 1].firstRow <= entry.firstRow + first
            { number += 1 }
            let page = try await indexPage(number)
            let end = endRow(ofPage: number) - entry.firstRow
            guard first < end else { throw BlockError(.corrupted, "the trace index of block \(id) lacks a trace") }
            var index = page.value.index(ofRow: entry.firstRow + first)
            while let row = next, row < end {
                while page.value.rows(index).upperBound <= entry.firstRow + row { index += 1 }
                let endRow = min(page.value.rows(index).upperBound - entry.firstRow, bits.count)
                try body(page, index, row..<endRow)
                next = bits.first(from: endRow)
            }
        }
    }
}
