// SPDX-License-Identifier: Apache-2.0

/// The word that `word` was probably meant to be; nil if it is like none of them. Ties go to the first.
func nearestWord(to word: String, among words: [String]) -> String? {
    let letters = Array(word.lowercased().utf8.prefix(64))
    let ranked = words.map { (word: $0, distance: editDistance(letters, Array($0.lowercased().utf8))) }
    guard let best = ranked.min(by: { $0.distance < $1.distance }) else { return nil }
    // A third of the letters may be wrong, two of a short word, and none of one or two letters.
    let allowed = letters.count < 3 ? 0 : max(letters.count < 5 ? 1 : 2, best.word.utf8.count / 3)
    return best.distance <= allowed ? best.word : nil
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
