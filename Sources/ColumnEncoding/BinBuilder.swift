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

/// How a value of a bin is written.
struct BinField: BitwiseCopyable {
    /// The least value of the bin.
    var lower: UInt64 = 0
    var code: UInt64 = 0
    /// Bits of the mantissa.
    var width: UInt64 = 0
}

/// Divides skewed values into at most sixteen bins so that code and mantissa together take few bits.
///
/// One pass counts the values in quarter-octave buckets (8 exact ones, then four for each power of two). Then the
/// two neighbouring bins whose union costs least are merged again and again; of all the states with sixteen bins or
/// fewer the cheapest is kept. On log-normal values this comes within some percent of the entropy.
struct BinBuilder: ~Copyable {
    private static let bucketCount = 252

    /// The values of a bucket.
    struct Bucket: BitwiseCopyable {
        var lowest = UInt64.max
        var highest: UInt64 = 0
        var count = 0
    }

    private var contents = FlatBuffer<Bucket>(repeating: Bucket(), count: bucketCount)
    private var candidates = FlatBuffer<IntegerBin>()
    /// What merging a bin with the one behind it costs, in bits.
    private var penalties = FlatBuffer<Int>()

    /// The bucket of every value, in row order.
    private(set) var buckets = FlatBuffer<UInt8>()
    /// By bucket, as ``assignFields(above:)`` found them.
    private(set) var fields = FlatBuffer<BinField>(repeating: BinField(), count: bucketCount)
    /// The chosen bins, ascending.
    private(set) var bins = FlatBuffer<IntegerBin>()

    /// Bits of a code: enough for all bins.
    var codeWidth: Int { BitPacking.width(of: UInt64(bins.count &- 1)) }

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
        return best
    }

    /// Below 8 the value; then by its highest three bits, of which the first is set: 4 × (how many follow) + the three.
    @inline(__always) private static func bucket(of value: UInt64) -> Int {
        let following = UInt64(61 &- (value | 4).leadingZeroBitCount)
        return Int(truncatingIfNeeded: following &* 4 &+ value &>> following)
    }

    private mutating func count(_ values: Span<UInt64>, above base: UInt64) {
        contents.fill(with: Bucket())
        buckets.resize(to: values.count, filling: 0)
        Self.count(values, above: base, &contents, &buckets)
    }

    // Apart from the fields because a span of one would hold up the other too.
    private static func count(
        _ values: Span<UInt64>, above base: UInt64, _ contents: inout FlatBuffer<Bucket>,
        _ buckets: inout FlatBuffer<UInt8>
    ) {
        var contents = contents.mutableSpan
        var buckets = buckets.mutableSpan
        for row in values.indices {
            let value = values[row] &- base
            let bucket = bucket(of: value)
            buckets[row] = UInt8(truncatingIfNeeded: bucket)
            var content = contents[bucket]
            content.count &+= 1
            content.lowest = min(content.lowest, value)
            content.highest = max(content.highest, value)
            contents[bucket] = content
        }
    }

    private mutating func gatherCandidates() {
        candidates.removeAll()
        for bucket in 0..<Self.bucketCount where contents[bucket].count > 0 {
            let content = contents[bucket]
            candidates.append(
                IntegerBin(
                    lower: content.lowest, upper: content.highest, count: content.count, lastBucket: bucket))
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

    /// Says by bucket how the values of the chosen bins are written, `base` being the least value.
    mutating func assignFields(above base: UInt64) {
        var bucket = 0
        for code in 0..<bins.count {
            let bin = bins[code]
            let field = BinField(lower: bin.lower &+ base, code: UInt64(code), width: UInt64(bin.width))
            while bucket <= bin.lastBucket {
                fields[bucket] = field
                bucket += 1
            }
        }
    }
}
