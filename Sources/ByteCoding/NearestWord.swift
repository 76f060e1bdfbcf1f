// SPDX-License-Identifier: Apache-2.0

/// The word that is fewest letters away from `letters`, if that is not more than `allowed` says of the word.
///
/// Letters are bytes, and the words' are made small ones. Ties go to the first.
public func nearestWord(
    toLowercased letters: [UInt8], among words: [String], allowed: (String) -> Int
) -> String? {
    let ranked = words.map { (word: $0, distance: editDistance(letters, Array($0.lowercased().utf8))) }
    guard let best = ranked.min(by: { $0.distance < $1.distance }) else { return nil }
    return best.distance <= allowed(best.word) ? best.word : nil
}

/// How many letters have to be inserted, deleted or replaced to make `right` of `left` (Levenshtein's distance).
private func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
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
