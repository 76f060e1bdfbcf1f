// SPDX-License-Identifier: Apache-2.0

/// A set of journal generations, small because an incarnation's generations are covered in about
/// their order: one run of numbers for an incarnation, seldom more.
package struct GenerationSet: Hashable, Sendable {
    /// Ascending runs of numbers, never adjacent.
    private var runs: [IncarnationID: [ClosedRange<UInt64>]] = [:]

    package init() {}

    package var isEmpty: Bool { runs.isEmpty }

    /// Runs of adjacent numbers, in the order of their incarnations and numbers.
    var sortedRuns: [(incarnation: IncarnationID, numbers: ClosedRange<UInt64>)] {
        runs.sorted { ($0.key.high, $0.key.low) < ($1.key.high, $1.key.low) }.flatMap { incarnation, runs in
            runs.map { (incarnation, $0) }
        }
    }

    /// Adds a run that comes behind all others of its incarnation.
    /// - Returns: false if it touches or precedes one that is there.
    mutating func append(_ numbers: ClosedRange<UInt64>, of incarnation: IncarnationID) -> Bool {
        if let last = runs[incarnation]?.last {
            guard last.upperBound < .max, last.upperBound + 1 < numbers.lowerBound else { return false }
        }
        runs[incarnation, default: []].append(numbers)
        return true
    }

    package func contains(_ generation: JournalGenerationID) -> Bool {
        runs[generation.incarnation]?.contains { $0.contains(generation.number) } ?? false
    }

    /// - Returns: false if it was in the set already.
    @discardableResult
    package mutating func insert(_ generation: JournalGenerationID) -> Bool {
        let number = generation.number
        var runs = runs[generation.incarnation] ?? []
        // The last run that begins at the number or before.
        let next = runs.firstIndex { $0.lowerBound > number } ?? runs.endIndex
        if next > 0, runs[next - 1].contains(number) { return false }
        runs.insert(number...number, at: next)
        if next + 1 < runs.count, runs[next + 1].lowerBound - 1 == number {
            runs[next] = number...runs.remove(at: next + 1).upperBound
        }
        if next > 0, number - 1 == runs[next - 1].upperBound {
            runs[next - 1] = runs[next - 1].lowerBound...runs.remove(at: next).upperBound
        }
        self.runs[generation.incarnation] = runs
        return true
    }
}
