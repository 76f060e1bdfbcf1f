// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

/// A range of values that share a code: `lower` and the bits needed for what lies above it.
struct IntegerBin: BitwiseCopyable {
    var lower: UInt64
    var upper: UInt64
    var count: Int
    /// The last bucket that belongs to the bin.
    var lastBucket: Int

    var width: Int { BitPacking.width(of: upper &- lower) }
    var mantissaBitCount: Int { count &* width }

    func merged(with next: IntegerBin) -> IntegerBin {
        IntegerBin(lower: lower, upper: next.upper, count: count &+ next.count, lastBucket: next.lastBucket)
    }
}

/// Divides skewed values into at most sixteen bins so that code and mantissa together take few bits.
///
/// One pass counts the values in quarter-octave buckets (8 exact ones, then four for each power of two). Then the
/// two neighbouring bins whose union costs least are merged again and again; of all the states with sixteen bins or
/// fewer the cheapest is kept. On log-normal values this comes within some percent of the entropy.
struct BinBuilder: ~Copyable {
    private static let bucketCount = 252

    private var counts = FlatBuffer<UInt32>(repeating: 0, count: bucketCount)
    private var lowest = FlatBuffer<UInt64>(repeating: 0, count: bucketCount)
    private var highest = FlatBuffer<UInt64>(repeating: 0, count: bucketCount)
    private var candidates = FlatBuffer<IntegerBin>()
    /// What merging a bin with the one behind it costs, in bits.
    private var penalties = FlatBuffer<Int>()
    private var codeOfBucket = FlatBuffer<UInt8>(repeating: 0, count: bucketCount)

    /// The bucket of every value, in row order.
    private(set) var buckets = FlatBuffer<UInt8>()
    /// The chosen bins, ascending.
    private(set) var bins = FlatBuffer<IntegerBin>()

    /// Bits of a code: enough for all bins.
    var codeWidth: Int { BitPacking.width(of: UInt64(bins.count &- 1)) }

    @inline(__always) func code(ofRow row: Int) -> Int { Int(codeOfBucket[Int(buckets[row])]) }

    /// Chooses the bins for `values` less `base`.
    ///
    /// - Returns: Bits that the encoding takes, table included; nil if there is no gain in more than one bin.
    mutating func build(_ values: Span<UInt64>, above base: UInt64) -> Int? {
        count(values, above: base)
        gatherCandidates()
        guard candidates.count > 1 else { return nil }
        var mantissaBitCount = 0
        penalties.removeAll()
        for index in 0..<candidates.count {
            mantissaBitCount += candidates[index].mantissaBitCount
            penalties.append(index + 1 < candidates.count ? penalty(at: index) : .max)
        }
        var best = Int.max
        while candidates.count > 1 {
            if candidates.count <= 16 {
                let codeBitCount = values.count &* BitPacking.width(of: UInt64(candidates.count - 1))
                let total = codeBitCount + mantissaBitCount + candidates.count * 40 + 64
                if total < best {
                    best = total
                    keepCandidates()
                }
            }
            mantissaBitCount += mergeCheapestPair()
        }
        assignCodes()
        return best
    }

    @inline(__always) private static func bucket(of value: UInt64) -> Int {
        if value < 8 { return Int(value) }
        let exponent = 63 &- value.leadingZeroBitCount
        return 8 &+ (exponent &- 3) &* 4 &+ Int((value &>> UInt64(exponent &- 2)) & 3)
    }

    private mutating func count(_ values: Span<UInt64>, above base: UInt64) {
        counts.fill(with: 0)
        lowest.fill(with: .max)
        highest.fill(with: 0)
        buckets.removeAll()
        buckets.resize(to: values.count, filling: 0)
        for row in values.indices {
            let value = values[row] &- base
            let bucket = Self.bucket(of: value)
            buckets[row] = UInt8(truncatingIfNeeded: bucket)
            counts[bucket] &+= 1
            if value < lowest[bucket] { lowest[bucket] = value }
            if value > highest[bucket] { highest[bucket] = value }
        }
    }

    private mutating func gatherCandidates() {
        candidates.removeAll()
        for bucket in 0..<Self.bucketCount where counts[bucket] > 0 {
            candidates.append(
                IntegerBin(
                    lower: lowest[bucket], upper: highest[bucket], count: Int(counts[bucket]),
                    lastBucket: bucket))
        }
    }

    private func penalty(at index: Int) -> Int {
        let first = candidates[index]
        let second = candidates[index + 1]
        return first.merged(with: second).mantissaBitCount &- first.mantissaBitCount &- second.mantissaBitCount
    }

    /// Returns the bits that the merge adds.
    private mutating func mergeCheapestPair() -> Int {
        var cheapest = 0
        for index in 1..<penalties.count where penalties[index] < penalties[cheapest] { cheapest = index }
        let added = penalties[cheapest]
        candidates[cheapest] = candidates[cheapest].merged(with: candidates[cheapest + 1])
        for index in cheapest + 1..<candidates.count - 1 {
            candidates[index] = candidates[index + 1]
            penalties[index] = penalties[index + 1]
        }
        candidates.truncate(to: candidates.count - 1)
        penalties.truncate(to: candidates.count)
        penalties[candidates.count - 1] = .max
        if cheapest > 0 { penalties[cheapest - 1] = penalty(at: cheapest - 1) }
        if cheapest + 1 < candidates.count { penalties[cheapest] = penalty(at: cheapest) }
        return added
    }

    private mutating func keepCandidates() {
        bins.removeAll()
        for index in 0..<candidates.count { bins.append(candidates[index]) }
    }

    private mutating func assignCodes() {
        var bucket = 0
        for code in 0..<bins.count {
            while bucket <= bins[code].lastBucket {
                codeOfBucket[bucket] = UInt8(truncatingIfNeeded: code)
                bucket += 1
            }
        }
    }
}
