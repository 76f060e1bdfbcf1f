// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

/// What the sources' strings are in the chunks of the columns that had them first: the place in the column's
/// dictionary, or the catalog's code where it has none.
///
/// Most strings stand in one column only, so that one look-up by the source's own code does.
struct StoredStrings: ~Copyable {
    /// By source: where its strings begin in `uses`.
    private var starts = FlatBuffer<Int>()
    private var uses: FlatBuffer<DistinctValues.Use>

    /// - Parameter capacity: Strings of all sources together.
    init(capacity: Int = 16) { uses = FlatBuffer(capacity: capacity) }

    /// Begins the next source.
    mutating func beginSource() { starts.append(uses.count) }

    /// Appends what the next string of the last source is.
    ///
    /// - Parameter use: The column plus 1 as the key, and the value; none where no column has the string.
    mutating func append(_ use: DistinctValues.Use) { uses.append(use) }

    /// The value of a string in a column; nil if another column had it first.
    @inline(__always) func value(_ source: UInt32, _ code: UInt32, column: UInt32) -> UInt32? {
        let use = uses[starts[Int(source)] &+ Int(code)]
        return use.key == column &+ 1 ? use.entry : nil
    }
}

extension BlockCatalog {
    /// Finds what the strings are in the columns that had them first; dictionaries and places are chosen.
    mutating func mapStoredStrings(_ counts: [Int]) {
        stored = StoredStrings(capacity: counts.reduce(0, +))
        for (source, count) in counts.enumerated() {
            stored.beginSource()
            for code in 0..<count {
                let string = strings.code(UInt32(source), UInt32(truncatingIfNeeded: code))
                var use = distinct.firstUse(of: string)
                if use.key != 0 { use.entry = storedValue(use.key &- 1, string, entry: Int(use.entry)) }
                stored.append(use)
            }
        }
    }

    /// What a source's string is in the chunks of any column that has it.
    @inline(never) func storedValue(_ column: UInt32, _ source: UInt32, _ code: UInt32) -> UInt32 {
        let string = strings.code(source, code)
        guard let entry = distinct.existingEntry(column: column, string: string) else { return string }
        return storedValue(column, string, entry: entry)
    }

    private func storedValue(_ column: UInt32, _ string: UInt32, entry: Int) -> UInt32 {
        hasDictionary[Int(column)] ? places[entry] &- firstPlaces[Int(column)] : string
    }
}
