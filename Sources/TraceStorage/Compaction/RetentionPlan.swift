// SPDX-License-Identifier: Apache-2.0

/// Which blocks are older than they are kept: a pure function of the live blocks and the time.
///
/// A block goes as a whole when its newest spans arrived too long ago. Two guards stand before that, because what is
/// dropped is gone:
/// - *The clock is not believed* if it runs more than a day ahead of the newest commit: it is taken to be that day.
/// - *No pass drops more than a fifth* of the store's bytes unless the policy allows it: a retention that was mistyped,
///   or a clock that jumped and then wrote, would take nearly everything.
package struct RetentionPlan: Sendable, Equatable {
    /// What may be dropped now, oldest first.
    package private(set) var expired: [BlockSummary] = []
    /// Why expired blocks are kept all the same; nil if they are not.
    package private(set) var refusal: String?

    package static let trustedSeconds: UInt64 = 86_400

    /// - Parameter nowSeconds: Unix time by this machine's clock.
    package init(_ state: ManifestState, nowSeconds: UInt64, _ policy: RetentionPolicy) {
        let newest = state.newestCommitNanoseconds / 1_000_000_000
        let now = min(nowSeconds, newest + Self.trustedSeconds)
        var byteCount = 0
        for (tenant, blocks) in state.blocksByTenant {
            let kept = policy.seconds(for: tenant)
            for block in blocks.values {
                byteCount += block.byteCount
                let last = block.arrivalSeconds.upperBound
                if now > last, now - last > kept { expired.append(block) }
            }
        }
        expired.sort { ($0.arrivalSeconds.upperBound, $0.id) < ($1.arrivalSeconds.upperBound, $1.id) }
        let dropped = expired.reduce(0) { $0 + $1.byteCount }
        guard dropped > byteCount / 5, !policy.allowsLargeDrop else { return }
        refusal =
            "\(expired.count) blocks are older than the retention, \(dropped) of \(byteCount) bytes: more than a fifth "
            + "is dropped only with --retention-allow-large-drop; check --retention and this machine's clock"
        expired = []
    }
}
