// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import Synchronization
internal import TraceModel
internal import TraceStorage

/// Which traces stand in two blocks: found by merging their trace indexes, once for each pair, as blocks never change.
final class BlockOverlaps: Sendable {
    struct Pair: Hashable {
        let low: BlockID
        let high: BlockID

        init(_ a: BlockID, _ b: BlockID) { (low, high) = a < b ? (a, b) : (b, a) }
    }

    private struct State {
        var known: [Pair: [TraceID]] = [:]
        var byteCount = 0
    }

    private let state = Mutex(State())
    private let budget: MemoryBudget

    /// Above that all pairs are forgotten: they are found again when they are needed.
    private static let byteLimit = 32 << 20

    init(budget: MemoryBudget) { self.budget = budget }

    deinit { budget.giveBack(state.withLock { $0.byteCount }, for: .cache) }

    /// The IDs that both blocks have, rising.
    ///
    /// - Parameter check: Is told how many bytes it takes to find them, and may stop it by throwing.
    func shared(_ a: BlockReader, _ b: BlockReader, check: (Int) throws -> Void) async throws -> [TraceID] {
        let pair = Pair(a.id, b.id)
        if let known = state.withLock({ $0.known[pair] }) { return known }
        try check((a.footer.statistics.traceCount + b.footer.statistics.traceCount) * MemoryLayout<TraceID>.stride)
        var shared: [TraceID] = []
        if let range = a.traceIDs.intersection(b.traceIDs) {
            let (left, right) = (try await a.traceIDs(in: range), try await b.traceIDs(in: range))
            var (i, j) = (0, 0)
            while i < left.count, j < right.count {
                if left[i] < right[j] {
                    i += 1
                } else if right[j] < left[i] {
                    j += 1
                } else {
                    shared.append(left[i])
                    (i, j) = (i + 1, j + 1)
                }
            }
        }
        let byteCount = 96 + shared.count * MemoryLayout<TraceID>.stride
        let change = state.withLock { state in
            let before = state.byteCount
            if state.byteCount + byteCount > Self.byteLimit { state = State() }
            if state.known.updateValue(shared, forKey: pair) == nil { state.byteCount += byteCount }
            return state.byteCount - before
        }
        budget.takeAnyway(change, for: .cache)
        return shared
    }
}

/// The traces of a block that other blocks have too.
struct SharedTraces {
    /// Which blocks have a trace.
    private var blocks: [TraceID: [Int]] = [:]
    /// Bits of which those of all traces in ``blocks`` are set: most traces are not shared, and one bit says so.
    private var bits: [UInt64] = []
    /// Where it is not known which traces another block has: there any may be shared.
    private var unknown: [ClosedRange<TraceID>] = []
    /// Bytes in memory, about.
    private(set) var byteCount = 0

    /// Bytes in memory, about, of a trace and a block that has it.
    static let byteCountPerTrace = 128

    /// Whether it is known of all blocks that can be read which traces they have.
    var isComplete: Bool { unknown.isEmpty }

    fileprivate mutating func insert(_ shared: [TraceID], in block: Int) {
        guard !shared.isEmpty else { return }
        if bits.isEmpty {
            bits = Array(repeating: 0, count: 1 << 10)
            byteCount += bits.count * 8
        }
        for id in shared {
            blocks[id, default: []].append(block)
            let bit = Self.bit(of: id)
            bits[bit >> 6] |= 1 << UInt64(bit & 63)
        }
        byteCount += shared.count * Self.byteCountPerTrace
    }

    fileprivate mutating func insert(unknown range: ClosedRange<TraceID>) { unknown.append(range) }

    var isEmpty: Bool { blocks.isEmpty && unknown.isEmpty }

    func contains(_ id: TraceID) -> Bool {
        isMarked(id) && blocks[id] != nil || unknown.contains { $0.contains(id) }
    }

    private func isMarked(_ id: TraceID) -> Bool {
        guard !bits.isEmpty else { return false }
        let bit = Self.bit(of: id)
        return bits[bit >> 6] & (1 << UInt64(bit & 63)) != 0
    }

    /// Of 2¹⁶; all bits of an ID count, as nobody knows which of them its maker varies.
    private static func bit(of id: TraceID) -> Int {
        let folded = id.high ^ id.low
        let half = folded ^ folded >> 32
        return Int((half ^ half >> 16) & 0xffff)
    }

    /// The other blocks that have a trace.
    func others(with id: TraceID) -> [Int] { blocks.isEmpty ? [] : blocks[id] ?? [] }
}

extension ClosedRange<TraceID> {
    fileprivate func intersection(_ other: Self) -> Self? { overlaps(other) ? clamped(to: other) : nil }
}

extension SearchedBlocks {
    /// The traces of a block that others have too, and why that is not known for all of them.
    ///
    /// Of a block that can't be opened nothing is found, as if it were not there.
    ///
    /// - Parameter check: Is told how many bytes they take, and may stop the work by throwing.
    mutating func shared(
        _ block: Int, _ overlaps: BlockOverlaps, check: (Int) throws -> Void = { _ in }
    ) async throws -> (SharedTraces, failure: String?) {
        var shared = SharedTraces()
        var failure: String?
        let reader = try await reader(block)
        for other in summaries.indices where other != block {
            guard let range = summaries[other].traceIDs.intersection(summaries[block].traceIDs) else { continue }
            do {
                let otherReader = try await self.reader(other)
                do {
                    let ids = try await overlaps.shared(reader, otherReader) { try check(shared.byteCount + $0) }
                    try check(shared.byteCount + ids.count * SharedTraces.byteCountPerTrace)
                    shared.insert(ids, in: other)
                } catch let error as BlockError {
                    shared.insert(unknown: range)
                    throw error
                }
            } catch let error as BlockError {
                failure = failure ?? error.description
            }
        }
        return (shared, failure)
    }
}
