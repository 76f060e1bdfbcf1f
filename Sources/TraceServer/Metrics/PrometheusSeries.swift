// SPDX-License-Identifier: Apache-2.0

internal import CoreMetrics
internal import FileIO
internal import Synchronization

/// One time series: a value, or a histogram, with its labels.
package protocol PrometheusSeries: AnyObject, Sendable {
    /// Appends the sample lines of this series.
    ///
    /// - Parameter labels: As they stand between the braces; may be empty.
    func write(name: String, labels: String, to out: inout String)
}

/// A number that only grows.
final class PrometheusCounter: PrometheusSeries, CounterHandler {
    private let value = Atomic<Int64>(0)

    func increment(by amount: Int64) { value.wrappingAdd(amount, ordering: .relaxed) }
    func reset() { value.store(0, ordering: .relaxed) }

    func write(name: String, labels: String, to out: inout String) {
        writeSample(name, labels, String(value.load(ordering: .relaxed)), to: &out)
    }
}

/// A number that goes up and down.
final class PrometheusGauge: PrometheusSeries, MeterHandler, RecorderHandler {
    private let value: Mutex<Double>

    init(_ value: Double = 0) { self.value = Mutex(value) }

    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { self.value.withLock { $0 = value } }
    func increment(by amount: Double) { value.withLock { $0 += amount } }
    func decrement(by amount: Double) { value.withLock { $0 -= amount } }
    func record(_ value: Int64) { set(Double(value)) }
    func record(_ value: Double) { set(value) }

    func write(name: String, labels: String, to out: inout String) {
        writeSample(name, labels, prometheusNumber(value.withLock { $0 }), to: &out)
    }
}

/// How often a value fell into each bucket.
final class PrometheusHistogram: PrometheusSeries, RecorderHandler, TimerHandler {
    private struct State {
        /// Not cumulative; one more than there are bounds.
        var counts: [Int]
        var sum = 0.0
    }

    private let bounds: [Double]
    private let state: Mutex<State>

    /// - Parameter bounds: Upper bounds, rising, without infinity.
    init(bounds: [Double]) {
        self.bounds = bounds
        state = Mutex(State(counts: [Int](repeating: 0, count: bounds.count + 1)))
    }

    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        let bucket = bounds.firstIndex { value <= $0 } ?? bounds.count
        state.withLock { state in
            state.counts[bucket] += 1
            state.sum += value
        }
    }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }

    func write(name: String, labels: String, to out: inout String) {
        let (counts, sum) = state.withLock { ($0.counts, $0.sum) }
        writeHistogram(name, labels, bounds: bounds, counts: counts, sum: sum, to: &out)
    }
}

/// A histogram as it was when somebody looked.
final class PrometheusHistogramFigures: PrometheusSeries {
    private let latency: LatencyFigures

    init(_ latency: LatencyFigures) { self.latency = latency }

    func write(name: String, labels: String, to out: inout String) {
        writeHistogram(
            name, labels, bounds: LatencyFigures.bounds, counts: latency.counts, sum: latency.seconds, to: &out)
    }
}

/// - Parameter counts: Not cumulative; one more than there are bounds.
private func writeHistogram(
    _ name: String, _ labels: String, bounds: [Double], counts: [Int], sum: Double, to out: inout String
) {
    let prefix = labels.isEmpty ? "" : labels + ","
    var total = 0
    for (index, count) in counts.enumerated() {
        total += count
        let bound = index < bounds.count ? prometheusNumber(bounds[index]) : "+Inf"
        writeSample(name + "_bucket", prefix + "le=\"\(bound)\"", String(total), to: &out)
    }
    writeSample(name + "_sum", labels, prometheusNumber(sum), to: &out)
    writeSample(name + "_count", labels, String(total), to: &out)
}
