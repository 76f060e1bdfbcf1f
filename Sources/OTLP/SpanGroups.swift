// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import TraceModel

/// Rows ordered by resource and scope for writing.
struct SpanGroups: Sendable {
    struct Group: Sendable {
        /// Codes of the view.
        var resource: UInt32
        var scope: UInt32
        /// Places in ``SpanGroups/order``.
        var places: Range<Int>
    }

    /// Those of one resource stand together; resources and their scopes in the order of their first rows.
    private(set) var groups: [Group] = []
    /// The rows, those of a group together and in the order given.
    private(set) var order: [Int] = []

    /// The group in which a place of ``order`` lies.
    func index(ofPlace place: Int) -> Int {
        var (low, high) = (0, groups.count)
        while low < high {
            let middle = (low + high) / 2
            if groups[middle].places.upperBound <= place { low = middle + 1 } else { high = middle }
        }
        return low
    }

    init(_ rows: [Int], of view: SpanBatchView) {
        var found = FoundGroups(rowCount: rows.count)
        found.add(rows[...], of: view)
        self.init(rows, found)
    }

    /// - Parameter found: Of all the rows, in their order.
    init(_ rows: [Int], _ found: FoundGroups) {
        var nextPlace = [Int](repeating: 0, count: found.counts.count)
        var place = 0
        for index in found.indicesByResource() {
            let end = place + found.counts[index]
            let pair = found.pairs[index]
            groups.append(
                Group(
                    resource: UInt32(truncatingIfNeeded: pair >> 32), scope: UInt32(truncatingIfNeeded: pair),
                    places: place..<end))
            nextPlace[index] = place
            place = end
        }
        order = rows
        guard groups.count > 1 else { return }
        for (row, group) in zip(rows, found.indexOfRow) {
            order[nextPlace[group]] = row
            nextPlace[group] += 1
        }
    }
}

/// The distinct pairs of resource and scope, numbered as they appear.
struct FoundGroups: Sendable {
    /// The number of each row's pair.
    fileprivate private(set) var indexOfRow: [Int] = []
    /// Resource << 32 | scope.
    fileprivate private(set) var pairs: [UInt64] = []
    fileprivate private(set) var counts: [Int] = []
    private var resourceRanks: [Int] = []
    private var indexOfPair: [UInt64: Int] = [:]
    private var rankOfResource: [UInt32: Int] = [:]
    private var last = 0

    init(rowCount: Int) { indexOfRow.reserveCapacity(rowCount) }

    mutating func add(_ rows: ArraySlice<Int>, of view: SpanBatchView) {
        for row in rows { indexOfRow.append(add(resource: view.resource[row], scope: view.scope[row])) }
    }

    private mutating func add(resource: UInt32, scope: UInt32) -> Int {
        let pair = UInt64(resource) << 32 | UInt64(scope)
        // Neighbours mostly share their scope.
        if last >= pairs.count || pairs[last] != pair {
            if let index = indexOfPair[pair] {
                last = index
            } else {
                last = pairs.count
                indexOfPair[pair] = last
                pairs.append(pair)
                counts.append(0)
                let nextRank = rankOfResource.count
                if rankOfResource[resource] == nil { rankOfResource[resource] = nextRank }
                resourceRanks.append(rankOfResource[resource] ?? nextRank)
            }
        }
        counts[last] += 1
        return last
    }

    fileprivate func indicesByResource() -> [Int] {
        (0..<pairs.count).sorted { a, b in
            resourceRanks[a] != resourceRanks[b] ? resourceRanks[a] < resourceRanks[b] : a < b
        }
    }
}
