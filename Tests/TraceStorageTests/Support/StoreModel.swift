// SPDX-License-Identifier: Apache-2.0

internal import StoreTesting
internal import TraceModel

/// What a store must hold: a dictionary of everything that was sent.
struct StoreModel {
    private struct Fates {
        /// Every copy that was sent, and how often.
        var sent: [SpanCopy: Int] = [:]
        var acknowledged: Set<SpanCopy> = []
    }

    private var tenants: [TenantID: Fates] = [:]

    var traceIDs: [TenantID: Set<TraceID>] {
        tenants.mapValues { Set($0.sent.keys.map(\.key.traceID)) }
    }

    mutating func send(_ request: SentRequest) {
        for copy in request.copies { tenants[request.tenant, default: Fates()].sent[copy, default: 0] += 1 }
    }

    mutating func acknowledge(_ request: SentRequest) {
        tenants[request.tenant, default: Fates()].acknowledged.formUnion(request.copies)
    }

    /// What is wrong with the copies that were found; nil if nothing is.
    ///
    /// Every copy was sent with that content and that arrival and is there no more often than it was sent, and of
    /// every acknowledged span there is a copy that is no worse.
    ///
    /// - Parameter trace: Of this trace alone; nil for all of them.
    func objection(to found: [SpanCopy], of tenant: TenantID, trace: TraceID? = nil) -> String? {
        let fates = tenants[tenant] ?? Fates()
        var counts: [SpanCopy: Int] = [:]
        var best: [SpanKey: SpanCopy] = [:]
        for copy in found {
            counts[copy, default: 0] += 1
            guard let sentCount = fates.sent[copy] else { return "\(copy) was never sent" }
            guard counts[copy, default: 0] <= sentCount else { return "\(copy) was doubled" }
            if let other = best[copy.key], !copy.isBetter(than: other) { continue }
            best[copy.key] = copy
        }
        for copy in fates.acknowledged where trace == nil || copy.key.traceID == trace {
            guard let found = best[copy.key] else { return "\(copy) is lost" }
            if copy.isBetter(than: found) { return "\(copy) gave way to \(found)" }
        }
        return nil
    }
}
