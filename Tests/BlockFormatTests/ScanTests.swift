// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ByteCoding
internal import Testing
internal import TraceModel

@Suite struct ScanTests {
    /// What a scan must find, by looking at every span.
    static func naive(_ spans: [MadeSpan], _ request: ScanRequest) -> [ScanMatch] {
        let matching = spans.filter { span in
            request.conditions.allSatisfy { condition in
                switch condition {
                case .time(let range): span.start <= range.upperBound && span.start + span.duration >= range.lowerBound
                case .duration(let range): range.contains(span.duration)
                case .status(let code): span.status == code
                case .name(let name): Array(span.name.utf8) == name
                case .serviceName(let name): Array(span.service.utf8) == name
                }
            }
        }
        let sorted = matching.sorted {
            if $0.duration != $1.duration { return $0.duration > $1.duration }
            if $0.start != $1.start { return $0.start > $1.start }
            if $0.traceID != $1.traceID { return $0.traceID < $1.traceID }
            return $0.spanID < $1.spanID
        }
        return sorted.prefix(request.limit).map {
            ScanMatch(traceID: $0.traceID, spanID: $0.spanID, start: $0.start, duration: $0.duration, kind: $0.kind)
        }
    }

    static func request(_ spans: [MadeSpan], _ choices: inout Choices) -> ScanRequest {
        var conditions: [ScanRequest.Condition] = []
        while choices.below(3) > 0 {
            let span = choices.pick(spans)
            let other = choices.pick(spans)
            switch choices.below(5) {
            case 0:
                let times = [choices.pick([span.start, span.end]), choices.pick([other.start, other.end])].sorted()
                conditions.append(.time(times[0]...times[1]))
            case 1:
                let floor = choices.oneIn(4) ? 0 : min(span.duration, other.duration)
                let ceiling = choices.oneIn(2) ? UInt64.max : max(span.duration, other.duration)
                conditions.append(.duration(floor...ceiling))
            case 2: conditions.append(.status(span.status))
            case 3: conditions.append(.name(choices.oneIn(10) ? Array("none".utf8) : Array(span.name.utf8)))
            default: conditions.append(.serviceName(choices.oneIn(10) ? [] : Array(span.service.utf8)))
            }
        }
        return ScanRequest(conditions: conditions, limit: choices.pick([1, 2, 20, 1000, 100_000]))
    }

    @Test(arguments: 0..<30 as Range<UInt64>)
    func `heads and blocks find what looking at every span finds`(seed: UInt64) async throws {
        var choices = Choices(seed: seed)
        // Names in a dictionary of the block, and too many for one; row groups of one trace and of many.
        let names = seed % 2 == 0 ? ["GET", "PUT", ""] : (0..<4000).map { "name \($0)" }
        let count = seed % 5 == 0 ? 20_000 : 1 + choices.below(2500)
        let spans = choices.spans(
            count, traceCount: choices.pick([1, 40, 5000]), names: names, services: ["shop", "cart", ""])
        let head = view(of: spans)
        let reader = try await write([head]).open()
        for _ in 0..<(count > 5000 ? 8 : 40) {
            let request = Self.request(spans, &choices)
            let expected = Self.naive(spans, request)
            var inHead = LongestMatches(limit: request.limit)
            head.scan(request, into: &inHead)
            #expect(inHead.sorted() == expected)
            var inBlock = LongestMatches(limit: request.limit)
            _ = try await reader.scan(request, into: &inBlock)
            #expect(inBlock.sorted() == expected, "\(request)")
        }
    }

    @Test(arguments: 0..<10 as Range<UInt64>)
    func `one answer from heads and blocks together does not depend on who is asked first`(seed: UInt64) async throws {
        var choices = Choices(seed: 50 + seed)
        let spans = choices.spans(3000, traceCount: 200, names: ["a", "b"], services: ["x"])
        let parts = (0..<3).map { part in spans.enumerated().filter { $0.offset % 3 == part }.map(\.element) }
        let head = view(of: parts[0])
        let readers = [try await write([view(of: parts[1])]).open(), try await write([view(of: parts[2])]).open()]
        for _ in 0..<10 {
            let request = Self.request(spans, &choices)
            let expected = Self.naive(spans, request)
            var forward = LongestMatches(limit: request.limit)
            head.scan(request, into: &forward)
            for reader in readers { _ = try await reader.scan(request, into: &forward) }
            var backward = LongestMatches(limit: request.limit)
            for reader in readers.reversed() { _ = try await reader.scan(request, into: &backward) }
            head.scan(request, into: &backward)
            #expect(forward.sorted() == expected)
            #expect(backward.sorted() == expected)
        }
    }

