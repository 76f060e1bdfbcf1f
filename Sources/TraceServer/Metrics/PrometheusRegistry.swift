// SPDX-License-Identifier: Apache-2.0

package import CoreMetrics
internal import Synchronization

/// Keeps what is counted and measured, and shows it in Prometheus' text format.
///
/// It is a factory for swift-metrics: `MetricsSystem.bootstrap(registry)` brings in what libraries measure. Names and
/// label names are made valid; equal names with equal labels share one value.
package final class PrometheusRegistry: MetricsFactory {
    /// How a family is described.
    package struct Description: Sendable {
        package var help: String
        /// Upper bounds of a histogram's buckets, rising, without infinity.
        package var buckets: [Double]

        package init(help: String, buckets: [Double] = PrometheusRegistry.defaultBuckets) {
            self.help = help
            self.buckets = buckets
        }
    }

    /// Seconds from half a millisecond to half a minute.
    package static let defaultBuckets = [
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
    ]

    /// Time series that are kept at most, so that labels from outside can't fill the memory; further ones count into
    /// the void.
    private static let seriesLimit = 10_000

    private struct State {
        var families: [String: PrometheusFamily] = [:]
        var collectors: [@Sendable () -> [PrometheusFamily]] = []
        var seriesCount = 0
    }

    private let descriptions: [String: Description]
    private let state = Mutex(State())

    /// - Parameter descriptions: By the names of the families; others are shown without help.
    package init(descriptions: [String: Description] = [:]) { self.descriptions = descriptions }

    /// Adds figures that are looked up whenever somebody asks.
    package func addCollector(_ collect: @escaping @Sendable () -> [PrometheusFamily]) {
        state.withLock { $0.collectors.append(collect) }
    }

    /// Everything in Prometheus' text format, version 0.0.4, families sorted by name.
    package func exposition() -> String {
        let (kept, collectors) = state.withLock { (Array($0.families.values), $0.collectors) }
        let families = kept + collectors.flatMap { $0() }
        var out = ""
        for family in families.sorted(by: { $0.name < $1.name }) { family.write(to: &out) }
        return out
    }

    private func series<Series: PrometheusSeries>(
        _ type: PrometheusFamily.MetricType, _ label: String, _ dimensions: [(String, String)],
        _ make: () -> Series
    ) -> Series {
        let name = prometheusName(label)
        let labels = prometheusLabels(dimensions)
        return state.withLock { state in
            if let family = state.families[name] {
                // Another type under the same name is not shown, since the format does not allow it.
                guard family.type == type else { return make() }
                if let existing = family.series[labels] { return existing as? Series ?? make() }
            } else {
                let help = descriptions[name]?.help
                state.families[name] = PrometheusFamily(name: name, type: type, help: help)
            }
            let series = make()
            guard state.seriesCount < Self.seriesLimit else { return series }
            state.families[name]?.series[labels] = series
            state.seriesCount += 1
            return series
        }
    }

    private func remove(_ gone: AnyObject) {
        state.withLock { state in
            for (name, family) in state.families {
                guard let labels = family.series.first(where: { $0.value === gone })?.key else { continue }
                state.families[name]?.series[labels] = nil
                state.seriesCount -= 1
            }
        }
    }

    private func histogram(_ label: String, _ dimensions: [(String, String)]) -> PrometheusHistogram {
        let buckets = descriptions[prometheusName(label)]?.buckets ?? Self.defaultBuckets
        return series(.histogram, label, dimensions) { PrometheusHistogram(bounds: buckets) }
    }
}

extension PrometheusRegistry {
    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        series(.counter, label, dimensions) { PrometheusCounter() }
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        series(.gauge, label, dimensions) { PrometheusGauge() }
    }

    package func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        aggregate ? histogram(label, dimensions) : series(.gauge, label, dimensions) { PrometheusGauge() }
    }

    /// Durations are shown in seconds.
    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        histogram(label, dimensions)
    }

    package func destroyCounter(_ handler: any CounterHandler) { remove(handler) }
    package func destroyMeter(_ handler: any MeterHandler) { remove(handler) }
    package func destroyRecorder(_ handler: any RecorderHandler) { remove(handler) }
    package func destroyTimer(_ handler: any TimerHandler) { remove(handler) }
}
