// SPDX-License-Identifier: Apache-2.0
package import FileIO

/// The files that were read last, kept open. An evicted file that someone still reads is closed
/// when that reader is done.
///
/// A reader that opened a file before it was replaced must not put it here afterwards: it takes the
/// generation before it opens, and every replacement begins a new one.
package struct OpenFileCache {
    package struct OpenObject: Sendable {
        package var file: any File
        package var byteCount: Int

        package init(file: any File, byteCount: Int) {
            self.file = file
            self.byteCount = byteCount
        }
    }

    private struct Slot {
        var object: OpenObject
        var lastUse: Int
    }

    private let capacity: Int
    private var slots: [ObjectKey: Slot] = [:]
    private var useCount = 0
    package private(set) var generation = 0

    /// - Parameter capacity: How many files at most; 0 keeps none.
    package init(capacity: Int) { self.capacity = capacity }

    package var count: Int { slots.count }

    /// The kept file; from now on the one that was used last.
    package mutating func object(for key: ObjectKey) -> OpenObject? {
        guard slots[key] != nil else { return nil }
        useCount += 1
        slots[key]?.lastUse = useCount
        return slots[key]?.object
    }

    /// Keeps the file unless something was replaced since `generation`.
    package mutating func insert(
        _ object: OpenObject, for key: ObjectKey, openedIn generation: Int
    ) {
        guard capacity > 0, generation == self.generation else { return }
        // A scan of a few hundred slots costs less than the open that made it necessary.
        if slots.count >= capacity, slots[key] == nil,
            let oldest = slots.min(by: { $0.value.lastUse < $1.value.lastUse })
        {
            slots[oldest.key] = nil
        }
        useCount += 1
        slots[key] = Slot(object: object, lastUse: useCount)
    }

    /// To be called after the object was replaced or removed.
    package mutating func remove(_ key: ObjectKey) {
        generation += 1
        slots[key] = nil
    }
}
