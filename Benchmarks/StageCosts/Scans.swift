// SPDX-License-Identifier: Apache-2.0

internal import BenchmarkCorpus
internal import ByteCoding

// Scans of columns that are far larger than the caches, beside what memory itself allows on the same machine at the same
// time.

/// Bytes of a column as it is stored, about.
private let columnByteCount = 160 << 20

/// CPU time of the best of some passes in nanoseconds; of each the result is kept, so that none is left out.
private func best(_ pass: () throws -> Int) throws -> UInt64 {
    var best = UInt64.max
    var results = 0
    for _ in 0..<7 {
        let began = cpuNanoseconds()
        results ^= try pass()
        best = min(best, cpuNanoseconds() - began)
    }
    precondition(results != .min)
    return max(1, best)
}

/// Bytes of so many nanoseconds as a text in GB/s, with one digit behind the point.
private func gigabytes(_ byteCount: Int, _ nanoseconds: UInt64) -> String {
    ratio(byteCount, Int(nanoseconds))
}

/// Time to read memory front to back and do nothing but add it up, and to copy it, in nanoseconds.
private func memoryTimes() throws -> (read: UInt64, copy: UInt64) {
    let words = [UInt64](repeating: 1, count: columnByteCount / 8)
    let read = try best { words.reduce(0) { $0 &+ Int(truncatingIfNeeded: $1) } }
    var out = ByteWriter(capacity: columnByteCount)
    let bytes = [UInt8](repeating: 1, count: columnByteCount)
    let copy = try best {
        out.removeAll()
        out.append(bytes.rawSpan)
        return out.count
    }
    return (read, copy)
}

func printScans() throws {
    let (read, copy) = try memoryTimes()
    print("")
    print("Scans of columns of \(columnByteCount >> 20) MiB; the best of 7 passes. Reading memory:", terminator: " ")
    print("\(gigabytes(columnByteCount, read)) GB/s, copying it: \(gigabytes(columnByteCount, copy)) GB/s")
    print(
        column("scan", 16) + column("bits stored", 13) + column("ps a value", 12) + column("GB/s decoded", 14)
            + column("reading ÷ it", 14))
    for kind in ScanColumn.Kind.allCases {
        let scan = ScanColumn(kind)
        let chunkCount = columnByteCount / scan.chunkByteCount
        let valueCount = chunkCount * ScanColumn.valuesInChunk
        let laidOut = scan.laidOut(chunkCount: chunkCount)
        let time = try best { try scan.scan(laidOut) }
        let decodedByteCount = valueCount * scan.decodedByteCount
        // How much longer than reading as many bytes.
        let readTime = Double(read) * Double(decodedByteCount) / Double(columnByteCount)
        print(
            column(kind.rawValue, 16) + column(ratio(scan.chunkByteCount * 8, ScanColumn.valuesInChunk), 13)
                + column("\(Int(time) * 1_000 / valueCount)", 12) + column(gigabytes(decodedByteCount, time), 14)
                + column(ratio(Int(time), Int(readTime)), 14))
    }
}
