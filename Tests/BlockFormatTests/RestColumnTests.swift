// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ByteCoding
internal import OTLPGenerator
internal import ProtobufMessages
internal import Testing
internal import TraceModel

/// Attributes of keys beyond the limit of columns.
@Suite struct RestColumnTests {
    /// Limits so small that random spans exceed them.
    static func limits(_ columnCount: Int, keys: Int = 256, shapes: Int = 16_384, slots: Int = 1 << 20) -> AttributeLimits {
        var limits = AttributeLimits()
        limits.columnCount = columnCount
        limits.keyByteCount = keys
        limits.shapeCount = shapes
        limits.slotCount = slots
        return limits
    }

    static let someLimits = [
        limits(0), limits(1), limits(3), limits(10), limits(1024, keys: 2), limits(1024, shapes: 0),
        limits(1024, shapes: 2), limits(5, slots: 9), limits(2, keys: 1, shapes: 1),
    ]

    @Test(arguments: 500..<536 as Range<UInt64>)
    func `whatever OTLP can carry comes back equal through the rest columns`(seed: UInt64) async throws {
        let sources = try RoundTripTests.sources(seed: seed, count: 1 + Int(seed % 3), maximumSpans: 60)
        let views = sources.map(\.view)
        guard views.contains(where: { $0.rowCount > 0 }) else { return }
        let kept = winners(views)
        let expected = multiset(kept.map { sources[$0.source].spans[$0.row] })
        let limits = Self.someLimits[Int(seed) % Self.someLimits.count]
        let reader = try await write(views, limits: limits).open()
        try await reader.verify()
        #expect(reader.schema.columns.count <= limits.columnCount)
        #expect(reader.schema.columns.allSatisfy { $0.key.count <= limits.keyByteCount })
        #expect(try multiset(flatSpans(try await reader.readAll())) == expected)
        for id in Set(kept.map { views[$0.source].traceID($0.row) }) {
            let trace = try #require(try await reader.readTrace(id))
            let ofTrace = kept.filter { views[$0.source].traceID($0.row) == id }
            #expect(try multiset(flatSpans(trace)) == multiset(ofTrace.map { sources[$0.source].spans[$0.row] }))
        }
    }

    @Test(arguments: 600..<612 as Range<UInt64>)
    func `searches, keys and values are the same as with columns`(seed: UInt64) async throws {
        let views = try RoundTripTests.sources(seed: seed, count: 2, maximumSpans: 80).map(\.view)
        guard views.contains(where: { $0.rowCount > 0 }) else { return }
        let plain = try await write(views).open()
        let all = try await plain.readAll()
        let limits = Self.someLimits[Int(seed) % Self.someLimits.count]
        let reader = try await write(views, limits: limits).open()
        for owner in AttributeOwner.allCases {
            let keys = try await reader.attributeKeys(of: .owner(owner))
            #expect(keys == all.attributeKeys(of: .owner(owner)))
            for key in keys.sorted(by: { $0.lexicographicallyPrecedes($1) }).prefix(40) + [Array("no such key".utf8)] {
                var (expected, found) = (ListedValues(), ListedValues())
                all.listValues(key, of: .owner(owner), into: &expected)
                try await reader.listValues(key, of: .owner(owner), into: &found) { _ in true }
                #expect(found.all == expected.all, "\(owner) \(key)")
                guard owner == .span else { continue }
                for test in Self.tests(expected) {
                    let filter = SpanFilter.holds(.spanAttribute(key), test)
                    #expect(try await Self.rows(reader, filter) == Self.rows(all, filter), "\(key) \(test)")
                }
            }
        }
    }

    @Test(arguments: [limits(0), limits(1), limits(2), limits(4), limits(1024, keys: 1)])
    func `what spans show of a key is the same as with columns`(limits: AttributeLimits) async throws {
        var spans: [[OTLPMessage.KeyValue]] = []
        for index in 0..<300 {
            var attributes: [OTLPMessage.KeyValue] = []
            if index % 11 != 0 {
                let text = Array("v\(index % 9)".utf8)
                attributes.append(Self.attribute("often", index % 2 == 0 ? .int(Int64(index % 5)) : .string(text)))
                attributes.append(Self.attribute("key.\(index % 7)", .double(Double(index) / 4)))
                attributes.append(Self.attribute("k", .bool(index % 3 == 0)))
                attributes.append(Self.attribute("own.\(index)", .string(Array("\(index)".utf8))))
            }
            spans.append(attributes)
        }
        let views = [try Source([Self.request(spans)]).view]
        let (plain, limited) = (try await write(views).open(), try await write(views, limits: limits).open())
        let rows = (0..<300).filter { $0 % 4 != 1 } + [299]
        let keys = ["often", "key.3", "k", "own.7", "own.299", "none"].map { SpanSubject.spanAttribute(Array($0.utf8)) }
        #expect(plain.footer.rowGroups.count == 1)
        let expected = try await plain.values(of: keys, rows: rows, group: 0)
        let found = try await limited.values(of: keys, rows: rows, group: 0)
        for (key, (expected, found)) in zip(keys, zip(expected, found)) {
            let values = expected.places.map { $0.map { expected.values[$0] } }
            #expect(found.places.map { $0.map { found.values[$0] } } == values, "\(key)")
        }
        #expect(expected.map { $0.places.count { $0 != nil } }.prefix(3).allSatisfy { $0 > 20 })
    }

