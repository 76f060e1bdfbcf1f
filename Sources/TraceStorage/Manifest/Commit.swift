// SPDX-License-Identifier: Apache-2.0

package import BlockFormat
package import TraceModel

/// Kinds of ``RandomID``; they have no values.
package enum CommitKind {}
package enum StoreKind {}

/// Recognises a commit as one's own when the answer to its creation was lost.
package typealias CommitID = RandomID<CommitKind>
/// Names a store: the directory or bucket that it lies in.
package typealias StoreID = RandomID<StoreKind>

/// What is known of a block without opening it.
package struct BlockSummary: Hashable, Sendable {
    package var id: BlockID
    package var tenant: TenantID
    /// The object's size.
    package var byteCount: Int
    package var rowCount: Int
    package var traceCount: Int
    /// Both ends are in the block.
    package var traceIDs: ClosedRange<TraceID>
    /// Unix nanoseconds: the least start of a span, and the greatest start or end; both ends
    /// included, so that 2⁶⁴ − 1 can be said.
    package var eventNanoseconds: ClosedRange<UInt64>
    /// Unix seconds of the first and last arrival.
    package var arrivalSeconds: ClosedRange<UInt64>
    /// How often it was compacted: 0 as it was cut.
    package var level: UInt8
    /// Version of the block format.
    package var formatVersion: UInt16

    package init(
        id: BlockID, tenant: TenantID, byteCount: Int, rowCount: Int, traceCount: Int,
        traceIDs: ClosedRange<TraceID>, eventNanoseconds: ClosedRange<UInt64>,
        arrivalSeconds: ClosedRange<UInt64>, level: UInt8, formatVersion: UInt16
    ) {
        self.id = id
        self.tenant = tenant
        self.byteCount = byteCount
        self.rowCount = rowCount
        self.traceCount = traceCount
        self.traceIDs = traceIDs
        self.eventNanoseconds = eventNanoseconds
        self.arrivalSeconds = arrivalSeconds
        self.level = level
        self.formatVersion = formatVersion
    }
}

/// A block and whose it is.
package struct BlockReference: Hashable, Sendable {
    package var tenant: TenantID
    package var id: BlockID

    package init(tenant: TenantID, id: BlockID) {
        self.tenant = tenant
        self.id = id
    }
}

extension BlockSummary {
    package var reference: BlockReference { BlockReference(tenant: tenant, id: id) }
}

/// One step of the manifest: happens as a whole or not at all.
package struct Commit: Hashable, Sendable {
    package var id: CommitID
    /// When it was made, in Unix nanoseconds, by its maker's clock.
    package var createdNanoseconds: UInt64
    /// Blocks that live from here on; their objects are durable before the commit.
    package var added: [BlockSummary]
    /// Blocks that live no longer.
    package var removed: [BlockReference]
    /// Generations whose records all stand in blocks by now.
    package var coveredGenerations: [JournalGenerationID]

    package init(
        id: CommitID, createdNanoseconds: UInt64, added: [BlockSummary] = [],
        removed: [BlockReference] = [], coveredGenerations: [JournalGenerationID] = []
    ) {
        self.id = id
        self.createdNanoseconds = createdNanoseconds
        self.added = added
        self.removed = removed
        self.coveredGenerations = coveredGenerations
    }
}
