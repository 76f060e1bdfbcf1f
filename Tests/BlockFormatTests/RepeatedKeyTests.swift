// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ByteCoding
internal import ProtobufMessages
internal import Testing
internal import TraceModel

/// Of several attributes with the same key in one owner the first counts: whatever is asked, the answer is the one that
/// would be given if the others were not there.
@Suite(.timeLimit(.minutes(10))) struct RepeatedKeyTests {
    /// Of spans, of their events and links, of their resource and their scope.
    private typealias Attributes = [OTLPMessage.KeyValue]

    private static let (a, b) = (Array("a".utf8), Array("b".utf8))

    /// Two keys with values of all kinds, also none.
    private static let attributes: Attributes = [
        .init(key: a, value: .int(1)), .init(key: a, value: .string([0x78])), .init(key: a, value: .empty),
        .init(key: a, value: nil), .init(key: a, value: .array([.string([0x78]), .int(2)])),
        .init(key: a, value: .bytes([0x78])), .init(key: b, value: .int(1)),
    ]

    /// All lists of up to three of them.
    private static let lists: [Attributes] = {
        var lists: [Attributes] = [[]]
        var last = lists
        for _ in 0..<3 {
            last = last.flatMap { list in attributes.map { list + [$0] } }
            lists += last
        }
        return lists
    }()

    private static func firsts(_ attributes: Attributes) -> Attributes {
        var keys: Set<[UInt8]> = []
        return attributes.filter { keys.insert($0.key).inserted }
    }

    /// A span of each list, with an event of it and one of another, a link, a resource and a scope.
    ///
    /// - Parameter kept: What of a list they have.
    private static func view(_ places: some Sequence<Int>, _ kept: (Attributes) -> Attributes) throws -> SpanBatchView {
        var request = Request()
        for place in places {
            let list = kept(lists[place])
            var (event, other, link) = (OTLPMessage.Event(), OTLPMessage.Event(), OTLPMessage.Link())
            (event.attributes, link.attributes) = (list, list)
            other.attributes = kept(lists[place * 17 % lists.count])
            var span = OTLPMessage.Span()
            span.traceID = [UInt8](repeating: 1, count: 15) + [UInt8(place % 50)]
            span.spanID = [1, 0, 0, 0, 0, 0, UInt8(place >> 8), UInt8(place & 255)]
            span.startTimeUnixNano = 1_700_000_000_000_000_000 + UInt64(place)
            (span.attributes, span.events, span.links) = (list, [event, other], [link])
            var (scope, group) = (OTLPMessage.ScopeSpans(), OTLPMessage.ResourceSpans())
            scope.scope = OTLPMessage.InstrumentationScope()
            scope.scope?.attributes = list
            scope.spans = [span]
            group.resource = OTLPMessage.Resource()
            group.resource?.attributes = list
            group.scopeSpans = [scope]
            request.resourceSpans.append(group)
        }
        return try Source([request]).view
    }

    private static let clean = Result { try view(lists.indices, firsts) }

    private static let subjects = [a, b, Array("c".utf8)].flatMap { key -> [SpanSubject] in
        [.spanAttribute(key), .eventAttribute(key), .linkAttribute(key), .resourceAttribute(key), .scopeAttribute(key)]
    }

    private static let filters: [SpanFilter] = {
        let tests: [ValueTest] = [
            .exists, .string([0x78]), .integer(1...1), .tag(TagText("2")), .tag(TagText("")), .boolean(true),
            .compares(.equal, .integer(1)), .compares(.notEqual, .integer(1)), .compares(.less, .integer(2)),
            .compares(.equal, .string([0x78])), .compares(.notEqual, .string([0x79])),
        ]
        let conditions = subjects.flatMap { subject in tests.map { SpanFilter.holds(subject, $0) } }
        return conditions + conditions.map { .not($0) }
    }()

    private static let limits: [AttributeLimits] =
        [.everyColumn] + (0..<16).map { RestColumnTests.limits($0) }
        + [0, 1, 7, 60, 200].map { RestColumnTests.limits(1024, shapes: $0) }
        + [RestColumnTests.limits(6, shapes: 90), RestColumnTests.limits(1024, keys: 0), RestColumnTests.limits(1024, slots: 300)]

    @Test func `heads find, show and list what counts`() throws {
        let (clean, view) = (try Self.clean.get(), try Self.view(Self.lists.indices) { $0 })
        for filter in Self.filters {
            #expect(Self.spans(view, filter) == Self.spans(clean, filter), "\(filter)")
        }
        for (key, place) in Self.places { #expect(Self.listed(view, key, place) == Self.listed(clean, key, place)) }
        #expect(Self.shown(view) == Self.shown(clean))
    }

    @Test(arguments: limits)
    func `blocks find, show, count and list what counts`(limits: AttributeLimits) async throws {
        let reader = try await write([try Self.view(Self.lists.indices) { $0 }], limits: limits).open()
        try await Self.check(reader)
    }

    @Test(arguments: 0..<12)
    func `merged blocks do too`(seed: Int) async throws {
        var readers: [BlockReader] = []
        for part in 0..<3 {
            let view = try Self.view(Self.lists.indices.filter { $0 % 3 == part }) { $0 }
            let limits = Self.limits[(seed * 5 + part * 3) % Self.limits.count]
            let critical = RoundTripTests.criticalTimes([view])
            readers.append(
                try await write([view], id: BlockID(high: 9, low: UInt64(part)), critical: critical, limits: limits).open())
        }
        let merged = try #require(try await merge(readers))
        try await Self.check(try await merged.block.open())
    }

    @Test func `the values of a key that stands once are read from dictionaries alone`() async throws {
        let request = RestColumnTests.request((0..<200).map { [RestColumnTests.attribute("a", .string([UInt8($0 % 5)]))] })
        let bytes = write([try Source([request]).view]).bytes
        let source = CountingSource(bytes: bytes)
        let reader = try await BlockReader(id: someBlockID, source: source)
        let group = reader.footer.rowGroups[0]
        let opened = await source.ranges.all.count
        var values = ListedValues()
        try await reader.listValues(Self.a, of: .owner(.span), into: &values) { _ in true }
        #expect(values.all.count == 5)
        #expect(await !source.ranges.all.dropFirst(opened).contains { $0.overlaps(group.offset..<(group.offset + group.byteCount)) })
    }

    // MARK: - Helpers

    private static let places: [([UInt8], AttributePlace)] = [a, b].flatMap { key in
        AttributeOwner.allCases.map { (key, .owner($0)) } + [(key, .message(.resource)), (key, .message(.scope))]
    }

    /// Compares a block of all lists with a head and a block of the first of each key.
    private static func check(_ reader: BlockReader) async throws {
        try await reader.verify()
        let clean = try Self.clean.get()
        let cleanBlock = try await write([clean]).open()
        let ids = try await spanIDs(reader)
        for filter in filters {
            let found = try await marked(reader, filter)
            #expect(Set(found.map { ids[$0] }) == spans(clean, filter), "\(filter)")
        }
        for (key, place) in places {
            var values = ListedValues()
            try await reader.listValues(key, of: place, into: &values) { _ in true }
            #expect(values.all == listed(clean, key, place), "\(place)")
        }
        #expect(try await shown(reader) == shown(cleanBlock))
        for subject in subjects {
            #expect(try await counted(subject, reader) == counted(subject, cleanBlock), "\(subject)")
        }
    }

    private static func spans(_ view: SpanBatchView, _ filter: SpanFilter) -> Set<UInt64> {
        let mask = view.mask(filter)
        return Set((0..<view.rowCount).filter { mask[$0] }.map { view.spanID[$0] })
    }

    private static func listed(
        _ view: SpanBatchView, _ key: [UInt8], _ place: AttributePlace
    ) -> Set<ListedValues.Value> {
        var values = ListedValues()
        view.listValues(key, of: place, into: &values)
        return values.all
    }

    /// By row of the block.
    private static func spanIDs(_ reader: BlockReader) async throws -> [UInt64] {
        let all = try await reader.readAll()
        return (0..<all.rowCount).map { all.spanID[$0] }
    }

    private static func marked(_ reader: BlockReader, _ filter: SpanFilter) async throws -> [Int] {
        guard let scan = try await BlockTraceScan(reader, RowRequest(filter)) else { return [] }
        var rows: [Int] = []
        for group in scan.groups {
            let found = try await scan.rows(of: group.index)
            rows += (0..<found.rowCount).filter { found.marks[0][$0] }.map { found.firstRow + $0 }
        }
        return rows
    }

    /// By span: what a search shows of every second one; values of several events in any order.
    private static func shown(_ reader: BlockReader) async throws -> [UInt64: [[String]]] {
        let ids = try await spanIDs(reader)
        let parts = try await reader.partColumns(of: subjects)
        var shown: [UInt64: [[String]]] = [:]
        for (group, entry) in reader.footer.rowGroups.enumerated() {
            let rows = (entry.firstRow..<(entry.firstRow + entry.rowCount)).filter { ids[$0] % 2 == 0 }
            for picked in try await reader.values(of: subjects, parts, rows: rows, group: group) {
                for (row, place) in zip(rows, picked.places) {
                    shown[ids[row], default: []].append(place.map { texts(picked.values[$0]) } ?? [])
                }
            }
        }
        return shown
    }

    /// By subject and row.
    private static func shown(_ view: SpanBatchView) -> [[SpanValue?]] {
        view.values(of: subjects, rows: Array(0..<view.rowCount)) { _ in }.map { picked in
            picked.places.map { $0.map { picked.values[$0] } }
        }
    }

    private static func texts(_ value: SpanValue) -> [String] {
        guard case .array(let bytes) = value else { return ["\(value)"] }
        var texts = ["array"]
        EncodedAttributes.forEachElement(in: bytes.rawSpan) { type, bits, bytes in
            texts.append("\(type) \(bits) \([UInt8](bytes))")
        }
        return texts.sorted()
    }

    /// By value: how many of every third row have it.
    private static func counted(
        _ subject: SpanSubject, _ reader: BlockReader
    ) async throws -> [ListedValues.Value: Int] {
        let ids = try await spanIDs(reader)
        var counter = try await TagCounter([subject], reader)
        var tally = ValueTally()
        for (group, entry) in reader.footer.rowGroups.enumerated() {
            let rows = (0..<entry.rowCount).map { ids[entry.firstRow + $0] % 3 == 0 }
            _ = try await counter.add(RowMask(rows), group: group, to: &tally)
        }
        let counts = zip(tally.values, tally.counts).filter { $0.1 > 0 }
        return Dictionary(uniqueKeysWithValues: counts.map { ($0.0, $0.1) })
    }
}

/// A block in memory that remembers what was read of it.
private struct CountingSource: BlockSource {
    actor Ranges {
        private(set) var all: [Range<Int>] = []

        func add(_ range: Range<Int>) { all.append(range) }
    }

    var bytes: [UInt8]
    let ranges = Ranges()

    var byteCount: Int { bytes.count }

    func read(_ range: Range<Int>) async throws -> [UInt8] {
        await ranges.add(range)
        return Array(bytes[range])
    }
}
