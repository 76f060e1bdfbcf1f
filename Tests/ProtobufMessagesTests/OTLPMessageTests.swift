// SPDX-License-Identifier: Apache-2.0
import OTLPGenerator
import ProtobufMessages
import Testing

private typealias Request = OTLPMessage.ExportTraceServiceRequest

@Suite("OTLP messages")
struct OTLPMessageTests {
    @Test("random requests come back equal", arguments: 0..<40)
    func comesBack(seed: UInt64) throws {
        var random = RandomOTLP(seed: seed, options: .init(hasBadIDs: seed % 2 == 1))
        for _ in 0..<25 {
            let request = random.request(maximumSpans: 60)
            let bytes = try request.encoded()
            let decoded = try Request(decoding: bytes)
            #expect(decoded == request, "seed \(seed)")
            #expect(try decoded.encoded() == bytes, "seed \(seed)")
        }
    }

    @Test("a span is encoded as the specification numbers it")
    func goldenBytes() throws {
        var span = OTLPMessage.Span()
        span.traceID = [1]
        span.spanID = [2]
        span.traceState = [3]
        span.parentSpanID = [4]
        span.name = [0x61, 0, 0x62]
        span.kind = 2
        span.startTimeUnixNano = 7
        span.endTimeUnixNano = 8
        span.attributes = [
            .init(key: [0x6b], value: .int(-1)), .init(key: [], value: nil),
            .init(key: [], value: .empty),
        ]
        span.droppedAttributesCount = 10
        span.droppedEventsCount = 12
        span.droppedLinksCount = 14
        span.status = .init()
        span.flags = 16
        var scope = OTLPMessage.ScopeSpans()
        scope.spans = [span]
        var group = OTLPMessage.ResourceSpans()
        group.scopeSpans = [scope]
        let spanBytes: [UInt8] =
            [0x0a, 1, 1, 0x12, 1, 2, 0x1a, 1, 3, 0x22, 1, 4, 0x2a, 3, 0x61, 0, 0x62, 0x30, 2]
            + [0x39, 7, 0, 0, 0, 0, 0, 0, 0, 0x41, 8, 0, 0, 0, 0, 0, 0, 0]
            + [0x4a, 16, 0x0a, 1, 0x6b, 0x12, 11, 0x18] + [UInt8](repeating: 0xff, count: 9) + [1]
            + [0x4a, 0, 0x4a, 2, 0x12, 0]
            + [0x50, 10, 0x60, 12, 0x70, 14, 0x7a, 0, 0x85, 1, 16, 0, 0, 0]
        let count = UInt8(spanBytes.count)
        #expect(
            try Request(resourceSpans: [group]).encoded() == [
                0x0a, count + 4, 0x12, count + 2, 0x12, count,
            ] + spanBytes)
    }

    @Test("doubles are told apart by their bits")
    func doubles() throws {
        let values: [OTLPMessage.AnyValue] = [
            .double(0), .double(-0.0), .double(.nan), .double(bitPattern: 0x7ff8_0000_0000_0001),
            .int(0), .empty,
        ]
        #expect(Set(values).count == values.count)
        #expect(try roundTrip(.array(values)) == .array(values))
    }

    @Test("unknown fields are passed over")
    func unknownFields() throws {
        let unknown: [UInt8] = [0xf8, 0x7f, 1, 0xc2, 0x3e, 2, 9, 9]
        #expect(try Request(decoding: unknown).resourceSpans.isEmpty)
    }

    @Test("the random requests hold every oddity they promise")
    func coverage() {
        var random = RandomOTLP(seed: 1, options: .init(hasBadIDs: true))
        let spans = (0..<200).flatMap { _ in random.request(maximumSpans: 50).resourceSpans }
            .flatMap(\.scopeSpans).flatMap(\.spans)
        let values = spans.flatMap(\.attributes).map(\.value)
        #expect(spans.contains { $0.endTimeUnixNano < $0.startTimeUnixNano })
        #expect(spans.contains { $0.parentSpanID == [UInt8](repeating: 0, count: 8) })
        #expect(spans.contains { ![0, 8].contains($0.parentSpanID.count) })
        #expect(spans.contains { $0.traceID.count != 16 })
        #expect(spans.contains { $0.kind > 5 } && spans.contains { $0.kind < 0 })
        #expect(spans.contains { String(validating: $0.name, as: UTF8.self) == nil })
        #expect(
            spans.contains { $0.startTimeUnixNano == .max }
                && spans.contains { $0.startTimeUnixNano == 0 })
        #expect(spans.contains { !$0.links.isEmpty } && spans.contains { !$0.events.isEmpty })
        #expect(values.contains(nil) && values.contains(.empty) && values.contains(.string([])))
        #expect(values.contains(.double(-0.0)) && values.contains(.double(.nan)))
        #expect(values.contains { if case .keyValueList = $0 { true } else { false } })
        #expect(values.contains { if case .bytes([]) = $0 { true } else { false } })
        #expect(Set(spans).count < spans.count)
    }

    @Test("one seed gives one request")
    func determinism() {
        var first = RandomOTLP(seed: 5)
        var second = RandomOTLP(seed: 5)
        #expect(first.request(maximumSpans: 100) == second.request(maximumSpans: 100))
    }
}

