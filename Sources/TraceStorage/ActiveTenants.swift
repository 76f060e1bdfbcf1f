// SPDX-License-Identifier: Apache-2.0

internal import Synchronization
internal import TraceModel

/// The tenants that have spans in the store, so that there are never more than it can bear: each has heads, and blocks
/// of its own in every cut.
///
/// A tenant that sent spans is known; those that have none any more are forgotten when there is no room for a new one.
final class ActiveTenants: Sendable {
    private struct State {
        var known: Set<TenantID> = []
        var lastSweep: ContinuousClock.Instant?
    }

    let limit: Int
    /// At least so long lies between two looks at who is still there: who is refused must not cost much.
    private let sweepInterval: Duration
    private let state = Mutex(State())

    init(limit: Int, sweepInterval: Duration) {
        self.limit = limit
        self.sweepInterval = sweepInterval
    }

    var count: Int { state.withLock { $0.known.count } }

    enum Standing {
        case known
        /// There is room for it: ``insert(_:)`` it once it has spans.
        case new
        case refused
    }

    /// - Parameter living: All tenants that have spans now.
    func standing(of tenant: TenantID, living: () -> Set<TenantID>) -> Standing {
        let (standing, sweeps) = state.withLock { state in
            let standing = self.standing(of: tenant, state)
            guard standing == .refused else { return (standing, false) }
            if let last = state.lastSweep, last.duration(to: .now) < sweepInterval { return (standing, false) }
            state.lastSweep = .now
            return (standing, true)
        }
        guard sweeps else { return standing }
        let living = living()
        return state.withLock { state in
            // Who came in meanwhile comes in again with the next request.
            state.known = living
            return self.standing(of: tenant, state)
        }
    }

    private func standing(of tenant: TenantID, _ state: State) -> Standing {
        if state.known.contains(tenant) { return .known }
        return state.known.count < limit ? .new : .refused
    }

    func insert(_ tenant: TenantID) { _ = state.withLock { $0.known.insert(tenant) } }

    func insert(_ tenants: Set<TenantID>) { state.withLock { $0.known.formUnion(tenants) } }
}

extension TraceStore {
    /// The tenants that have spans in heads or blocks.
    var livingTenants: Set<TenantID> {
        var living = Set(manifest.state.blocksByTenant.keys)
        for shard in shards { shard.head.withLock { living.formUnion($0.heads.keys) } }
        state.withLock { for generation in $0.sealed { living.formUnion(generation.heads.keys) } }
        return living
    }

    /// - Throws: ``StoreError`` `.overloaded` if the tenant is new and there are as many as may be.
    func standing(of tenant: TenantID) throws(StoreError) -> ActiveTenants.Standing {
        guard let activeTenants else { return .known }
        let standing = activeTenants.standing(of: tenant) { livingTenants }
        guard standing != .refused else {
            throw StoreError(
                .overloaded,
                "spans of \(activeTenants.limit) tenants are stored, as many as may be: a new one is taken once the spans "
                    + "of another have expired",
                refusal: .tenantLimit)
        }
        return standing
    }
}
