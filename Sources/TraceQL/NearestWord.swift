// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

/// The word that `word` was probably meant to be; nil if it is like none of them. Ties go to the first.
func nearestWord(to word: String, among words: [String]) -> String? {
    let letters = Array(word.lowercased().utf8.prefix(64))
    // A third of the letters may be wrong, two of a short word, and none of one or two letters.
    return nearestWord(toLowercased: letters, among: words) { best in
        letters.count < 3 ? 0 : max(letters.count < 5 ? 1 : 2, best.utf8.count / 3)
    }
}