@Suite("Hostile OTLP messages")
struct HostileOTLPMessageTests {
    @Test("every truncation is an error or an earlier message end, never a trap")
    func truncations() throws {
        var random = RandomOTLP(seed: 2)
        let bytes = try random.request(maximumSpans: 8).encoded()
        for count in 0..<bytes.count { _ = try? Request(decoding: Array(bytes[..<count])) }
    }

    @Test("no flipped bit traps")
    func bitFlips() throws {
        var random = RandomOTLP(seed: 3)
        let bytes = try random.request(maximumSpans: 6).encoded()
        for bit in 0..<(bytes.count * 8) {
            var flipped = bytes
            flipped[bit / 8] ^= 1 << (bit % 8)
            _ = try? Request(decoding: flipped, byteLimit: 1 << 20)
        }
    }

    @Test("random bytes never trap")
    func noise() {
        var random = SplitMix64(seed: 4)
        for _ in 0..<20_000 {
            let bytes = (0..<Int(random.next() % 80)).map { _ in
                UInt8(truncatingIfNeeded: random.next())
            }
            _ = try? Request(decoding: bytes, byteLimit: 1 << 16)
        }
    }

    @Test("values as deep as allowed come back, one more is too deep", arguments: [true, false])
    func depth(isArray: Bool) throws {
        func nested(_ depth: Int) -> OTLPMessage.AnyValue {
            (1..<depth).reduce(.int(1)) { value, _ in
                isArray ? .array([value]) : .keyValueList([.init(key: [], value: value)])
            }
        }
        let deepest = nested(OTLPMessage.maximumDepth)
        #expect(try roundTrip(deepest) == deepest)
        #expect(code { try encoded(nested(OTLPMessage.maximumDepth + 1)) } == .tooDeep)
        #expect(
            code { try Request(decoding: nestedBytes(depth: 65, isArray: isArray)) } == .tooDeep)
    }

    @Test(
        "values nested without end are too deep on every stack",
        arguments: [192, 256, 512, 1024, 8192])
    func depthOnThreads(stackKibibytes: Int) {
        for isArray in [true, false] {
            for depth in [100, 10_000, 100_000] {
                let bytes = nestedBytes(depth: depth, isArray: isArray)
                let result = onThread(stackKibibytes: stackKibibytes) {
                    code { try Request(decoding: bytes) }
                }
                #expect(result == .tooDeep, "\(depth) deep")
            }
        }
    }

    @Test("values as deep as allowed decode on a 512 KiB stack")
    func depthOnSmallThread() {
        let bytes = nestedBytes(depth: 64, isArray: false)
        #expect(
            onThread(stackKibibytes: 512) { code { try Request(decoding: bytes) } } == .some(nil))
    }

    @Test("memory is bounded, whatever the bytes blow up to")
    func memory() {
        // Two bytes a span, 300 decoded.
        let spans = [[UInt8]](repeating: [0x12, 0], count: 100_000).flatMap(\.self)
        let bytes = field(1, field(2, spans))
        #expect(code { try Request(decoding: bytes, byteLimit: 1 << 20) } == .tooLarge)
        #expect(code { try Request(decoding: bytes, byteLimit: 0) } == .tooLarge)
        #expect(code { try Request(decoding: bytes) } == nil)
    }
}

/// The error code that `body` throws, nil for none.
func code<Result>(_ body: () throws -> Result) -> ProtobufError.Code? {
    do {
        _ = try body()
        return nil
    } catch {
        return (error as? ProtobufError)?.code
    }
}

/// A length-delimited protobuf field.
func field(_ number: UInt8, _ content: [UInt8]) -> [UInt8] {
    var bytes = [number << 3 | 2]
    var count = content.count
    while count >= 0x80 {
        bytes.append(UInt8(truncatingIfNeeded: count) | 0x80)
        count >>= 7
    }
    return bytes + [UInt8(count)] + content
}

private func request(_ value: OTLPMessage.AnyValue) -> Request {
    var group = OTLPMessage.ResourceSpans()
    group.resource = .init()
    group.resource?.attributes = [.init(key: [0x61], value: value)]
    return Request(resourceSpans: [group])
}

private func encoded(_ value: OTLPMessage.AnyValue) throws(ProtobufError) -> [UInt8] {
    try request(value).encoded()
}

private func roundTrip(_ value: OTLPMessage.AnyValue) throws -> OTLPMessage.AnyValue? {
    try Request(decoding: encoded(value)).resourceSpans.first?.resource?.attributes.first?.value
}

/// A request whose only attribute is `depth` values deep; encoded by hand, from the inside, for any
/// depth.
private func nestedBytes(depth: Int, isArray: Bool) -> [UInt8] {
    // Written backwards, so that each level costs only its own header.
    var reversed: [UInt8] = []
    func wrap(_ number: UInt8) {
        var header: [UInt8] = field(number, [])
        header.removeLast()
        var count = reversed.count
        while count >= 0x80 {
            header.append(UInt8(truncatingIfNeeded: count) | 0x80)
            count >>= 7
        }
        header.append(UInt8(count))
        reversed += header.reversed()
    }
    for _ in 1..<depth {
        if isArray {
            wrap(1)
            wrap(5)
        } else {
            wrap(2)
            wrap(1)
            wrap(6)
        }
    }
    for number: UInt8 in [2, 1, 1, 1] { wrap(number) }
    return reversed.reversed()
}
