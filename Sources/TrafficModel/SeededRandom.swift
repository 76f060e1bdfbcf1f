// SPDX-License-Identifier: Apache-2.0

/// Random numbers that are the same on every machine for the same seed.
///
/// xoshiro256** by Blackman and Vigna, seeded through SplitMix64 as its authors advise. The distributions use only
/// basic arithmetic: a mathematics library may differ in its last bit from one machine to the next.
struct SeededRandom: RandomNumberGenerator, Sendable {
    private var state: (UInt64, UInt64, UInt64, UInt64)

    init(seed: UInt64) {
        var splitMix = seed
        func next() -> UInt64 {
            splitMix &+= 0x9e37_79b9_7f4a_7c15
            var mixed = splitMix
            mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
            return mixed ^ (mixed >> 31)
        }
        state = (next(), next(), next(), next())
    }

    mutating func next() -> UInt64 {
        let product = state.1 &* 5
        let result = (product << 7 | product >> 57) &* 9
        let shifted = state.1 << 17
        state.2 ^= state.0
        state.3 ^= state.1
        state.1 ^= state.2
        state.0 ^= state.3
        state.2 ^= shifted
        state.3 = state.3 << 45 | state.3 >> 19
        return result
    }

    /// A number other than 0, as identifiers must be.
    mutating func nextNonZero() -> UInt64 {
        while true {
            let value = next()
            if value != 0 { return value }
        }
    }

    /// Uniform in 0..<1, with 53 bits.
    mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// Uniform in the range.
    mutating func pick(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(next() % UInt64(range.upperBound - range.lowerBound + 1))
    }

    mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int(next() % UInt64(elements.count))]
    }

    mutating func chance(_ probability: Double) -> Bool { unit() < probability }

    /// Log-normal, the shape of most latencies: half of the values lie under the median, some far above it.
    mutating func logNormal(median: Double, sigma: Double) -> Double {
        median * exponential(sigma * normal())
    }

    /// Normal with mean 0 and deviation 1, as the sum of twelve uniforms; within ±6.
    private mutating func normal() -> Double {
        var sum = -6.0
        for _ in 0..<12 { sum += unit() }
        return sum
    }
}

/// e to the power of `x` for |x| below 700, good to 12 digits.
private func exponential(_ x: Double) -> Double {
    let binary = x * 1.442_695_040_888_963_4
    let whole = binary.rounded()
    let rest = (binary - whole) * 0.693_147_180_559_945_3
    var term = 1.0
    var sum = 1.0
    for order in 1...12 {
        term *= rest / Double(order)
        sum += term
    }
    return sum * Double(sign: .plus, exponent: Int(whole), significand: 1)
}
