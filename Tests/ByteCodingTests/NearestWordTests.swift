// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import Testing

@Suite struct NearestWordTests {
    private func nearest(_ text: String, _ words: [String], atMost limit: Int) -> String? {
        nearestWord(toLowercased: Array(text.utf8), among: words) { _ in limit }
    }

    @Test func theDistanceIsInLettersInsertedDeletedOrReplaced() {
        for (text, distance) in [("kitten", 0), ("kiten", 1), ("sitten", 1), ("kitteny", 1), ("sittin", 2), ("", 6)] {
            #expect(nearest(text, ["Kitten"], atMost: distance) == "Kitten", "\(text)")
            #expect(nearest(text, ["Kitten"], atMost: distance - 1) == nil, "\(text)")
        }
    }

    @Test func theNearestWinsAndOfEquallyNearOnesTheFirst() {
        #expect(nearest("rate", ["late", "rare", "rated", "rate"], atMost: 1) == "rate")
        #expect(nearest("rase", ["late", "rare", "rate"], atMost: 1) == "rare")
        #expect(nearest("rate", [], atMost: 9) == nil)
    }
}
