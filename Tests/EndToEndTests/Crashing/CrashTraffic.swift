// SPDX-License-Identifier: Apache-2.0

/// Requests whose every span follows from a seed, the request's number and the span's place in it: so a span that is
/// found says by its ID which one it must be.
struct CrashTraffic: Sendable {
    let seed: UInt64

    /// Traces that every request may have spans of; their spans get into many blocks.
    static let longTraces = 0..<6
    /// The other traces have spans of so many requests that follow each other.
    private static let requestsPerTrace = 12
    private static let maximumSpanCount = 40

    /// The spans of a request, each with its trace's number.
    func spans(ofRequest number: Int) -> [(trace: Int, span: TestSpan)] {
        var random = SplitMix64(seed: seed &+ UInt64(number) &* 0x9e37_79b9)
        let count = 1 + Int(random.next() % UInt64(Self.maximumSpanCount))
        return (0..<count).map { index in
            let isLong = random.next() % 5 == 0
            let trace = isLong
                ? Int(random.next() % UInt64(Self.longTraces.count))
                : Self.longTraces.count + number / Self.requestsPerTrace
            let start = 1_790_000_000_000_000_000 + random.next() % 1_000_000_000_000
            let payload = hexadecimal(bigEndian(random.next(), random.next()))
            let span = TestSpan(
                traceID: traceID(trace), spanID: bigEndian(UInt64(number) << 16 | UInt64(index + 1)),
                name: "operation \(random.next() % 30)", kind: 1 + random.next() % 5, start: start,
                end: start + random.next() % 1_000_000_000,
                payload: String(repeating: payload, count: 1 + Int(random.next() % 20)))
            return (trace, span)
        }
    }

    func traceID(_ trace: Int) -> [UInt8] {
        var random = SplitMix64(seed: seed &+ UInt64(trace))
        return bigEndian(random.next() | 1, UInt64(trace))
    }

    /// The request and the place of the span with this ID.
    static func origin(ofSpanID spanID: [UInt8]) -> (request: Int, index: Int) {
        let word = spanID.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return (Int(word >> 16), Int(word & 0xffff) - 1)
    }
}

/// Steele, Lea and Flood's generator.
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
