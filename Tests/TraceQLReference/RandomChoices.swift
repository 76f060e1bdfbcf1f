// SPDX-License-Identifier: Apache-2.0

/// The same choices for the same seed, everywhere (SplitMix64).
package struct RandomChoices: RandomNumberGenerator {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
        return word ^ (word >> 31)
    }

    package mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
    package mutating func once(in count: Int) -> Bool { below(count) == 0 }
    package mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }
    package mutating func several<Element>(
        _ range: ClosedRange<Int>, _ make: (inout RandomChoices) -> Element
    ) -> [Element] {
        (0..<range.lowerBound + below(range.count)).map { _ in make(&self) }
    }
}
