// SPDX-License-Identifier: Apache-2.0

import TerminalRendering
import Testing

@Suite struct BlockReportTests {
    private func report() -> BlockReport {
        BlockReport(
            facts: [("block", "0192f3a4c5d6"), ("services", "15")], spanCount: 100_000, byteCount: 4_000_000,
            parts: [
                BlockReport.Part(name: "row groups", count: 13, byteCount: 3_000_000, rawByteCount: 6_000_000),
                BlockReport.Part(name: "bloom filter", count: 1, byteCount: 1_000_000, rawByteCount: 1_000_000),
            ],
            columns: [
                BlockReport.Column(
                    name: "@spanID", type: "integer", encodings: "plain", codec: "none", byteCount: 800_000,
                    rawByteCount: 800_000),
                BlockReport.Column(
                    name: "@duration", type: "integer", encodings: "frameOfReference, plain", codec: "lz4, none",
                    byteCount: 1_240_000, rawByteCount: 1_900_000),
            ],
            dictionaries: [
                BlockReport.Dictionary(
                    columnName: "span.evil\u{1b}", valueCount: 1_234, byteCount: 20_000, rawByteCount: 60_000)
            ])
    }

    @Test func `a block at 120 cells has bars`() {
        #expect(
            report().render(TerminalStyle(width: 120)) == """
                block     0192f3a4c5d6
                services  15

                PART          COUNT       RAW    STORED  B/SPAN   SHARE
                row groups       13  5.72 MiB  2.86 MiB   30.00  75.0 %  █████████
                bloom filter      1   977 KiB   977 KiB   10.00  25.0 %  ███

                COLUMN     TYPE     ENCODINGS                CODEC       ENCODED    STORED  B/SPAN   SHARE
                @duration  integer  frameOfReference, plain  lz4, none  1.81 MiB  1.18 MiB   12.40  31.0 %  ███▊
                @spanID    integer  plain                    none        781 KiB   781 KiB    8.00  20.0 %  ██▍

                DICTIONARY OF  VALUES       RAW    STORED  B/SPAN  SHARE
                span.evil\\e     1,234  58.6 KiB  19.5 KiB    0.20  0.5 %

                """)
    }

    @Test func `no line is longer than the terminal is wide`() {
        for width in 60...140 {
            for line in report().render(TerminalStyle(width: width)).split(separator: "\n") {
                #expect(line.count <= width, "\(line)")
            }
        }
    }

    @Test func `where nothing but ASCII can be shown the bars are ASCII`() {
        let text = report().render(TerminalStyle(width: nil, usesUnicode: false))
        #expect(text.utf8.allSatisfy { $0 < 0x80 })
        #expect(text.contains("  #########\n"))
    }

    @Test func `a block without spans divides by nothing`() {
        let empty = BlockReport(
            facts: [], spanCount: 0, byteCount: 0,
            parts: [BlockReport.Part(name: "schema", count: 1, byteCount: 0, rawByteCount: 0)], columns: [],
            dictionaries: [])
        #expect(
            empty.render(TerminalStyle(width: 80)) == """
                PART    COUNT  RAW  STORED  B/SPAN  SHARE
                schema      1  0 B     0 B    0.00  0.0 %

                """)
    }
}