    @Test func `a span that ends before it starts lasts no time, and one of 500 years lasts 500 years`() async throws {
        var spans = (1...6).map { MadeSpan(UInt64($0)) }
        (spans[0].start, spans[0].end) = (0, .max)
        (spans[1].start, spans[1].end) = (.max, 0)
        (spans[2].start, spans[2].end) = (10, 1 << 63 + 10)
        (spans[3].start, spans[3].end) = (1 << 63, 0)
        (spans[4].start, spans[4].end) = (100, 99)
        let head = view(of: spans)
        let reader = try await write([head]).open()
        let conditions: [[ScanRequest.Condition]] = [
            [], [.duration(0...0)], [.duration(1...UInt64.max)], [.duration(UInt64.max...UInt64.max)],
            [.duration((1 << 63)...(1 << 63))], [.duration(0...100)], [.time(101...UInt64.max)],
            [.time((1 << 63 + 1)...UInt64.max), .duration(0...5)], [.time(0...9)], [.time(11...99)], [.time(100...100)],
            [.time(5...5), .time(1 << 63...1 << 63)], [.time(UInt64.max...UInt64.max)],
        ]
        for conditions in conditions {
            for limit in 1...6 {
                let request = ScanRequest(conditions: conditions, limit: limit)
                var matches = LongestMatches(limit: limit)
                _ = try await reader.scan(request, into: &matches)
                #expect(matches.sorted() == Self.naive(spans, request), "\(request)")
            }
        }
    }

    @Test func `the last start counts for pruning even where no span ends behind it`() async throws {
        var spans = [MadeSpan(1), MadeSpan(2)]
        (spans[0].start, spans[0].end) = (10, 0)
        (spans[1].start, spans[1].end) = (100, 0)
        let reader = try await write([view(of: spans)]).open()
        #expect(reader.footer.statistics.minimumTime == 10)
        #expect(reader.footer.statistics.maximumTime == 100)
        var matches = LongestMatches(limit: 5)
        _ = try await reader.scan(ScanRequest(conditions: [.time(50...200)], limit: 5), into: &matches)
        #expect(matches.sorted().map(\.spanID) == [2])
    }

    @Test func `two names at once are never found`() async throws {
        var other = MadeSpan(2)
        other.name = "PUT /"
        let reader = try await write([view(of: [MadeSpan(1), other])]).open()
        let names: [ScanRequest.Condition] = [.name(Array("GET /".utf8)), .name(Array("PUT /".utf8))]
        var matches = LongestMatches(limit: 5)
        _ = try await reader.scan(ScanRequest(conditions: names, limit: 5), into: &matches)
        #expect(matches.count == 0)
    }

    @Test func `a group without a chunk of names has empty ones, also if the dictionary lacks the empty one`() async throws {
        let block = write([view(of: [MadeSpan(1), MadeSpan(2)])])
        var surgery = try BlockSurgery(block)
        let names = try #require(surgery.chunks.firstIndex { $0.column == 9 })
        // What was the column of names is now one of a number that nobody has.
        surgery.setColumn(30, ofChunk: names)
        surgery.reseal()
        let reader = try await BlockReader(id: block.id, source: MemorySource(bytes: surgery.bytes))
        let all = try await reader.readAll()
        #expect((0..<all.rowCount).allSatisfy { all.strings[all.name[$0]].isEmpty })
        for (name, count) in [("GET /", 0), ("", 2), ("PUT /", 0)] {
            var matches = LongestMatches(limit: 5)
            _ = try await reader.scan(ScanRequest(conditions: [.name(Array(name.utf8))], limit: 5), into: &matches)
            #expect(matches.count == count, "\(name)")
        }
    }

    @Test(arguments: 0..<50 as Range<UInt64>)
    func `the longest matches are the same whatever the order they come in`(seed: UInt64) {
        var choices = Choices(seed: seed)
        var matches = (0..<choices.below(200)).map { index in
            ScanMatch(
                traceID: TraceID(high: 0, low: choices.next() % 3), spanID: UInt64(index), start: choices.next() % 4,
                duration: choices.next() % 4, kind: 0)
        }
        let sorted = matches.sorted(by: ScanMatch.precedes)
        for limit in [1, 2, 7, 100, 300] {
            choices.shuffle(&matches)
            var longest = LongestMatches(limit: limit)
            for match in matches {
                let threshold = longest.threshold
                let before = longest.sorted()
                longest.insert(match)
                if match.duration < threshold { #expect(longest.sorted() == before) }
            }
            #expect(longest.sorted() == Array(sorted.prefix(limit)))
            #expect(longest.count == min(limit, matches.count))
        }
    }
}
