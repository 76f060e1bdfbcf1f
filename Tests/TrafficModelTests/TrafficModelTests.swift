// SPDX-License-Identifier: Apache-2.0

import Testing
import TraceAnalysis
import TraceModel
import TrafficModel

private let start: UInt64 = 1_760_000_000_000_000_000

private func traces(_ count: Int, seed: UInt64) -> [ModelTrace] {
    var model = TrafficModel(seed: seed, start: start)
    return (0..<count).map { _ in model.nextTrace() }
}

@Suite struct TrafficModelTests {
    @Test func `the same seed gives the same traffic`() {
        #expect(traces(200, seed: 7) == traces(200, seed: 7))
        var first = TrafficModel(seed: 7, start: start)
        var second = TrafficModel(seed: 7, start: start)
        let requests = first.nextRequests(traceCount: 100)
        #expect(requests.requests.map(\.body) == second.nextRequests(traceCount: 100).requests.map(\.body))
        #expect(requests.truths == traces(100, seed: 7).map(\.truth))
    }

    @Test func `another seed gives other traffic`() {
        #expect(traces(1, seed: 7)[0].id != traces(1, seed: 8)[0].id)
    }

    @Test func `the first trace of seed 1 is pinned`() {
        let truth = traces(1, seed: 1)[0].truth
        #expect("\(truth.id) \(truth.rootName) \(truth.spanCount) \(truth.durationNanoseconds)" == pinnedTruth)
    }

    @Test func `every trace is one tree of 3 to 200 spans with times in order`() {
        for trace in traces(5_000, seed: 3) {
            #expect((3...200).contains(trace.spans.count))
            var seen: [SpanID: ModelSpan] = [:]
            for (index, span) in trace.spans.enumerated() {
                #expect((span.parent == nil) == (index == 0))
                #expect(span.id.rawValue != 0 && span.start < span.end && span.start >= trace.truth.startNanoseconds)
                #expect(span.process.instance < span.process.service.instanceCount)
                if let parent = span.parent {
                    // Parents stand before their children, so cycles are impossible.
                    #expect(seen[parent].map { $0.start <= span.start } == true)
                }
                #expect(seen.updateValue(span, forKey: span.id) == nil)
                for event in span.events { #expect((span.start...span.end).contains(event.time)) }
            }
        }
    }

    @Test func `only consumers outlive their parents`() {
        for trace in traces(3_000, seed: 4) {
            var ends: [SpanID: UInt64] = [:]
            for span in trace.spans {
                ends[span.id] = span.end
                if let parent = span.parent, let parentEnd = ends[parent], span.end > parentEnd {
                    #expect(span.kind == 5)
                }
            }
        }
    }

    @Test func `the truth says what the spans say`() {
        for trace in traces(2_000, seed: 5) {
            let truth = trace.truth
            #expect(truth.id == trace.id && truth.spanCount == trace.spans.count)
            #expect(truth.rootSpanID == trace.spans[0].id && truth.rootName == trace.spans[0].name)
            #expect(truth.durationNanoseconds == trace.spans[0].end - trace.spans[0].start)
            #expect(truth.errorCount == trace.spans.filter { $0.status == 2 }.count)
            let longest = trace.spans.map(\.durationNanoseconds).sorted(by: >)
            #expect(truth.slowestSpans.map(\.durationNanoseconds) == Array(longest.prefix(5)))
            #expect(truth.serviceNames == truth.serviceNames.sorted())
        }
    }

    @Test func `the clock goes forward at about the rate that was asked for`() {
        var model = TrafficModel(seed: 6, start: start, tracesPerSecond: 100)
        for _ in 0..<5_000 { _ = model.nextTrace() }
        #expect((49.0...51.0).contains(Double(model.clock - start) / 1e9))
        model.clock = 42
        #expect(model.nextTrace().truth.startNanoseconds == 42)
    }

    @Test func `the traffic has everything that a trace store must cope with`() {
        let all = traces(20_000, seed: 9)
        let spans = all.flatMap(\.spans)
        #expect(Set(spans.map(\.process.service)).count == ModelService.allCases.count)
        #expect(Set(spans.filter { $0.kind != 3 }.map { "\($0.process.service) \($0.name)" }).count >= 40)
        #expect(Set(spans.map(\.kind)) == [1, 2, 3, 4, 5])
        #expect(spans.contains { $0.events.contains { $0.name == "exception" } })
        #expect(spans.contains { !$0.links.isEmpty })
        #expect(spans.contains { $0.attributes.contains { $0.key == "shop.retry.attempt" } })
        let sizes = all.map(\.spans.count)
        #expect(sizes.contains(3) && sizes.contains { $0 > 150 })
        let mean = Double(spans.count) / Double(all.count)
        #expect((10.0...40.0).contains(mean))
    }

    @Test func `links lead to spans of earlier traces`() {
        var known: Set<SpanID> = []
        for trace in traces(5_000, seed: 10) {
            for link in trace.spans.flatMap(\.links) { #expect(known.contains(link.spanID)) }
            known.formUnion(trace.spans.lazy.filter { $0.kind == 4 }.map(\.id))
        }
    }

    @Test func `the cause of a slow trace holds most of its critical path`() {
        var causeCount = 0
        for trace in traces(10_000, seed: 11) {
            guard let cause = trace.truth.slowCause else { continue }
            causeCount += 1
            var columns = TraceColumns()
            for span in trace.spans {
                columns.append(
                    spanID: span.id.rawValue, parentSpanID: span.parent?.rawValue ?? 0, start: span.start,
                    end: span.end, kind: UInt8(span.kind))
            }
            var analyzer = CriticalPathAnalyzer()
            let path = analyzer.analyze(columns)
            let row = trace.spans.firstIndex { $0.id == cause }
            #expect(row.map { path.criticalNanoseconds[$0] > trace.truth.durationNanoseconds / 2 } == true)
        }
        #expect((40...200).contains(causeCount))
    }
}

private let pinnedTruth = "92f89756082a4514642e1c7bc266a3a7 GET /search 28 30571130"