    @Test func `the columns that most spans have stay, whatever the order of the spans`() async throws {
        // Key k0 in all spans, k1 in every second and so on; one of them often, but in one span.
        var spans: [[OTLPMessage.KeyValue]] = []
        for index in 0..<60 {
            let keys = (0..<12).filter { index % ($0 + 1) == 0 }
            spans.append(keys.map { Self.attribute("k\($0)", .int(7)) })
        }
        spans[0] += (0..<60).map { Self.attribute("k11", .int($0)) }
        for request in [Self.request(spans), Self.request(spans.reversed())] {
            let block = write([try Source([request]).view], limits: Self.limits(4))
            let columns = try await block.open().schema.columns.map { String(decoding: $0.key, as: UTF8.self) }
            #expect(Set(columns) == ["k0", "k1", "k2", "k3"])
        }
    }

    @Test func `where attributes are too many, those that hardly any span has get no column`() async throws {
        var spans: [[OTLPMessage.KeyValue]] = []
        for index in 0..<2048 {
            spans.append([
                Self.attribute("all", .int(1)), Self.attribute("some.\(index % 512)", .int(2)),
                Self.attribute("few.\(index % 1024)", .int(3)),
            ])
        }
        let request = Self.request(spans)
        let reader = try await write([try Source([request]).view]).open()
        try await reader.verify()
        // Four of 2,048 spans have each of the middle ones, two each of the last.
        #expect(reader.schema.columns.count == 513)
        #expect(reader.schema.shapes[0].count == 513)
        #expect(try multiset(flatSpans(try await reader.readAll())) == multiset(request.flatSpans))
    }

    @Test func `what a block takes grows with its data, not with the number of its keys`() async throws {
        let attributes = (0..<1007).map { span in
            (0..<110).map { Self.attribute("key.\(span * 110 + $0)", .string(Array("v\($0)".utf8))) }
        }
        let request = Self.request(attributes)
        let block = write([try Source([request]).view])
        let reader = try await block.open()
        try await reader.verify()
        #expect(reader.schema.columns.count == 1024)
        // 110,770 entries of a key of 4 to 10 bytes and a value of 2 or 3.
        #expect(block.bytes.count < 900_000, "\(block.bytes.count) bytes")
        #expect(reader.footer.sections.count < 1100)
        #expect(try multiset(flatSpans(try await reader.readAll())) == multiset(request.flatSpans))
        #expect(try await reader.attributeKeys(of: .owner(.span)).count == 110_770)
        for (key, count) in [("key.77777", 1), ("key.0", 1), ("key.110770", 0)] {
            let filter = SpanFilter.holds(.spanAttribute(Array(key.utf8)), .exists)
            #expect(try await Self.rows(reader, filter).count == count, "\(key)")
        }
    }

    @Test func `a search for a key that is not there reads no row group`() async throws {
        let request = Self.request((0..<40).map { span in (0..<5).map { Self.attribute("a\(span).\($0)", .int(1)) } })
        let block = write([try Source([request]).view], limits: Self.limits(2))
        let reader = try await block.open()
        for key in ["b", "a40.0", "a0.5", ""] {
            let filter = SpanFilter.holds(.spanAttribute(Array(key.utf8)), .exists)
            #expect(try await BlockTraceScan(reader, RowRequest(filter)) == nil)
        }
        let there = SpanFilter.holds(.spanAttribute(Array("a39.4".utf8)), .exists)
        #expect(try await BlockTraceScan(reader, RowRequest(there)) != nil)
    }

    @Test func `spans with long values in the rest columns end a row group early`() async throws {
        let text = [UInt8](repeating: 0x78, count: 1 << 20)
        let request = Self.request((0..<80).map { [Self.attribute("k\($0)", .string(text + [UInt8($0)]))] })
        let block = write([try Source([request]).view], limits: Self.limits(0))
        let reader = try await block.open()
        #expect(reader.footer.rowGroups.count > 1)
        #expect(try multiset(flatSpans(try await reader.readAll())) == multiset(request.flatSpans))
    }

    // MARK: - Damage

    static let small: WrittenBlock = {
        guard let block = try? SmallBlock.written(limits: limits(1)) else { fatalError("the small block can't be written") }
        return block
    }()

