// SPDX-License-Identifier: Apache-2.0

internal import TraceAnalysis

/// The definition of docs/CRITICAL-PATH.md, written down as directly as possible: recursion,
/// searching through all rows, sets of what was taken. Against this the real one is tested.
struct NaiveCriticalPath {
    typealias Segment = CriticalPath.Segment

    let trace: TraceColumns
    let options: CriticalPathOptions
    private(set) var parents: [Int32] = []
    private var starts: [UInt64]
    private var ends: [UInt64]

    init(_ trace: TraceColumns, _ options: CriticalPathOptions = .init()) {
        self.trace = trace
        self.options = options
        starts = trace.starts
        ends = zip(trace.starts, trace.ends).map { max($0, $1) }
        parents = (0..<trace.count).map { parent(of: $0) }
        cutCycles()
    }

    var rows: Range<Int> { 0..<trace.count }

    // MARK: Tree

    /// What a row holds, in the order in which ties are broken.
    private func identity(_ row: Int) -> [UInt64] {
        [
            trace.spanIDs[row], trace.starts[row], trace.ends[row], UInt64(trace.kinds[row]),
            trace.parentSpanIDs[row], UInt64(row),
        ]
    }

    private func identityPrecedes(_ a: Int, _ b: Int) -> Bool {
        identity(a).lexicographicallyPrecedes(identity(b))
    }

    private func sharedClient(of row: Int) -> Int? {
        guard trace.kinds[row] == 2 else { return nil }
        let clients = rows.filter {
            trace.kinds[$0] == 3 && trace.spanIDs[$0] == trace.spanIDs[row]
        }
        guard let client = clients.min(by: identityPrecedes) else { return nil }
        let parentID = trace.parentSpanIDs[row]
        let isPair = parentID == trace.spanIDs[row] || parentID == trace.parentSpanIDs[client]
        return isPair ? client : nil
    }

    private func parent(of row: Int) -> Int32 {
        if let client = sharedClient(of: row) { return Int32(client) }
        let parentID = trace.parentSpanIDs[row]
        if parentID == 0 { return -1 }
        if parentID == trace.spanIDs[row] { return -3 }
        let namesakes = rows.filter { trace.spanIDs[$0] == parentID }.sorted(by: identityPrecedes)
        if let server = namesakes.first(where: { sharedClient(of: $0) != nil }) {
            return Int32(server)
        }
        return namesakes.first.map { Int32($0) } ?? -2
    }

    private mutating func cutCycles() {
        for row in rows {
            var cycle = [row]
            var next = parents[row]
            while next >= 0, next != row, cycle.count <= trace.count {
                cycle.append(Int(next))
                next = parents[Int(next)]
            }
            guard next == row, let first = cycle.min(by: comesFirst) else { continue }
            parents[first] = -3
        }
    }

    private func comesFirst(_ a: Int, _ b: Int) -> Bool {
        if starts[a] != starts[b] { return starts[a] < starts[b] }
        if ends[a] != ends[b] { return ends[a] > ends[b] }
        return identityPrecedes(a, b)
    }

    var fragmentRoots: [Int] { rows.filter { parents[$0] < 0 } }

    var root: Int? {
        let parentless = rows.filter { parents[$0] == -1 }
        return parentless.count == 1 ? parentless[0] : fragmentRoots.min(by: comesFirst)
    }

    func children(of row: Int) -> [Int] { rows.filter { parents[$0] == Int32(row) } }

    /// Every row below and including `row`, parents first, children in display order.
    func preorder(_ row: Int) -> [Int] {
        [row] + children(of: row).sorted(by: comesFirst).flatMap { preorder($0) }
    }

    // MARK: Path

    private func isAsynchronous(_ child: Int, of row: Int) -> Bool {
        options.asynchronous == .exclude && trace.kinds[row] == 4 && trace.kinds[child] == 5
    }

    func segments(from root: Int) -> [Segment] {
        var copy = self
        if options.skew == .adjust { copy.adjustSkew(below: root) }
        if options.mode == .toLastSpan { copy.extendToLastSpan(root) }
        let pieces = copy.walk(root, copy.starts[root], copy.ends[root])
        var segments: [Segment] = []
        for piece in pieces.reversed() where piece.start < piece.end {
            if let last = segments.last, last.row == piece.row, last.end == piece.start {
                segments[segments.count - 1].end = piece.end
            } else {
                segments.append(piece)
            }
        }
        return segments
    }

    /// The walk back through one window; pieces of no length included, the latest first.
    private func walk(_ row: Int, _ windowStart: UInt64, _ windowEnd: UInt64) -> [Segment] {
        let tolerance = options.mode == .cover ? UInt64.max : options.toleranceNanoseconds
        var left: [(row: Int, start: UInt64, end: UInt64)] = []
        for child in children(of: row) where !isAsynchronous(child, of: row) {
            let (start, end) = (max(starts[child], windowStart), min(ends[child], windowEnd))
            let overlaps = start < end
            let isPoint = start == end && starts[child] == ends[child]
            if overlaps || isPoint { left.append((child, start, end)) }
        }
        var pieces: [Segment] = []
        var time = windowEnd
        while true {
            let eligible = left.indices.filter {
                left[$0].start < time && (left[$0].end <= time || left[$0].end - time <= tolerance)
            }
            let best = eligible.max { a, b in
                let (endA, endB) = (min(left[a].end, time), min(left[b].end, time))
                if endA != endB { return endA < endB }
                if left[a].start != left[b].start { return left[a].start < left[b].start }
                return identityPrecedes(left[b].row, left[a].row)
            }
            guard let best else { break }
            let child = left.remove(at: best)
            let end = min(child.end, time)
            pieces.append(Segment(row: row, start: end, end: time))
            pieces += walk(child.row, child.start, end)
            time = child.start
        }
        pieces.append(Segment(row: row, start: windowStart, end: time))
        return pieces
    }

    // MARK: Options that change times (small numbers only)

    private mutating func adjustSkew(below row: Int) {
        let servers = children(of: row).filter { trace.kinds[$0] == 2 }
        if trace.kinds[row] == 3, servers.count == 1 {
            let server = servers[0]
            let fits = ends[server] - starts[server] <= ends[row] - starts[row]
            if fits, starts[server] < starts[row] {
                let shift = Int(starts[row]) - Int(starts[server])
                for inside in preorder(server) { move(inside, by: shift) }
            } else if fits, ends[server] > ends[row] {
                let shift = Int(ends[row]) - Int(ends[server])
                for inside in preorder(server) { move(inside, by: shift) }
            }
        }
        for child in children(of: row) { adjustSkew(below: child) }
    }

    private mutating func move(_ row: Int, by shift: Int) {
        starts[row] = UInt64(Int(starts[row]) + shift)
        ends[row] = UInt64(Int(ends[row]) + shift)
    }

    private mutating func extendToLastSpan(_ root: Int) {
        let last = reachable(from: root).max { a, b in
            if ends[a] != ends[b] { return ends[a] < ends[b] }
            if starts[a] != starts[b] { return starts[a] < starts[b] }
            return identityPrecedes(b, a)
        }
        guard let last, ends[last] > ends[root] else { return }
        let end = ends[last]
        var row = Int32(last)
        while row >= 0 {
            ends[Int(row)] = end
            row = parents[Int(row)]
        }
    }

    private func reachable(from row: Int) -> [Int] {
        [row] + children(of: row).filter { !isAsynchronous($0, of: row) }
            .flatMap { reachable(from: $0) }
    }
}
