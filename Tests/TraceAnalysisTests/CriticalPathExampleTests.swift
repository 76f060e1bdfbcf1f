// SPDX-License-Identifier: Apache-2.0

internal import Testing
internal import TraceAnalysis

/// A trace as a drawing, and below it which span is on the path in each nanosecond.
struct PathExample: Sendable, CustomTestStringConvertible {
    var claim: String
    var options = CriticalPathOptions()
    var drawing: String
    /// From the start of the path on, a span ID for each nanosecond; blanks before it are dropped.
    var path: String
    var warnings: [String] = []
    var complete = true

    var testDescription: String { claim }
}

@Suite("Critical paths drawn by hand")
struct CriticalPathExampleTests {
    @Test(
        "come out as drawn",
        arguments: PathExample.plain + PathExample.repaired + PathExample.optional)
    func example(_ example: PathExample) {
        var analyzer = CriticalPathAnalyzer()
        let trace = TraceColumns(drawing: example.drawing)
        let path = analyzer.analyze(trace, options: example.options)
        let drawn = path.segments.map {
            String(repeating: "\(trace.spanIDs[$0.row])", count: Int($0.durationNanoseconds))
        }.joined()
        #expect(drawn == String(example.path.drop { $0 == " " }))
        #expect(path.warnings.names == example.warnings)
        #expect(path.complete == example.complete)
    }
}

extension PathExample {
    static let plain = [
        PathExample(
            claim: "The example of docs/CRITICAL-PATH.md is as drawn there",
            drawing: """
                1 0 s [=======================================)
                2 1 c   [======)
                3 1 c             [===============)
                4 3 c               [===========)
                5 1 c             [=========)
                6 1 i                              [=======)
                """,
            path: "      1122222221113344444444444433166666666111"),
        PathExample(
            claim: "A span without children has all of its time",
            drawing: "1 0 s [=========)",
            path: "      1111111111"),
        PathExample(
            claim: "Children one after the other are all on the path",
            drawing: """
                1 0 s [==================)
                2 1 i   [====)
                3 1 i         [=====)
                """,
            path: "      1122222133333311111"),
        PathExample(
            claim: "A child that ends where the next begins is on the path",
            drawing: """
                1 0 s [==========)
                2 1 i  [===)
                3 1 i      [====)
                """,
            path: "      12222333331"),
        PathExample(
            claim: "Of children side by side the one that ends last is on the path",
            drawing: """
                1 0 s [==============)
                2 1 i   [====)
                3 1 i   [=========)
                4 1 i   [===)
                """,
            path: "      113333333333111"),
        PathExample(
            claim: "A sibling that still runs when the next begins is passed over",
            drawing: """
                1 0 s [================)
                2 1 i  [====)
                3 1 i     [=======)
                4 1 i            [==)
                """,
            path: "      12222211111444111"),
        PathExample(
            claim: "The path goes down into grandchildren",
            drawing: """
                1 0 s [================)
                2 1 c   [============)
                3 2 s    [==========)
                4 3 i       [====)
                """,
            path: "      11233344444333211"),
        PathExample(
            claim: "Equal ends: the later start is on the path",
            drawing: """
                1 0 s [=======)
                2 1 i  [=====)
                3 1 i    [===)
                """,
            path: "      11133331"),
        PathExample(
            claim: "Equal intervals: the smaller span ID is on the path",
            drawing: """
                1 0 s [=======)
                3 1 i  [=====)
                2 1 i  [=====)
                """,
            path: "      12222221"),
        PathExample(
            claim: "A span of no length takes nothing and cuts nothing",
            drawing: """
                1 0 s [=======)
                2 1 i    |
                """,
            path: "      11111111"),
        PathExample(
            claim: "The consumers of a producer are left out, other children of it are not",
            drawing: """
                1 0 s [==========)
                2 1 p   [=====)
                3 2 k    [==)
                4 2 i       [=)
                """,
            path: "      11222244111"),
    ]

