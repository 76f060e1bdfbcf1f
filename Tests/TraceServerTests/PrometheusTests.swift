// SPDX-License-Identifier: Apache-2.0

import CoreMetrics
import Testing
import TraceServer

@Suite struct PrometheusTests {
    @Test func `families are sorted, described and escaped`() {
        let registry = PrometheusRegistry(descriptions: ["b_total": .init(help: "Line\nand \\ \"quote\".")])
        Counter(label: "b.total", dimensions: [("path", "a\"b\\c\nd"), ("9code", "1")], factory: registry)
            .increment(by: 3)
        Counter(label: "b.total", dimensions: [("9code", "1"), ("path", "a\"b\\c\nd")], factory: registry)
            .increment()
        Meter(label: "a", factory: registry).set(1.5)
        #expect(
            registry.exposition() == #"""
                # TYPE a gauge
                a 1.5
                # HELP b_total Line\nand \\ "quote".
                # TYPE b_total counter
                b_total{_9code="1",path="a\"b\\c\nd"} 4

                """#)
    }

    @Test func `a histogram counts cumulatively`() {
        let registry = PrometheusRegistry(descriptions: ["t": .init(help: "T.", buckets: [0.001, 1])])
        let timer = Timer(label: "t", dimensions: [("kind", "x")], factory: registry)
        for nanoseconds: Int64 in [1_000_000, 1_000_001, 500_000_000, 2_000_000_000] {
            timer.recordNanoseconds(nanoseconds)
        }
        #expect(
            registry.exposition() == #"""
                # HELP t T.
                # TYPE t histogram
                t_bucket{kind="x",le="0.001"} 1
                t_bucket{kind="x",le="1"} 3
                t_bucket{kind="x",le="+Inf"} 4
                t_sum{kind="x"} 2.502000001
                t_count{kind="x"} 4

                """#)
    }

    @Test func `a name keeps its first type`() {
        let registry = PrometheusRegistry()
        Counter(label: "x", factory: registry).increment()
        Meter(label: "x", factory: registry).set(7)
        #expect(registry.exposition() == "# TYPE x counter\nx 1\n")
    }

    @Test func `a destroyed series is gone`() {
        let registry = PrometheusRegistry()
        let counter = Counter(label: "x", dimensions: [("a", "1")], factory: registry)
        Counter(label: "x", dimensions: [("a", "2")], factory: registry).increment()
        counter.destroy()
        #expect(registry.exposition() == "# TYPE x counter\nx{a=\"2\"} 1\n")
    }

    @Test func `collected figures are looked up anew`() {
        let registry = PrometheusRegistry()
        registry.addCollector {
            [
                PrometheusFamily(
                    name: "y", type: .gauge, help: "Y.", samples: [([("a", "1")], 2), ([], .infinity)])
            ]
        }
        #expect(registry.exposition() == "# HELP y Y.\n# TYPE y gauge\ny +Inf\ny{a=\"1\"} 2\n")
    }

    @Test func `time series are bounded`() {
        let registry = PrometheusRegistry()
        for number in 0..<11_000 {
            Counter(label: "x", dimensions: [("n", String(number))], factory: registry).increment()
        }
        #expect(registry.exposition().split(separator: "\n").count == 10_001)
    }
}
