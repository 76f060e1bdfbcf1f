// SPDX-License-Identifier: Apache-2.0

/// Seeded choices.
struct Choices {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
    mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) } }
}

/// Numbers around every boundary of the varint encoding.
let boundaryNumbers: [UInt64] = {
    var numbers: [UInt64] = [0, 1, 2, .max - 1, .max]
    for bits in stride(from: 7 as UInt64, through: 63, by: 7) {
        let power: UInt64 = 1 << bits
        numbers += [power - 1, power, power + 1]
    }
    return numbers
}()
