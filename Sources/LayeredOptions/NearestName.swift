// SPDX-License-Identifier: Apache-2.0

/// The name that `name` was probably meant to be; nil if it is like none of them. Ties go to the first.
///
/// - Parameter names: All names there are.
package func nearestName(to name: String, among names: [String]) -> String? {
    let letters = Array(name.lowercased().map { $0 == "_" ? "-" : $0 }.drop { $0 == "-" })
    let ranked = names.map { (name: $0, distance: editDistance(letters, Array($0))) }
    guard let best = ranked.min(by: { $0.distance < $1.distance }) else { return nil }
    // A third of the letters may be wrong, and two of a short name.
    return best.distance <= max(2, best.name.count / 3) ? best.name : nil
}

/// How many letters have to be inserted, deleted or replaced to make `right` of `left` (Levenshtein's distance).
private func editDistance(_ left: [Character], _ right: [Character]) -> Int {
    var row = Array(0...right.count)
    for (index, letter) in left.enumerated() {
        var diagonal = row[0]
        row[0] = index + 1
        for (column, other) in right.enumerated() {
            let replaced = diagonal + (letter == other ? 0 : 1)
            diagonal = row[column + 1]
            row[column + 1] = min(replaced, row[column] + 1, row[column + 1] + 1)
        }
    }
    return row[right.count]
}
