// SPDX-License-Identifier: Apache-2.0

import TerminalRendering
import Testing

@Suite struct CSVTableTests {
    @Test(arguments: [
        ("plain", "plain"), ("", ""), ("two words", "two words"), ("a,b", "\"a,b\""), ("say \"hi\"", "\"say \"\"hi\"\"\""),
        ("line\nfeed", "\"line\nfeed\""), ("cr\rlf\r\n", "\"cr\rlf\r\n\""), ("\u{1b}[2J", "\u{1b}[2J"), ("ä…", "ä…"),
    ])
    func `a field stands in quotes only if it has to`(field: String, written: String) {
        var table = CSVTable(["a", "b"])
        table.append([field, "x"])
        #expect(table.text(isForTerminal: false) == "a,b\r\n\(written),x\r\n")
    }

    @Test func `on a terminal nothing moves the cursor`() {
        var table = CSVTable(["a"])
        table.append(["\u{1b}[2J\r\nx,"])
        #expect(table.text(isForTerminal: true) == "a\r\n\"\\e[2J\\r\\nx,\"\r\n")
    }

    @Test func `every text of quotes, commas and line ends comes back`() {
        let letters: [Character] = ["a", ",", "\"", "\n", "\r", " "]
        for first in letters {
            for second in letters {
                for third in letters {
                    let rows = [[String([first, second, third]), String(first)], ["", String([third, second])]]
                    var table = CSVTable(["x", "y"])
                    for row in rows { table.append(row) }
                    #expect(parsed(table.text(isForTerminal: false)) == [["x", "y"]] + rows)
                }
            }
        }
    }

    /// A reader by the grammar of RFC 4180.
    private func parsed(_ text: String) -> [[String]] {
        var rows: [[String]] = []
        var row: [String] = []
        var field: [UInt8] = []
        var bytes = Array(text.utf8)[...]
        while let byte = bytes.popFirst() {
            switch byte {
            case UInt8(ascii: "\""):
                while let inside = bytes.popFirst() {
                    guard inside == UInt8(ascii: "\"") else {
                        field.append(inside)
                        continue
                    }
                    guard bytes.first == UInt8(ascii: "\"") else { break }
                    field.append(bytes.removeFirst())
                }
            case UInt8(ascii: ","):
                row.append(String(decoding: field, as: UTF8.self))
                field = []
            case 0x0d where bytes.first == 0x0a:
                bytes.removeFirst()
                rows.append(row + [String(decoding: field, as: UTF8.self)])
                (row, field) = ([], [])
            default: field.append(byte)
            }
        }
        return rows
    }
}
