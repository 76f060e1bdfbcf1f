// SPDX-License-Identifier: Apache-2.0

/// What keeps a store from taking a request that is good: few, for whoever counts.
package enum StoreRefusal: String, Sendable, CaseIterable {
    /// The store is closing.
    case shutdown
    /// The disk is nearly full.
    case diskFull
    /// Another process writes in the store.
    case intrusion
    /// The heads are full, and were not emptied in time.
    case headMemory
    /// Too much waits for the journal's disk.
    case journalQueue
    /// The tenant is new, and there are as many as may be.
    case tenantLimit
    /// The journal could not be written.
    case journal
}
