// SPDX-License-Identifier: Apache-2.0

import Testing
import TraceQL
import TraceQLReference

/// The reference evaluator on a trace whose answers can be seen.
///
///     a root GET (shop, server, 100 ms)
///     ├─ b POST (cart, error, 40 ms; retry; codes 500; labels red, blue; events "exception" size 1 and "log" size 5)
///     │  └─ d query (db, 10 ms; codes 200; ratio 1.5)
///     └─ c POST (cart, ok, 20 ms; retry false; code is text "500"; a link)
///     e lost (its parent is missing, 5 ms)
///     └─ f lost child (error, 2 ms)
@Suite struct ReferenceTests {
    static let trace: ReferenceTrace = {
        func span(
            _ id: Character, _ parent: Character?, _ name: String, _ service: String, milliseconds: Int64,
            _ attributes: [ReferenceAttribute] = []
        ) -> ReferenceSpan {
            var span = ReferenceSpan(id: String(repeating: id, count: 16))
            if let parent { span.parentID = String(repeating: parent, count: 16) }
            span.name = name
            span.resource = [ReferenceAttribute("service.name", .string(service)), ReferenceAttribute("retry", .string("never"))]
            span.startNanoseconds = 1_000_000 * Int64(id.asciiValue ?? 0)
            span.endNanoseconds = span.startNanoseconds + milliseconds * 1_000_000
            span.attributes = attributes
            return span
        }
        var a = span("a", nil, "GET", "shop", milliseconds: 100)
        a.kind = .server
        var b = span("b", "a", "POST", "cart", milliseconds: 40, [
            .init("retry", .boolean(true)), .init("code", .int(500)), .init("labels", .array([.string("red"), .string("blue")])),
        ])
        b.status = .error
        b.events = [
            ReferenceEvent("exception", timeNanoseconds: b.startNanoseconds, [.init("size", .int(1))]),
            ReferenceEvent("log", timeNanoseconds: b.startNanoseconds + 1_000_000, [.init("size", .int(5))]),
        ]
        var c = span("c", "a", "POST", "cart", milliseconds: 20, [.init("retry", .boolean(false)), .init("code", .string("500"))])
        c.status = .ok
        c.links = [ReferenceLink(traceID: String(repeating: "9", count: 32), spanID: String(repeating: "8", count: 16))]
        let d = span("d", "b", "query", "db", milliseconds: 10, [.init("code", .int(200)), .init("ratio", .float(1.5))])
        let e = span("e", "7", "lost", "db", milliseconds: 5)
        var f = span("f", "e", "lost child", "db", milliseconds: 2)
        f.status = .error
        return ReferenceTrace(id: String(repeating: "1", count: 32), spans: [a, b, c, d, e, f])
    }()

    /// The spansets' spans as letters, with what is attached to them.
    private func answer(_ text: String) throws -> String {
        let evaluator = try #require(ReferenceEvaluator(try CheckedQuery(text)))
        return evaluator.spansets(of: Self.trace).map { spanset in
            let letters = spanset.spans.map { String(Self.trace.spans[$0].id.prefix(1)) }.joined()
            return ([letters] + spanset.attributes.map { "\($0.key)=\($0.value)" }).joined(separator: " ")
        }.joined(separator: "; ")
    }

