// SPDX-License-Identifier: Apache-2.0

package import ProtobufMessages

extension RandomOTLP {
    /// The greatest depth of the values, counted as ``OTLPMessage/maximumDepth`` counts.
    package static let maximumDepth = 5

    /// 0 to `limit` attributes; sometimes a key repeats, sometimes a value is absent.
    mutating func attributes(atMost limit: Int) -> [OTLPMessage.KeyValue] {
        keyValues(count: random.below(limit + 1), depth: 1)
    }

    /// A value of any type that is at most as deep as is left from `depth` to ``maximumDepth``.
    package mutating func value(depth: Int = 1) -> OTLPMessage.AnyValue {
        switch random.below(depth < Self.maximumDepth ? 14 : 12) {
        case 0...4: .string(random.oneIn(8) ? oddString() : random.pick(values))
        case 5: .bool(random.oneIn(2))
        case 6, 7: .int(integer())
        case 8, 9: .double(double())
        case 10: .bytes(random.bytes(random.pick([0, 1, 16, 200])))
        case 11: random.oneIn(3) ? .empty : .string([])
        case 12: .array(array(depth: depth))
        default: .keyValueList(keyValues(count: random.below(4), depth: depth + 1))
        }
    }

    private mutating func array(depth: Int) -> [OTLPMessage.AnyValue] {
        // Often of one type, as the specification wants it, else mixed.
        if random.oneIn(2) {
            return (0..<random.below(5)).map { _ in .string(random.pick(values)) }
        }
        return (0..<random.below(5)).map { _ in value(depth: depth + 1) }
    }

    private mutating func keyValues(count: Int, depth: Int) -> [OTLPMessage.KeyValue] {
        var keyValues = (0..<count).map { _ in
            OTLPMessage.KeyValue(key: key(), value: random.oneIn(30) ? nil : value(depth: depth))
        }
        if random.oneIn(8), let first = keyValues.first {
            keyValues.append(
                .init(key: first.key, value: random.oneIn(2) ? first.value : value(depth: depth)))
        }
        return keyValues
    }

    /// An attribute key, one in thirty strange.
    mutating func key() -> [UInt8] { random.oneIn(30) ? oddString() : random.pick(keys) }

    /// A string that some code will not expect: empty, with NUL, not UTF-8, long, quoted.
    mutating func oddString() -> [UInt8] {
        switch random.below(8) {
        case 0: []
        case 1: [0]
        case 2: Array("before\u{0}after".utf8)
        case 3: [0xff, 0xfe, 0x41]
        case 4: Array("cut ".utf8) + [0xe2, 0x82]
        case 5: random.bytes(1 + random.below(20))
        case 6: Array(repeating: 0x61, count: random.pick([127, 128, 300, 5000]))
        default: Array("\"quoted\"\\ \n\t🐝 \u{2028}".utf8)
        }
    }

    private mutating func integer() -> Int64 {
        switch random.below(6) {
        case 0: random.pick([0, 1, -1, .max, .min])
        case 1: Int64(bitPattern: random.next())
        case 2: -Int64(random.below(1000))
        default: random.pick([200, 200, 404, 500, 8080])
        }
    }

    private mutating func double() -> Double {
        switch random.below(4) {
        case 0:
            random.pick([
                0, -0.0, .nan, -.nan, Double(bitPattern: 0x7ff8_0000_dead_beef), .infinity,
                -.infinity,
                .leastNonzeroMagnitude, .greatestFiniteMagnitude,
            ])
        case 1: Double(random.below(100))
        default: Double(random.below(1_000_000)) / 1000
        }
    }
}

private let keys = [
    "http.method", "http.status_code", "http.route", "db.system", "db.statement", "net.peer.name",
    "retry", "k8s.pod.name",
    "messaging.system", "a key with spaces", "duration", "service.name", "x", "",
].map { Array($0.utf8) }
private let values = [
    "GET", "POST", "/cart/{id}", "postgresql", "SELECT * FROM orders WHERE id = ?", "10.0.0.1",
    "shop-7f9c", "kafka", "true",
].map { Array($0.utf8) }
