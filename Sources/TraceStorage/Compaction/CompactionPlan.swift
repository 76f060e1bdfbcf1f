// SPDX-License-Identifier: Apache-2.0

package import BlockFormat
package import TraceModel

/// Blocks that become one, or several that share nothing but the window; or one that becomes smaller.
package struct CompactionJob: Hashable, Sendable {
    package var tenant: TenantID
    /// When the window begins, Unix seconds.
    package var windowStart: UInt64
    /// Those that arrived first before the others. One alone is written anew without what is older than it is kept.
    package var inputs: [BlockSummary]
    /// Above that of every input; that of the input if it is one alone.
    package var outputLevel: UInt8

    /// Whether it is there for what retention takes from a block.
    package var isRewrite: Bool { inputs.count == 1 }

    package var byteCount: Int { inputs.reduce(0) { $0 + $1.byteCount } }
    package var rowCount: Int { inputs.reduce(0) { $0 + $1.rowCount } }
    package var traceCount: Int { inputs.reduce(0) { $0 + $1.traceCount } }
}

/// What is to be done with the live blocks: a pure function of them and the time.
///
/// Blocks belong to the *window* in which their newest spans arrived. In a window
/// - `fanIn` blocks of one level become a block of the next one, the oldest first;
/// - once the window is over, what is left becomes one block, except that a block is left alone that is more than
///   `fanIn` times as large as all smaller ones together;
/// - blocks of half the size limit or more are complete: nothing touches them again.
///
/// So a window of n cut blocks has at most `fanIn − 1` blocks a level, O(log n) in all, and complete ones. A job raises
/// the level of every span in it, and no level exceeds `levelLimit`: that is how often a span is written at most,
/// besides the cut. Usual is ⌈log n⌉ (to the base `fanIn`) + 1. Since levels only rise, planning and merging end.
///
/// A block that nothing of this touches is written anew when more than half of its spans should be older than they are
/// kept, and the others have longer to stay than a window lasts: what arrived within a window goes with its block soon
/// enough. Each time half of the block goes, so that this ends too, and writes no more than the block once more.
package struct CompactionPlan: Sendable, Equatable {
    /// No block stands in two of them; those that bring most for their bytes come first.
    package private(set) var jobs: [CompactionJob] = []

    /// Bytes that the jobs read: the debt.
    package var byteCount: Int { jobs.reduce(0) { $0 + $1.byteCount } }

    /// - Parameters:
    ///   - nowSeconds: Unix time; decides only which windows are over.
    ///   - closesAllWindows: Takes every window for one that is over.
    ///   - leftAlone: Blocks that are not to be merged.
    ///   - retention: Says what is too old; nil: nothing is.
    ///   - keptWhole: Blocks that are not to be written anew for it.
    package init(
        _ state: ManifestState, nowSeconds: UInt64, _ options: CompactionOptions, closesAllWindows: Bool = false,
        leftAlone: Set<BlockID> = [], retention: RetentionPlan? = nil, keptWhole: Set<BlockID> = []
    ) {
        precondition(options.fanIn >= 2 && options.windowSeconds > 0)
        for blocks in state.blocksByTenant.values {
            var windows: [UInt64: [BlockSummary]] = [:]
            for block in blocks.values where Self.isOpen(block, options) && !leftAlone.contains(block.id) {
                windows[block.arrivalSeconds.upperBound / options.windowSeconds, default: []].append(block)
            }
            for (window, blocks) in windows {
                let end = (window + 1).multipliedReportingOverflow(by: options.windowSeconds)
                let isOver =
                    closesAllWindows
                    || !end.overflow && nowSeconds >= options.closingDelaySeconds
                        && nowSeconds - options.closingDelaySeconds >= end.partialValue
                plan(blocks, window * options.windowSeconds, isOver: isOver, options)
            }
        }
        if let retention { planRewrites(state, retention, options, keptWhole) }
        jobs.sort(by: Self.precedes)
    }

    /// Whether the block may still be merged with others.
    static func isOpen(_ block: BlockSummary, _ options: CompactionOptions) -> Bool {
        block.level < options.levelLimit && block.byteCount < options.blockByteLimit / 2
            && block.traceCount < options.blockTraceLimit / 2
    }

    private mutating func plan(
        _ blocks: [BlockSummary], _ windowStart: UInt64, isOver: Bool, _ options: CompactionOptions
    ) {
        let ordered = blocks.sorted(by: Self.arrivesFirst)
        let before = jobs.count
        for level in 0..<options.levelLimit {
            let peers = ordered.filter { $0.level == level }
            for first in stride(from: 0, through: peers.count - options.fanIn, by: options.fanIn) {
                add(Array(peers[first..<first + options.fanIn]), windowStart)
            }
        }
        // Their outputs belong to what is left.
        guard isOver, jobs.count == before else { return }
        let rest = Self.worthMerging(blocks, options)
        if rest.count >= 2 { add(rest.sorted(by: Self.arrivesFirst), windowStart) }
    }

    /// The smallest blocks up to the first that is too large for it to be written again because of them.
    private static func worthMerging(_ blocks: [BlockSummary], _ options: CompactionOptions) -> [BlockSummary] {
        let bySize = blocks.sorted { ($0.byteCount, $0.id) < ($1.byteCount, $1.id) }
        // A job of many blocks holds many row groups in memory.
        var taken = Array(bySize.prefix(options.fanIn * 2))
        while taken.count >= 2, let largest = taken.last {
            let others = taken.dropLast().reduce(0) { $0 + $1.byteCount }
            if others * options.fanIn >= largest.byteCount { break }
            taken.removeLast()
        }
        return taken
    }

    /// Plans to write blocks anew that are in no job and are mostly too old.
    private mutating func planRewrites(
        _ state: ManifestState, _ retention: RetentionPlan, _ options: CompactionOptions, _ keptWhole: Set<BlockID>
    ) {
        let busy = Set(jobs.flatMap(\.inputs).map(\.id)).union(keptWhole)
        for (tenant, blocks) in state.blocksByTenant {
            guard let cutOff = retention.cutOffSeconds(of: tenant) else { continue }
            for block in blocks.values where block.share(before: cutOff) > 0.5 && !busy.contains(block.id) {
                let last = block.arrivalSeconds.upperBound
                guard last >= cutOff, last - cutOff >= options.windowSeconds else { continue }
                let windowStart = last / options.windowSeconds * options.windowSeconds
                jobs.append(
                    CompactionJob(tenant: tenant, windowStart: windowStart, inputs: [block], outputLevel: block.level))
            }
        }
    }

    private mutating func add(_ inputs: [BlockSummary], _ windowStart: UInt64) {
        guard let first = inputs.first, let level = inputs.map(\.level).max() else { return }
        jobs.append(
            CompactionJob(tenant: first.tenant, windowStart: windowStart, inputs: inputs, outputLevel: level + 1))
    }

    private static func arrivesFirst(_ a: BlockSummary, _ b: BlockSummary) -> Bool {
        (a.arrivalSeconds.lowerBound, a.id) < (b.arrivalSeconds.lowerBound, b.id)
    }

    /// Low levels first: their jobs take most blocks away for the fewest bytes.
    private static func precedes(_ a: CompactionJob, _ b: CompactionJob) -> Bool {
        (a.outputLevel, a.windowStart, a.tenant, a.inputs[0].id)
            < (b.outputLevel, b.windowStart, b.tenant, b.inputs[0].id)
    }
}
