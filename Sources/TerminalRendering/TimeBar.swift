// SPDX-License-Identifier: Apache-2.0

/// A strip of cells that stands for a stretch of time.
struct TimeBar {
    /// Unix nanoseconds.
    let start: UInt64
    /// Unix nanoseconds; not before `start`.
    let end: UInt64
    let cellCount: Int
    let usesUnicode: Bool

    private var critical: Character { usesUnicode ? "█" : "#" }
    private var running: Character { usesUnicode ? "░" : "-" }

    /// The cells that a stretch touches: one at least, also if it has no length.
    func cells(from spanStart: UInt64, to spanEnd: UInt64) -> Range<Int> {
        let scale = end > start ? Double(cellCount) / Double(end - start) : 0
        func position(_ time: UInt64) -> Double { Double(min(max(time, start), end) - start) * scale }
        let first = min(Int(position(spanStart)), cellCount - 1)
        let last = min(Int(position(spanEnd).rounded(.up)), cellCount)
        return first..<max(first + 1, last)
    }

    /// A span's time: where it runs, and where the trace waits for just this span.
    ///
    /// A cell counts as waiting from half of its time on; if none has as much, the one that has most does.
    func draw(from spanStart: UInt64, to spanEnd: UInt64, waiting: [(start: UInt64, end: UInt64)]) -> String {
        let covered = cells(from: spanStart, to: spanEnd)
        var strip = [Character](repeating: " ", count: covered.upperBound)
        for cell in covered { strip[cell] = running }
        guard !waiting.isEmpty else { return String(strip) }
        var filled = [Double](repeating: 0, count: covered.upperBound)
        for stretch in waiting {
            for cell in cells(from: stretch.start, to: stretch.end) where cell < filled.count {
                filled[cell] += share(of: cell, from: stretch.start, to: stretch.end)
            }
        }
        let threshold = min(0.5, filled.max() ?? 0)
        let first = filled.firstIndex { $0 >= threshold }
        for cell in covered where filled[cell] >= 0.5 || cell == first { strip[cell] = critical }
        return String(strip)
    }

    /// How much of a cell's time lies in a stretch, 0…1.
    private func share(of cell: Int, from stretchStart: UInt64, to stretchEnd: UInt64) -> Double {
        let cellTime = max(1, Double(end - start) / Double(cellCount))
        let from = Double(max(stretchStart, start) - start) / cellTime - Double(cell)
        let to = Double(max(min(stretchEnd, end), start) - start) / cellTime - Double(cell)
        return max(0, min(1, to) - max(0, from))
    }

    /// The line above the strip: when it begins and ends, and the middle if there is room.
    func scale() -> String {
        let length = end - start
        let last = DurationText.format(length)
        var line = "0"
        let middle = DurationText.format(length / 2)
        let middleCell = cellCount / 2
        if middleCell > 3, middleCell + middle.count + 2 <= cellCount - last.count {
            line = padded(line, to: middleCell) + middle
        }
        return line + padded(last, to: cellCount - line.count, .right)
    }
}

/// A bar as long as a share of 1, to an eighth of a cell.
func shareBar(_ share: Double, cellCount: Int, usesUnicode: Bool) -> String {
    let eighths = Int((max(0, min(1, share.isFinite ? share : 0)) * Double(cellCount * 8)).rounded())
    guard usesUnicode else { return String(repeating: "#", count: (eighths + 4) / 8) }
    let parts: [String] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]
    return String(repeating: "█", count: eighths / 8) + parts[eighths % 8]
}
