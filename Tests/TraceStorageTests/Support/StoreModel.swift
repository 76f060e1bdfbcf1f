// SPDX-License-Identifier: Apache-2.0

internal import StoreTesting
internal import TraceModel

/// What a store must hold: a dictionary of everything that was sent.
struct StoreModel {
    private struct Fates {
        /// Every copy that was sent, and how often.
        var sent: [SpanCopy: Int] = [:]
        var acknowledged: Set<SpanCopy> = []

        /// Whether a copy that is no worse arrived before a time.
        func isOld(_ copy: SpanCopy, _ arrivalSeconds: UInt32) -> Bool {
            sent.keys.contains {
                $0.key == copy.key && $0.arrivalSeconds < arrivalSeconds && !copy.isBetter(than: $0)
            }
        }
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
    /// - Parameters:
    ///   - trace: Of this trace alone; nil for all of them.
    ///   - keptFrom: What arrived before, in Unix seconds, may be gone.
    func objection(
        to found: [SpanCopy], of tenant: TenantID, trace: TraceID? = nil, keptFrom: UInt32 = 0
    ) -> String? {
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
        for copy in fates.acknowledged
        where copy.arrivalSeconds >= keptFrom && (trace == nil || copy.key.traceID == trace) {
            if let found = best[copy.key], !copy.isBetter(than: found) { continue }
            // It may have given way to a copy that arrived first and was no worse, which may be gone by now.
            if fates.isOld(copy, keptFrom) { continue }
            guard let found = best[copy.key] else { return "\(copy) is lost" }
            return "\(copy) gave way to \(found)"
        }
        return nil
    }
}
