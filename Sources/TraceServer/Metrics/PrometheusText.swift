// SPDX-License-Identifier: Apache-2.0

// Prometheus' text exposition format, version 0.0.4.

/// Time series of one name.
package struct PrometheusFamily: Sendable {
    package enum MetricType: String, Sendable {
        case counter, gauge, histogram
    }

    package var name: String
    package var type: MetricType
    package var help: String?
    /// By their labels, as they stand between the braces.
    var series: [String: any PrometheusSeries] = [:]

    init(name: String, type: MetricType, help: String?) {
        self.name = name
        self.type = type
        self.help = help
    }

    func write(to out: inout String) {
        guard !series.isEmpty else { return }
        if let help { out += "# HELP \(name) \(escaped(help, alsoQuotes: false))\n" }
        out += "# TYPE \(name) \(type.rawValue)\n"
        for (labels, series) in series.sorted(by: { $0.key < $1.key }) {
            series.write(name: name, labels: labels, to: &out)
        }
    }
}

func writeSample(_ name: String, _ labels: String, _ value: String, to out: inout String) {
    out += labels.isEmpty ? "\(name) \(value)\n" : "\(name){\(labels)} \(value)\n"
}

/// A name in which everything that Prometheus does not allow is an underscore.
func prometheusName(_ label: String) -> String {
    var name = ""
    for scalar in label.unicodeScalars {
        let isDigit = ("0"..."9").contains(scalar)
        if isDigit && name.isEmpty { name += "_" }
        let isLetter = ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
        name.unicodeScalars.append(isDigit || isLetter || scalar == ":" ? scalar : "_")
    }
    return name.isEmpty ? "_" : name
}

/// Labels as they stand between the braces, sorted by name; of equal names the last one counts.
func prometheusLabels(_ dimensions: [(String, String)]) -> String {
    var values: [String: String] = [:]
    for (name, value) in dimensions {
        values[prometheusName(name).replacing(":", with: "_")] = value
    }
    return values.sorted { $0.key < $1.key }
        .map { "\($0.key)=\"\(escaped($0.value, alsoQuotes: true))\"" }.joined(separator: ",")
}

private func escaped(_ text: String, alsoQuotes: Bool) -> String {
    var out = ""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\\": out += "\\\\"
        case "\n": out += "\\n"
        case "\"" where alsoQuotes: out += "\\\""
        default: out.unicodeScalars.append(scalar)
        }
    }
    return out
}

/// A number as Prometheus reads it; whole ones without a fraction.
func prometheusNumber(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    if let whole = Int64(exactly: value) { return String(whole) }
    return value.description
}
