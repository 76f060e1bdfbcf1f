// SPDX-License-Identifier: Apache-2.0

package import BlockFormat
package import TraceModel

/// What all commits up to one say together: which blocks live, which generations are covered.
///
/// A value: readers keep one as their snapshot for as long as they like.
package struct ManifestState: Sendable, Equatable {
    /// The live blocks of each tenant that has any.
    package private(set) var blocksByTenant: [TenantID: [BlockID: BlockSummary]] = [:]
    package private(set) var coveredGenerations = GenerationSet()
    /// The number that the next commit gets; as many were applied.
    package private(set) var nextSequence: UInt64 = 0
    /// When the newest commit was made, by the clocks of those who made them; 0 without any.
    package private(set) var newestCommitNanoseconds: UInt64 = 0
    package private(set) var blockCount = 0

    /// Nothing.
    package init() {}

    /// As a checkpoint has it.
    /// - Returns: nil if a block stands twice.
    init?(
        blocks: [BlockSummary], coveredGenerations: GenerationSet, nextSequence: UInt64,
        newestCommitNanoseconds: UInt64
    ) {
        for block in blocks {
            guard blocksByTenant[block.tenant, default: [:]].updateValue(block, forKey: block.id) == nil else {
                return nil
            }
        }
        blockCount = blocks.count
        self.coveredGenerations = coveredGenerations
        self.nextSequence = nextSequence
        self.newestCommitNanoseconds = newestCommitNanoseconds
    }

    package func block(_ reference: BlockReference) -> BlockSummary? {
        blocksByTenant[reference.tenant]?[reference.id]
    }

    /// A tenant's live blocks, by ID.
    package func liveBlocks(of tenant: TenantID) -> [BlockSummary] {
        (blocksByTenant[tenant] ?? [:]).values.sorted { $0.id < $1.id }
    }

    /// Whether the commit may come next.
    ///
    /// What is impossible once stays impossible while others commit, if block IDs are never used
    /// twice; except that a block to be removed may be added first.
    /// - Throws: `.conflict` if it removes a block that does not live, adds one that lives, names
    ///   one twice, or covers a generation that is covered.
    package func check(_ commit: Commit) throws(ManifestError) {
        var touched: Set<BlockID> = []
        for block in commit.removed {
            guard self.block(block) != nil else {
                throw .conflict(commit, "removes block \(block.id), which does not live")
            }
            guard touched.insert(block.id).inserted else {
                throw .conflict(commit, "names block \(block.id) twice")
            }
        }
        for block in commit.added {
            guard self.block(block.reference) == nil else {
                throw .conflict(commit, "adds block \(block.id), which lives already")
            }
            guard touched.insert(block.id).inserted else {
                throw .conflict(commit, "names block \(block.id) twice")
            }
        }
        var generations = coveredGenerations
        for generation in commit.coveredGenerations where !generations.insert(generation) {
            throw .conflict(commit, "covers generation \(generation), which is covered already")
        }
    }

    /// Takes the next step.
    /// - Parameter sequence: The commit's number.
    /// - Throws: `.corrupted` if the number is not the next one, `.conflict` as ``check(_:)``;
    ///   nothing has changed then.
    package mutating func apply(
        _ commit: Commit, sequence: UInt64
    ) throws(ManifestError) {
        guard sequence == nextSequence else {
            throw ManifestError(
                .corrupted, "commit \(sequence) can't follow on \(nextSequence) commits")
        }
        try check(commit)
        for block in commit.removed { remove(block) }
        for block in commit.added { blocksByTenant[block.tenant, default: [:]][block.id] = block }
        for generation in commit.coveredGenerations { coveredGenerations.insert(generation) }
        blockCount += commit.added.count - commit.removed.count
        newestCommitNanoseconds = max(newestCommitNanoseconds, commit.createdNanoseconds)
        nextSequence += 1
    }

    private mutating func remove(_ block: BlockReference) {
        blocksByTenant[block.tenant]?[block.id] = nil
        if blocksByTenant[block.tenant]?.isEmpty == true { blocksByTenant[block.tenant] = nil }
    }
}

extension ManifestError {
    fileprivate static func conflict(_ commit: Commit, _ reason: String) -> ManifestError {
        ManifestError(.conflict, "commit \(commit.id) \(reason)")
    }
}
