// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ByteCoding
internal import OTLPGenerator
internal import ProtobufMessages
internal import Testing
internal import TraceModel

@Suite struct DuplicateTests {
    /// Copies of span 1, each of which wins against all before it.
    static let rising: [MadeSpan] = {
        var spans = [MadeSpan](repeating: MadeSpan(1), count: 5)
        spans[0].end = 0
        spans[1].end = spans[1].start + 5
        spans[2].end = spans[1].end
        spans[2].status = 1
        spans[3].end = spans[1].end
        spans[3].status = 2
        spans[3].name = "a longer name"
        spans[4].end = spans[1].end + 1
        return spans
    }()

    @Test func `of copies the one that ends last wins, then with status, then the bigger one`() async throws {
        for (index, better) in Self.rising.enumerated() {
            for worse in Self.rising[..<index] {
                for order in [[worse, better], [better, worse]] {
                    let together = try await write([view(of: order)]).open().readAll()
                    #expect(together.madeSpans == [better])
                    let apart = try await write(order.map { view(of: [$0]) }).open().readAll()
                    #expect(apart.madeSpans == [better])
                }
            }
        }
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `copies over sources leave the same spans in whatever order they come`(seed: UInt64) async throws {
        var random = RandomOTLP(seed: 900 + seed)
        var choices = Choices(seed: seed)
        let first = random.request(maximumSpans: 80)
        // The same spans again, some of them changed where copies may differ.
        var second = first
        for group in second.resourceSpans.indices {
            for scope in second.resourceSpans[group].scopeSpans.indices {
                for span in second.resourceSpans[group].scopeSpans[scope].spans.indices where choices.oneIn(2) {
                    Self.change(&second.resourceSpans[group].scopeSpans[scope].spans[span], &choices)
                }
            }
        }
        let sources = try [Source([first]), Source([second]), Source([second, first])]
        guard sources[0].view.rowCount > 0 else { return }
        let expected = winners(sources.map(\.view)).map { sources[$0.source].spans[$0.row] }
        var orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0], [2]]
        orders += [[0, 1], [1, 0]]
        for order in orders {
            let read = try await write(order.map { sources[$0].view }).open().readAll()
            #expect(try multiset(flatSpans(read)) == multiset(expected))
        }
    }

    @Test func `an absent resource or scope and an empty one are told apart`() async throws {
        var span = OTLPMessage.Span()
        span.traceID = [UInt8](repeating: 1, count: 16)
        span.spanID = [UInt8](repeating: 2, count: 8)
        var groups: [OTLPMessage.ResourceSpans] = []
        for (resource, scope) in [(false, false), (false, true), (true, false), (true, true)] {
            var group = OTLPMessage.ResourceSpans()
            group.resource = resource ? OTLPMessage.Resource() : nil
            var scopeSpans = OTLPMessage.ScopeSpans()
            scopeSpans.scope = scope ? OTLPMessage.InstrumentationScope() : nil
            scopeSpans.spans = [span]
            group.scopeSpans = [scopeSpans]
            groups.append(group)
        }
        for a in groups {
            for b in groups {
                let ab = try await write([try Source([Request(resourceSpans: [a, b])]).view]).open().readAll()
                let ba = try await write([try Source([Request(resourceSpans: [b, a])]).view]).open().readAll()
                #expect(try flatSpans(ab) == flatSpans(ba))
            }
        }
    }

    @Test func `spans that share an ID but not kind or start are no copies`() async throws {
        var spans = [MadeSpan](repeating: MadeSpan(1), count: 4)
        spans[1].kind = 2
        spans[2].start += 1
        spans[3].traceID = TraceID(high: 2, low: 1)
        let ordering = SpanOrdering([view(of: spans)])
        #expect(ordering.duplicateCount == 0)
        let read = try await write([view(of: spans)]).open().readAll()
        #expect(read.madeSpans == spans.inBlockOrder)
    }

    @Test func `copies are counted`() {
        let ordering = SpanOrdering([view(of: [MadeSpan(1), MadeSpan(1), MadeSpan(2)]), view(of: [MadeSpan(1)])])
        #expect(ordering.rowCount == 2)
        #expect(ordering.duplicateCount == 2)
    }

    private static func change(_ span: inout OTLPMessage.Span, _ choices: inout Choices) {
        switch choices.below(6) {
        case 0: span.endTimeUnixNano = choices.next()
        case 1: span.status = nil
        case 2: span.name = Array("changed".utf8)
        case 3: span.attributes.reverse()
        case 4: span.events = []
        default: span.parentSpanID = [7]
        }
    }
}
