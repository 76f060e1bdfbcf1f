// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

/// The name that `name` was probably meant to be; nil if it is like none of them. Ties go to the first.
///
/// - Parameter names: All names there are.
package func nearestName(to name: String, among names: [String]) -> String? {
    let hyphen = UInt8(ascii: "-")
    let letters = name.lowercased().utf8.map { $0 == UInt8(ascii: "_") ? hyphen : $0 }.drop { $0 == hyphen }
    // A third of the letters may be wrong, and two of a short name.
    return nearestWord(toLowercased: Array(letters), among: names) { max(2, $0.utf8.count / 3) }
}