    @Test("filters", arguments: [
        ("{ }", "abcdef"), ("{ false }", ""), ("{ name = \"POST\" }", "bc"), ("{ name =~ \"lost.*\" }", "ef"),
        ("{ name !~ \"lost\" }", "abcdf"), ("{ status = error }", "bf"), ("{ status != error }", "acde"),
        ("{ kind = server }", "a"), ("{ duration > 10ms }", "abc"), ("{ 10ms < duration }", "abc"),
        ("{ .code = 500 }", "b"), ("{ .code = \"500\" }", "c"), ("{ .code != 500 }", "d"), ("{ .code != nil }", "bcd"),
        ("{ .code = nil }", "aef"), ("{ .code > 199.5 }", ""), ("{ .code + 0 > 199.5 }", "bd"), ("{ .ratio > 1.0 }", "d"),
        ("{ .retry }", "b"), ("{ !.retry }", "c"), ("{ span.retry != true }", "c"), ("{ resource.retry = \"never\" }", "abcdef"),
        ("{ .retry = \"never\" }", "adef"), ("{ !(.retry) || .code = 200 }", "cd"), ("{ !(status = error) }", "acde"),
        ("{ .labels = \"red\" }", "b"), ("{ .labels != \"red\" }", ""), ("{ .labels != \"green\" }", "b"),
        ("{ .labels !~ \"g.*\" }", "b"), ("{ .labels =~ \"bl.*\" }", "b"), ("{ .a = .b }", ""), ("{ .code = .code }", "bcd"),
        ("{ event:name = \"log\" }", "b"), ("{ event:name = \"log\" && event.size = 1 }", ""),
        ("{ event:name = \"log\" && event.size = 5 }", "b"), ("{ event.size = nil }", "acdef"),
        ("{ event:timeSinceStart = 1ms }", "b"), ("{ link:spanID = \"8888888888888888\" }", "c"),
        ("{ trace:duration = 100ms }", "abcdef"), ("{ rootName = \"GET\" && rootServiceName = \"shop\" }", "abcdef"),
        ("{ nestedSetParent < 0 }", "a"), ("{ nestedSetLeft = 0 }", "ef"), ("{ nestedSetLeft = 2 }", "b"),
        ("{ span:childCount = 0 }", "cdf"), ("{ span:parentID = \"0000000000000000\" }", "a"),
        ("{ trace:id = \"11111111111111111111111111111111\" }", "abcdef"),
        ("{ name = \"GET\" || name = \"POST\" && status = ok }", "c"),
    ])
    func filters(query: String, spans: String) throws { #expect(try answer(query) == spans) }

    @Test("structure, also where the root is missing", arguments: [
        ("{ name = \"GET\" } > { }", "bc"), ("{ name = \"GET\" } >> { }", "bcd"), ("{ name = \"query\" } < { }", "b"),
        ("{ name = \"query\" } << { }", "ab"), ("{ status = ok } ~ { }", "b"), ("{ } ~ { }", "bc"), ("{ } > { status = error }", "bf"),
        ("{ name = \"GET\" } !>> { }", "aef"), ("{ name = \"GET\" } !> { }", "adef"), ("{ false } !> { }", "abcdef"),
        ("{ } !< { }", "cdf"), ("{ } !~ { }", "adef"), ("{ name = \"GET\" } &> { status = error }", "ab"),
        ("{ name = \"GET\" } &>> { name = \"query\" }", "ad"), ("{ } &~ { status = ok }", "bc"),
        ("{ name = \"lost\" } > { }", "f"), ("{ } > { } > { }", "d"), ("{ status = error } && { .retry }", "bf"),
        ("{ status = error } && { false }", ""), ("{ false } || { .retry }", "b"),
        ("{ name = \"GET\" } >> ({ name = \"POST\" } && { name = \"query\" })", "bcd"),
    ])
    func structure(query: String, spans: String) throws { #expect(try answer(query) == spans) }

    @Test("pipelines", arguments: [
        ("{ } | count() > 5", "abcdef count()=6"), ("count() > 6", ""), ("{ } | max(duration) >= 100ms", "abcdef max(duration)=100ms"),
        ("{ name = \"POST\" } | avg(duration) = 30ms", "bc avg(duration)=30ms"), ("{ } | sum(.code) = 700", "abcdef sum(.code)=700"),
        ("{ } | avg(.code) = 350", "abcdef avg(.code)=350.0"), ("{ } | min(.ratio) > 1", "abcdef min(.ratio)=1.5"),
        ("{ } | max(.nothing) = 0", ""), ("{ } | by(name) | count() > 1", "bc by(name)=`POST` count()=2"),
        ("{ status = error } | by(.code)", "b by(.code)=500; f by(.code)=nil"), ("{ } | by(.retry) | coalesce()", "abcdef"),
        ("{ .retry } | { duration > 1s }", ""), ("{ } | { status = error } | { .retry }", "b"), ("{ .retry } | select(name)", "b"),
        ("({ status = error } | count() > 1) && ({ .retry } | count() > 0)", "bf"),
        ("({ status = error } | count() > 2) || ({ .retry } | count() > 0)", "b"),
        ("{ } | by(status) | { name = \"POST\" }", "b by(status)=error; c by(status)=ok"),
    ])
    func pipelines(query: String, spansets: String) throws { #expect(try answer(query) == spansets) }
}
