// SPDX-License-Identifier: Apache-2.0

internal import FileIO

// Families of figures that were looked up just now.

extension PrometheusFamily {
    /// - Parameter samples: Labels and values.
    package init(
        name: String, type: MetricType, help: String, samples: [(labels: [(String, String)], value: Double)]
    ) {
        self.init(name: prometheusName(name), type: type, help: help)
        for sample in samples { series[prometheusLabels(sample.labels)] = PrometheusGauge(sample.value) }
    }

    static func gauge(_ name: String, _ help: String, _ value: Double) -> Self {
        Self(name: name, type: .gauge, help: help, samples: [([], value)])
    }

    static func gauge(_ name: String, _ help: String, _ value: Int) -> Self { gauge(name, help, Double(value)) }

    static func counter(_ name: String, _ help: String, _ value: Int) -> Self {
        Self(name: name, type: .counter, help: help, samples: [([], Double(value))])
    }

    /// - Parameter values: By the values of the label.
    static func gauge(_ name: String, _ help: String, by label: String, _ values: [(String, Int)]) -> Self {
        Self(name: name, type: .gauge, help: help, samples: values.map { ([(label, $0)], Double($1)) })
    }

    static func counter(_ name: String, _ help: String, by label: String, _ values: [(String, Int)]) -> Self {
        Self(name: name, type: .counter, help: help, samples: values.map { ([(label, $0)], Double($1)) })
    }

    static func histogram(_ name: String, _ help: String, _ latency: LatencyFigures) -> Self {
        var family = Self(name: name, type: .histogram, help: help)
        family.series[""] = PrometheusHistogramFigures(latency)
        return family
    }

    static func histogram(
        _ name: String, _ help: String, by label: String, _ latencies: [(String, LatencyFigures)]
    ) -> Self {
        var family = Self(name: name, type: .histogram, help: help)
        for (value, latency) in latencies {
            family.series[prometheusLabels([(label, value)])] = PrometheusHistogramFigures(latency)
        }
        return family
    }
}
