// SPDX-License-Identifier: Apache-2.0
import Inflate
import Testing

@Suite("Inflating what gzip made")
struct RoundTripTests {
    @Test(
        "content of every small size and of sizes around the buffer steps comes back",
        arguments: 1...9)
    func sizes(level: Int) throws {
        var inflater = try Inflater()
        for size in Array(0...300) + [4095, 4096, 4097, 65_536, 1_000_003] {
            let content = words(byteCount: size, seed: UInt64(size))
            let body = try gzip(content, level: level)
            #expect(try inflater.inflate(body, limit: size) == content)
        }
    }

    @Test("incompressible content comes back")
    func noise() throws {
        var random = SplitMix(state: 1)
        let content = (0..<300_000).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        #expect(try inflate(gzip(content), limit: .max) == content)
    }

    @Test("zlib bodies are told from gzip and come back")
    func zlibFormat() throws {
        #expect(try inflate(zlibOfHello, limit: 100) == Array("hello, hello, hello".utf8))
    }

    @Test("several gzip members are one body, empty ones too")
    func members() throws {
        let parts = [
            words(byteCount: 5000, seed: 1), [], words(byteCount: 3, seed: 2),
            words(byteCount: 70_000, seed: 3), [],
        ]
        let body = try parts.flatMap { try gzip($0) }
        #expect(try inflate(body, limit: .max) == parts.flatMap(\.self))
    }

    @Test("a larger level does not give a larger body")
    func levels() throws {
        let content = words(byteCount: 100_000, seed: 4)
        #expect(try gzip(content, level: 9).count <= gzip(content, level: 1).count)
    }

    @Test("an error leaves the inflater as good as new")
    func reuse() throws {
        var inflater = try Inflater()
        let content = words(byteCount: 10_000, seed: 5)
        let body = try gzip(content)
        for broken in [Array(body.dropLast(9)), [1, 2, 3], [], body + [0], zlibOfHello + [0]] {
            #expect(throws: InflateError.self) { try inflater.inflate(broken, limit: .max) }
            #expect(try inflater.inflate(body, limit: .max) == content)
            #expect(try inflater.inflate(zlibOfHello, limit: .max).count == 19)
        }
    }
}

@Suite("Inflating what nobody should have sent")
struct HostileBodyTests {
    @Test("every truncation is an error")
    func truncations() throws {
        for body in [try gzip(words(byteCount: 2000, seed: 6)), zlibOfHello] {
            for count in 0..<body.count {
                #expect(failure(Array(body[..<count])) == .truncated)
            }
        }
    }

    @Test("every flipped bit is an error or changes nothing")
    func bitFlips() throws {
        let content = words(byteCount: 200, seed: 7)
        let body = try gzip(content)
        for bit in 0..<(body.count * 8) {
            var flipped = body
            flipped[bit / 8] ^= 1 << (bit % 8)
            do throws(InflateError) {
                let output = try inflate(flipped, limit: 10_000)
                #expect(output == content, "bit \(bit)")
            } catch {
                #expect(error.code != .outOfMemory, "bit \(bit)")
            }
        }
    }

    @Test("random bytes behind a right header never trap")
    func noise() throws {
        var random = SplitMix(state: 8)
        var inflater = try Inflater()
        for round in 0..<20_000 {
            var body: [UInt8] =
                round % 2 == 0 ? [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3] : [0x78, 0x9c]
            for _ in 0..<Int(random.next() % 60) {
                body.append(UInt8(truncatingIfNeeded: random.next()))
            }
            _ = try? inflater.inflate(body, limit: 5000)
        }
    }

    @Test(
        "what follows the body is refused",
        arguments: [[0], [0x1f], [0x1f, 0x8b], Array("garbage".utf8)] as [[UInt8]])
    func trailing(garbage: [UInt8]) throws {
        let body = try gzip(words(byteCount: 100, seed: 9))
        #expect(failure(body + garbage) != nil)
        #expect(failure(zlibOfHello + garbage) == .corrupted)
        #expect(failure(body + zlibOfHello) == .corrupted)
        #expect(failure(zlibOfHello + body) == .corrupted)
    }

    @Test("neither gzip nor zlib is corrupted")
    func otherFormats() {
        #expect(failure(Array("PK\u{3}\u{4} nothing of ours".utf8)) == .corrupted)
        #expect(failure([UInt8](repeating: 0, count: 100)) == .corrupted)
    }

    @Test("the limit is exact")
    func limit() throws {
        for size in [0, 1, 2, 100, 4096, 100_000] {
            let content = words(byteCount: size, seed: 10)
            let body = try gzip(content)
            #expect(try inflate(body, limit: size) == content)
            if size > 0 { #expect(failure(body, limit: size - 1) == .tooLarge) }
            #expect(
                failure(body + body, limit: max(0, 2 * size - 1)) == (size == 0 ? nil : .tooLarge))
        }
        #expect(failure(zlibOfHello, limit: 18) == .tooLarge)
        #expect(failure(zlibOfHello, limit: 19) == nil)
    }

    @Test("a bomb is stopped at the limit, whatever its trailer states")
    func bombs() throws {
        var bomb = try gzip([UInt8](repeating: 0, count: 64 << 20))
        #expect(bomb.count < 70_000)
        for stated in [nil, 0, 1, .max] as [UInt8?] {
            if let stated { for index in bomb.indices.suffix(4) { bomb[index] = stated } }
            for limit in [0, 1, 1000, 1 << 20] {
                #expect(failure(bomb, limit: limit) == .tooLarge)
            }
        }
    }

    @Test("a trailer that states too much costs no memory beyond what deflate can yield")
    func dishonestTrailer() throws {
        var body = try gzip(words(byteCount: 100, seed: 11))
        for index in body.indices.suffix(4) { body[index] = 0xff }
        #expect(failure(body, limit: .max) == .corrupted)
    }

    private func failure(_ body: [UInt8], limit: Int = .max) -> InflateError.Code? {
        do throws(InflateError) {
            _ = try inflate(body, limit: limit)
            return nil
        } catch {
            return error.code
        }
    }
}

/// "hello, hello, hello" as Python's zlib.compress gives it.
let zlibOfHello: [UInt8] = [
    0x78, 0x9c, 0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0xd7, 0x51, 0xc8, 0x40, 0xa2, 0x00, 0x44, 0x28, 0x06,
    0xd5,
]

/// Text-like bytes that compress to about a third.
func words(byteCount: Int, seed: UInt64) -> [UInt8] {
    var random = SplitMix(state: seed)
    let vocabulary = [
        "checkout ", "cart ", "GET /api/items/", "0", "service.name=", "\u{0}", "7f3a",
    ].map { Array($0.utf8) }
    var bytes: [UInt8] = []
    while bytes.count < byteCount {
        bytes += vocabulary[Int(random.next() % UInt64(vocabulary.count))]
    }
    return Array(bytes.prefix(byteCount))
}

/// Steele, Lea and Flood's SplitMix64: the same numbers everywhere for one seed.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
