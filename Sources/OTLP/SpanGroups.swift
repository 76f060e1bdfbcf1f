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
        var groupOfRow: [Int] = []
        groupOfRow.reserveCapacity(rows.count)
        var found = FoundGroups()
        for row in rows { groupOfRow.append(found.add(resource: view.resource[row], scope: view.scope[row])) }
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
        for (row, group) in zip(rows, groupOfRow) {
            order[nextPlace[group]] = row
            nextPlace[group] += 1
        }
    }
}

/// The distinct pairs of resource and scope, numbered as they appear.
private struct FoundGroups {
    /// Resource << 32 | scope.
    private(set) var pairs: [UInt64] = []
    private(set) var counts: [Int] = []
    private var resourceRanks: [Int] = []
    private var indexOfPair: [UInt64: Int] = [:]
    private var rankOfResource: [UInt32: Int] = [:]
    private var last = 0

    mutating func add(resource: UInt32, scope: UInt32) -> Int {
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

    func indicesByResource() -> [Int] {
        (0..<pairs.count).sorted { a, b in
            resourceRanks[a] != resourceRanks[b] ? resourceRanks[a] < resourceRanks[b] : a < b
        }
    }
}
