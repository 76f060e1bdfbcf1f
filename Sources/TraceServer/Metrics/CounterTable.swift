// SPDX-License-Identifier: Apache-2.0

internal import CoreMetrics
internal import Synchronization

/// Counters of one family by two labels, each made when it is needed first: to count costs a lock and an index.
final class CounterTable: Sendable {
    private let name: String
    private let rows: (label: String, values: [String])
    private let columns: (label: String, values: [String])
    private let registry: PrometheusRegistry
    private let counters: Mutex<[Counter?]>

    /// - Parameters:
    ///   - rows: A label and all values that it may have.
    ///   - columns: Another one.
    init(
        _ name: String, rows: (label: String, values: [String]), columns: (label: String, values: [String]),
        registry: PrometheusRegistry
    ) {
        self.name = name
        self.rows = rows
        self.columns = columns
        self.registry = registry
        counters = Mutex(Array(repeating: nil, count: rows.values.count * columns.values.count))
    }

    /// Adds to the counter whose labels have the values at `row` and `column`.
    func add(_ count: Int = 1, row: Int, column: Int) { counter(row, column).increment(by: count) }

    /// Shows all counters from now on, also those that are 0: a rise from nothing is no rise for Prometheus.
    func showAll() {
        for row in rows.values.indices {
            for column in columns.values.indices { _ = counter(row, column) }
        }
    }

    private func counter(_ row: Int, _ column: Int) -> Counter {
        let index = row * columns.values.count + column
        return counters.withLock { counters in
            if let counter = counters[index] { return counter }
            let counter = Counter(
                label: name,
                dimensions: [(rows.label, rows.values[row]), (columns.label, columns.values[column])],
                factory: registry)
            counters[index] = counter
            return counter
        }
    }
}

/// The HTTP statuses that are told apart; further ones are `other`.
enum CountedStatuses {
    private static let codes = [
        200, 204, 400, 401, 403, 404, 405, 406, 408, 413, 414, 415, 422, 429, 499, 500, 503, 504,
    ]
    static let names = codes.map(String.init) + ["other"]

    static func index(of code: Int) -> Int { codes.firstIndex(of: code) ?? codes.count }
}