    static let repaired = [
        PathExample(
            claim: "A child that outlives its parent is cut to it",
            drawing: """
                1 0 s   [======)
                2 1 i     [=======)
                """,
            path: "        1122222", warnings: ["child-clipped"]),
        PathExample(
            claim: "A child outside of its parent is left out with all below it",
            drawing: """
                1 0 s   [======)
                2 1 i           [==)
                3 2 i   [====)
                """,
            path: "        1111111", warnings: ["child-outside-parent"]),
        PathExample(
            claim: "A grandchild is cut to what is left of its parent",
            drawing: """
                1 0 s   [======)
                2 1 i [====)
                3 2 i [==)
                """,
            path: "        3221111",
            warnings: ["child-clipped"]),
        PathExample(
            claim: "Without the root the fragment that starts first answers",
            drawing: """
                1 9 s     [=====)
                2 9 s   [====)
                3 2 i    [=)
                """,
            path: "        23322", warnings: ["missing-parent"], complete: false),
        PathExample(
            claim: "The only span without a parent answers even if an orphan starts earlier",
            drawing: """
                1 0 s     [=====)
                2 9 s   [====)
                """,
            path: "        111111", warnings: ["missing-parent"], complete: false),
        PathExample(
            claim: "Of several roots that start together the longest answers",
            drawing: """
                1 0 s [===)
                2 0 s [=====)
                """,
            path: "      222222", warnings: ["several-roots"], complete: false),
        PathExample(
            claim: "A cycle is cut above the span that starts first",
            drawing: """
                1 2 i   [===)
                2 3 i [=======)
                3 1 i    [=)
                """,
            path: "      22133122",
            warnings: ["cycle"], complete: false),
        PathExample(
            claim: "A span that is its own parent is a root",
            drawing: """
                1 1 i [=====)
                2 1 i  [=)
                """,
            path: "      122111", warnings: ["cycle"], complete: false),
        PathExample(
            claim: "Both sides of a call may share a span ID",
            drawing: """
                1 0 s [===========)
                2 1 c  [=======)
                2 1 s    [====)
                3 2 i     [=)
                """,
            path: "      122233222111"),
        PathExample(
            claim: "A repeated span ID is named, and its first span is the parent",
            drawing: """
                1 0 s [===========)
                2 1 i  [==)
                2 1 i      [=====)
                3 2 i   [)
                """,
            path: "      123212222221", warnings: ["duplicate-span-id"]),
    ]

    static let optional = [
        PathExample(
            claim: "Cover takes a sibling that still runs, up to where the path is",
            options: CriticalPathOptions(mode: .cover),
            drawing: """
                1 0 s [================)
                2 1 i  [====)
                3 1 i     [=======)
                4 1 i            [==)
                """,
            path: "      12223333333444111"),
        PathExample(
            claim: "A tolerance forgives a small overlap and no larger one",
            options: CriticalPathOptions(toleranceNanoseconds: 1),
            drawing: """
                1 0 s [================)
                2 1 i  [====)
                3 1 i     [=======)
                4 1 i            [==)
                """,
            path: "      11113333333444111"),
        PathExample(
            claim: "Consumers are included when asked for",
            options: CriticalPathOptions(asynchronous: .include),
            drawing: """
                1 0 s [==========)
                2 1 p   [=====)
                3 2 k    [==)
                """,
            path: "      11233322111"),
        PathExample(
            claim: "To the last span: the path goes on after the root has ended",
            options: CriticalPathOptions(mode: .toLastSpan),
            drawing: """
                1 0 s [======)
                2 1 i  [==)
                3 2 i     [==)
                4 3 i           [==)
                """,
            path: "      1222333333444"),
        PathExample(
            claim: "To the last span is the usual path where nothing outlives the root",
            options: CriticalPathOptions(mode: .toLastSpan),
            drawing: """
                1 0 s [======)
                2 1 i  [==)
                3 2 i     [==)
                """,
            path: "      1222111", warnings: ["child-outside-parent"]),
        PathExample(
            claim: "Skew is named but a server's span is only cut",
            drawing: """
                1 0 c   [=======)
                2 1 s [====)
                3 2 i    [)
                """,
            path: "        23211111",
            warnings: ["child-clipped", "clock-skew"]),
        PathExample(
            claim: "Skew adjusted: the server's span moves into the client's with all below it",
            options: CriticalPathOptions(skew: .adjust),
            drawing: """
                1 0 c   [=======)
                2 1 s [====)
                3 2 i    [)
                """,
            path: "        22232111", warnings: ["skew-adjusted"]),
        PathExample(
            claim: "A server's span that is longer than the client's is not moved",
            options: CriticalPathOptions(skew: .adjust),
            drawing: """
                1 0 c   [===)
                2 1 s [====)
                """,
            path: "        2221", warnings: ["child-clipped"]),
    ]
}
