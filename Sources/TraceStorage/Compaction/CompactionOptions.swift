// SPDX-License-Identifier: Apache-2.0

package import TraceModel

/// How blocks are merged; every default with its reason.
package struct CompactionOptions: Sendable, Equatable {
    /// Blocks are merged when there are so many of one level in a window: few enough that a query opens few, many
    /// enough that a span is written few times (see ``CompactionPlan``).
    package var fanIn = 8
    /// Blocks of this level are left alone, so that no span is written more often than so many times. 8⁶ blocks in an
    /// hour are more than a store can cut.
    package var levelLimit: UInt8 = 6
    /// Only blocks whose newest spans arrived in the same window are merged, so that retention can drop whole blocks.
    package var windowSeconds: UInt64 = 3600
    /// Output is split into blocks of about this size at most; from half of it on a block is left alone.
    package var blockByteLimit = 1 << 30
    /// … or of so many traces: the trace index of a block is held in memory while it is written.
    package var blockTraceLimit = 1 << 20
    /// What is left of a window is merged once it is over for so long: the heads have been cut by then.
    package var closingDelaySeconds: UInt64 = 600
    /// From this level on chunks are compressed harder: most spans are written once more at lower levels.
    package var thoroughLevel: UInt8 = 2
    /// Objects of blocks that live no longer are deleted after so long, when no query of this process can need them:
    /// others may look at the directory.
    package var removalGrace = Duration.seconds(60)

    package init() {}
}

/// How long spans are kept, counted from their arrival.
package struct RetentionPolicy: Sendable, Equatable {
    package static let defaultSeconds: UInt64 = 14 * 86_400

    package var seconds = defaultSeconds
    /// Tenants that differ.
    package var overrides: [TenantID: UInt64] = [:]
    /// Whether one pass may drop more than a fifth of the store.
    package var allowsLargeDrop = false

    package init(seconds: UInt64 = defaultSeconds) { self.seconds = seconds }

    package func seconds(for tenant: TenantID) -> UInt64 { overrides[tenant] ?? seconds }
}
