// SPDX-License-Identifier: Apache-2.0

internal import TraceModel

/// All heads that belong to one generation of the journal: complete, readable, on their way into blocks.
struct SealedGeneration: Sendable {
    var id: JournalGenerationID
    var heads: [TenantID: [HeadView]]

    var spanCount: Int { heads.values.reduce(0) { $0 + $1.reduce(0) { $0 + $1.spans.rowCount } } }
}
