// SPDX-License-Identifier: Apache-2.0

/// The values that some rows have of one subject, each distinct one perhaps once.
package struct PickedValues: Sendable {
    package private(set) var values: [SpanValue] = []
    /// By row: which of the values it has; nil if it has none.
    package private(set) var places: [Int?] = []
    private var placesOfCodes: [UInt64: Int?] = [:]

    init() {}

    /// Of rows of which none has a value.
    init(absentCount: Int) { places = Array(repeating: nil, count: absentCount) }

    mutating func append(_ value: SpanValue?) {
        places.append(value == nil ? nil : values.count)
        if let value { values.append(value) }
    }

    /// - Parameter code: Values of one code are the same.
    mutating func append<Failure>(
        code: UInt64, _ value: () throws(Failure) -> SpanValue?
    ) throws(Failure) {
        if let known = placesOfCodes[code] {
            places.append(known)
        } else {
            append(try value())
            placesOfCodes[code] = .some(places[places.count - 1])
        }
    }

    /// Gives rows that have no value yet those of others.
    ///
    /// - Parameter rows: Whose values they are.
    mutating func fill(_ rows: [Int], with others: PickedValues) {
        let offset = values.count
        values += others.values
        for (row, place) in zip(rows, others.places) where places[row] == nil {
            places[row] = place.map { offset + $0 }
        }
    }
}