    @Test func `every flipped bit and truncation is found`() async throws {
        let bytes = Self.small.bytes
        #expect(await !DamageTests.isRefused(bytes))
        for position in bytes.indices {
            for bit in 0..<8 {
                var damaged = bytes
                damaged[position] ^= 1 << UInt8(bit)
                #expect(await DamageTests.isRefused(damaged), "bit \(bit) of byte \(position)")
            }
            #expect(await DamageTests.isRefused(Array(bytes[..<position])))
        }
    }

    @Test(arguments: 0..<8 as Range<UInt64>)
    func `damage behind right checksums never traps`(bit: UInt64) async throws {
        let surgery = try BlockSurgery(Self.small)
        for position in surgery.bytes.indices {
            var damaged = surgery
            damaged.bytes[position] ^= 1 << UInt8(bit)
            damaged.reseal()
            await DamageTests.survive(damaged.bytes)
            await Self.survive(damaged.bytes)
        }
    }

    @Test func `a filter that lacks a key is corrupted, and a block does without a filter`() async throws {
        var surgery = try BlockSurgery(Self.small)
        let index = try #require(surgery.sections.firstIndex { $0.name == "section 5.0" })
        var blind = surgery
        for position in blind.sections[index].range.dropFirst(8) { blind.bytes[position] = 0 }
        blind.reseal()
        #expect(await DamageTests.isRefused(blind.bytes))
        surgery.setKind(77, ofSection: index)
        surgery.reseal()
        let reader = try await BlockReader(id: surgery.id, source: MemorySource(bytes: surgery.bytes))
        try await reader.verify()
        #expect(try await Self.rows(reader, .holds(.spanAttribute(Array("d".utf8)), .exists)).count == 2)
    }

    // MARK: - Helpers

    private static func survive(_ bytes: [UInt8]) async {
        do {
            let reader = try await BlockReader(id: someBlockID, source: MemorySource(bytes: bytes))
            for key in ["s", "i", "d", "", "nothing"] {
                let filter = SpanFilter.holds(.spanAttribute(Array(key.utf8)), .exists)
                do { _ = try await rows(reader, filter) } catch { #expect(error is BlockError, "\(error)") }
                for owner in AttributeOwner.allCases {
                    var values = ListedValues()
                    do {
                        _ = try await reader.attributeKeys(of: .owner(owner))
                        try await reader.listValues(Array(key.utf8), of: .owner(owner), into: &values) { _ in true }
                    } catch { #expect(error is BlockError, "\(error)") }
                }
            }
        } catch {
            #expect(error is BlockError, "\(error)")
        }
    }

    private static func rows(_ reader: BlockReader, _ filter: SpanFilter) async throws -> Set<Int> {
        guard let scan = try await BlockTraceScan(reader, RowRequest(filter)) else { return [] }
        var rows: Set<Int> = []
        for group in scan.groups {
            let found = try await scan.rows(of: group.index)
            for row in 0..<found.rowCount where found.marks[0][row] { rows.insert(found.firstRow + row) }
        }
        return rows
    }

    /// - Parameter view: Of a block's rows, in its order.
    private static func rows(_ view: SpanBatchView, _ filter: SpanFilter) -> Set<Int> {
        let mask = view.mask(filter)
        return Set((0..<view.rowCount).filter { mask[$0] })
    }

    private static func tests(_ values: ListedValues) -> [ValueTest] {
        var tests: [ValueTest] = [.exists, .boolean(true), .integer(-10...10), .number(-1e9...1e9), .string([])]
        for value in values.all {
            if case .string(let bytes) = value { return tests + [.string(bytes)] }
            if case .integer(let number) = value { tests.append(.integer(number...number)) }
        }
        return tests
    }

    static func attribute(_ key: String, _ value: OTLPMessage.AnyValue) -> OTLPMessage.KeyValue {
        OTLPMessage.KeyValue(key: Array(key.utf8), value: value)
    }

    /// A span for each list of attributes, eight to a trace.
    static func request(_ attributes: [[OTLPMessage.KeyValue]]) -> Request {
        var scope = OTLPMessage.ScopeSpans()
        scope.spans = attributes.enumerated().map { index, attributes in
            var span = OTLPMessage.Span()
            span.traceID = [UInt8](repeating: 1, count: 12) + bigEndian(UInt32(index / 8))
            span.spanID = [1, 0, 0, 0] + bigEndian(UInt32(index))
            span.startTimeUnixNano = 1_700_000_000_000_000_000 + UInt64(index)
            span.endTimeUnixNano = span.startTimeUnixNano + 1000
            span.attributes = attributes
            return span
        }
        var group = OTLPMessage.ResourceSpans()
        group.scopeSpans = [scope]
        return Request(resourceSpans: [group])
    }

    private static func bigEndian(_ number: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: number >> UInt32(24 - 8 * $0)) }
    }
}
