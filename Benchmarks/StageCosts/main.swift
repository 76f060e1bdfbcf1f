// SPDX-License-Identifier: Apache-2.0

internal import BenchmarkCorpus
internal import CAllocationCount
internal import Glibc

// What the stages of the way in and scans of columns cost; scripts/check-benchmarks.sh compares it with the thresholds in
// git. A pass of a scan goes through a thousand values for each span of the others.
//
//   StageCosts list              the names of the stages
//   StageCosts run STAGE PASSES  performs a stage so often: for callgrind, which counts the instructions
//   StageCosts count STAGE       allocations of a pass, and bytes that it made, for a thousand spans
//   StageCosts table             CPU time beside that of the limits, and scans beside the memory's bandwidth

/// CPU time of this thread in nanoseconds.
func cpuNanoseconds() -> UInt64 {
    var time = timespec()
    // Safe: the call fills the value that it is given.
    _ = unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

func perThousand(_ count: Int) -> Int { (count * 1_000 + Workshop.spanCount / 2) / Workshop.spanCount }

/// - Parameter pass: Returns how much was made, or found.
func count(_ pass: () throws -> Int) throws {
    // What is made once and kept does not count.
    _ = try pass()
    let before = allocation_count()
    let made = try pass()
    print(perThousand(Int(allocation_count() - before)), perThousand(made))
}

/// The best of some passes, in picoseconds a span.
func picoseconds(_ stage: Stage, _ workshop: borrowing Workshop) throws -> Int {
    var best = UInt64.max
    for _ in 0..<15 {
        let began = cpuNanoseconds()
        _ = try workshop.perform(stage)
        best = min(best, cpuNanoseconds() - began)
    }
    return Int(best) * 1_000 / Workshop.spanCount
}

func column(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
}

func ratio(_ value: Int, _ limit: Int) -> String {
    let tenths = (value * 10 + limit / 2) / max(1, limit)
    return "\(tenths / 10).\(tenths % 10)"
}

func printTable(_ workshop: borrowing Workshop) throws {
    var times: [Stage: Int] = [:]
    for stage in Stage.allCases { times[stage] = try picoseconds(stage, workshop) }
    let limits = [Stage.copy, .lz4, .decode].map { times[$0] ?? 0 }
    print("CPU time a span; the best of 15 passes over \(Workshop.spanCount) spans of", terminator: " ")
    print("\(workshop.requestByteCount / Workshop.spanCount) bytes")
    print(column("stage", 14) + column("ns", 8) + column("× copy", 10) + column("× lz4", 10) + column("× decode", 10))
    for stage in Stage.allCases {
        let time = times[stage] ?? 0
        let ratios = limits.map { column(ratio(time, $0), 10) }.joined()
        print(column(stage.rawValue, 14) + column("\(time / 1_000)", 8) + ratios)
    }
}

let arguments = Array(CommandLine.arguments.dropFirst())
let passCount = arguments.count > 2 ? Int(arguments[2]) ?? 1 : 1
let name = arguments.count > 1 ? arguments[1] : ""
let chunkCount = Workshop.spanCount * 1_000 / ScanColumn.valuesInChunk
switch (arguments.first, Stage(rawValue: name), ScanColumn.Kind(rawValue: name)) {
case ("list", _, _):
    for stage in Stage.allCases { print(stage.rawValue) }
    for kind in ScanColumn.Kind.allCases { print(kind.rawValue) }
case ("table", _, _):
    try printTable(Workshop())
    try printScans()
case ("count", let stage?, _):
    let workshop = try Workshop()
    try count { try workshop.perform(stage) }
case ("count", _, let kind?):
    let column = ScanColumn(kind)
    try count { try column.scan(chunkCount: chunkCount) }
case ("run", let stage?, _):
    let workshop = try Workshop()
    for _ in 0..<passCount { _ = try workshop.perform(stage) }
case ("run", _, let kind?):
    let column = ScanColumn(kind)
    for _ in 0..<passCount { _ = try column.scan(chunkCount: chunkCount) }
default:
    print("usage: StageCosts list | table | count STAGE | run STAGE PASSES")
    exit(2)
}
