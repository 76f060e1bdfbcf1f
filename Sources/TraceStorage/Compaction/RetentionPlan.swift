// SPDX-License-Identifier: Apache-2.0

package import TraceModel

/// What is older than it is kept: a pure function of the live blocks and the time.
///
/// A block goes as a whole when its newest spans arrived too long ago. Where blocks are written anew, traces of which
/// all spans in them are too old are left out: see ``cutOffSeconds(of:)``. Two guards stand before that, because what
/// is dropped is gone:
/// - *The clock is not believed* if it runs more than a day ahead of the newest commit: it is taken to be that day.
/// - *No pass drops more than a fifth* of the store's bytes unless the policy allows it: a retention that was mistyped,
///   or a clock that jumped and then wrote, would take nearly everything. What merges left out of late counts with what
///   they would leave out now: many small jobs are one large drop.
package struct RetentionPlan: Sendable, Equatable {
    /// What may be dropped now, oldest first.
    package private(set) var expired: [BlockSummary] = []
    /// Why expired blocks are kept all the same; nil if they are not.
    package private(set) var refusal: String?

    /// Whether what is written anew may lack what is too old.
    package private(set) var leavesOut = true
    private let nowSeconds: UInt64
    private let policy: RetentionPolicy
    /// Of all live blocks.
    private var byteCount = 0
    /// What merges left out of late.
    private let leftOutByteCount: Int

    package static let trustedSeconds: UInt64 = 86_400

    /// - Parameters:
    ///   - nowSeconds: Unix time by this machine's clock.
    ///   - leftOutByteCount: What merges left out of late: see ``LeftOutLedger``.
    package init(
        _ state: ManifestState, nowSeconds: UInt64, _ policy: RetentionPolicy, leftOutByteCount: Int = 0
    ) {
        let newest = state.newestCommitNanoseconds / 1_000_000_000
        self.nowSeconds = min(nowSeconds, newest + Self.trustedSeconds)
        self.policy = policy
        self.leftOutByteCount = leftOutByteCount
        // In blocks that are not expired as a whole, if spans arrived evenly.
        var partialByteCount = 0.0
        for (tenant, blocks) in state.blocksByTenant {
            let cutOff = age(policy.seconds(for: tenant))
            for block in blocks.values {
                byteCount += block.byteCount
                if block.arrivalSeconds.upperBound < cutOff {
                    expired.append(block)
                } else {
                    partialByteCount += Double(block.byteCount) * block.share(before: cutOff)
                }
            }
        }
        expired.sort { ($0.arrivalSeconds.upperBound, $0.id) < ($1.arrivalSeconds.upperBound, $1.id) }
        let dropped = expired.reduce(0) { $0 + $1.byteCount }
        leavesOut = allowsLeavingOut(dropped + Int(partialByteCount))
        guard !policy.allowsLargeDrop, dropped > byteCount / 5 else { return }
        refusal =
            "\(expired.count) blocks are older than the retention, \(dropped) of \(byteCount) bytes: more than a fifth "
            + "is dropped only with --retention-allow-large-drop; check --retention and this machine's clock"
        expired = []
    }

    /// What arrived before may be left out, Unix seconds; nil where nothing may be.
    ///
    /// A trace is left out only when all of its spans in the blocks at hand are that old: it is not cut in two.
    package func cutOffSeconds(of tenant: TenantID) -> UInt64? { leavesOut ? age(policy.seconds(for: tenant)) : nil }

    /// Whether merges may leave so many bytes out: with what they left out of late no more than a fifth of what there
    /// was before.
    package func allowsLeavingOut(_ byteCount: Int) -> Bool {
        policy.allowsLargeDrop || byteCount + leftOutByteCount <= (self.byteCount + leftOutByteCount) / 5
    }

    /// When it was so many seconds ago.
    private func age(_ seconds: UInt64) -> UInt64 { nowSeconds > seconds ? nowSeconds - seconds : 0 }
}

extension BlockSummary {
    /// The share of its spans that arrived before a moment, if they arrived evenly.
    func share(before seconds: UInt64) -> Double {
        let (first, last) = (arrivalSeconds.lowerBound, arrivalSeconds.upperBound)
        guard seconds > first else { return 0 }
        return min(1, Double(seconds - first) / (Double(last - first) + 1))
    }
}
