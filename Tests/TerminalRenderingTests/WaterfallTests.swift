// SPDX-License-Identifier: Apache-2.0

import TerminalRendering
import Testing
import TraceModel

private let start: UInt64 = 1_767_322_645_678_000_000

private func span(
    _ id: UInt64, in parent: UInt64, _ service: String, _ name: String, _ from: UInt64, _ to: UInt64, kind: UInt8 = 2,
    isError: Bool = false
) -> WaterfallSpan {
    WaterfallSpan(
        id: SpanID(id), parent: SpanID(parent), serviceName: service, name: name, start: start + from * 1_000_000,
        end: start + to * 1_000_000, kind: kind, isError: isError)
}

/// A checkout of a second whose payment takes most of the time, with a mail that is sent later.
private let checkout = Waterfall(
    traceID: TraceID(high: 0x5b8a_a5a2_d2c8_72e8, low: 0x321c_f373_08d6_9df2),
    spans: [
        span(1, in: 0, "storefront", "POST /checkout", 0, 1_000),
        span(2, in: 1, "checkout", "shop.Checkout/PlaceOrder", 50, 950),
        span(3, in: 2, "cart", "shop.Cart/GetCart", 60, 160),
        span(4, in: 2, "account", "shop.Account/GetProfile", 60, 110, isError: true),
        span(5, in: 2, "payment", "shop.Payment/Charge", 200, 900),
        span(6, in: 5, "payment", "POST", 210, 890, kind: 3),
        span(7, in: 2, "checkout", "send orders", 910, 915, kind: 4),
        span(8, in: 7, "notification", "process orders", 1_100, 1_250, kind: 5),
    ])

@Suite struct WaterfallTests {
    @Test func `a checkout at 120 cells`() {
        #expect(
            checkout.render(TerminalStyle(width: 120)) == """
                Trace 5b8aa5a2d2c872e8321cf37308d69df2
                storefront: POST /checkout
                1 s · 8 spans · 6 services · 1 error · 2026-01-02T02:57:25.678Z

                                                         duration  critical  0                            625 ms                  1.25 s
                *  storefront: POST /checkout                 1 s    100 ms  ██░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░██░
                *    checkout: shop.Checkout/PlaceOrder    900 ms     95 ms    ░░░░░░█░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░██
                *      cart: shop.Cart/GetCart             100 ms    100 ms    ░█████
                 !     account: shop.Account/GetProfile     50 ms              ░░░░
                *      payment: shop.Payment/Charge        700 ms     20 ms           ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░█
                *        payment: POST                     680 ms    680 ms           ░████████████████████████████████░
                *      checkout: send orders                 5 ms      5 ms                                            ░█
                         notification: process orders      150 ms                                                               ░░░░░░░░

                * █ on the critical path · ░ running · ! error

                """)
    }

    @Test func `a checkout at 80 cells`() {
        #expect(
            checkout.render(TerminalStyle(width: 80)) == """
                Trace 5b8aa5a2d2c872e8321cf37308d69df2
                storefront: POST /checkout
                1 s · 8 spans · 6 services · 1 error · 2026-01-02T02:57:25.678Z

                                                      duration  critical  0               1.25 s
                *  storefront: POST /checkout              1 s    100 ms  █░░░░░░░░░░░░░░░░█
                *    checkout: shop.Checkout/PlaceO…    900 ms     95 ms  ░░░█░░░░░░░░░░░░█
                *      cart: shop.Cart/GetCart          100 ms    100 ms   ██
                 !     account: shop.Account/GetPro…     50 ms             ░
                *      payment: shop.Payment/Charge     700 ms     20 ms     ░░░░░░░░░░░░█
                *        payment: POST                  680 ms    680 ms     ░████████████
                *      checkout: send orders              5 ms      5 ms                  █
                         notification: process orde…    150 ms                               ░░░

                * █ on the critical path · ░ running · ! error

                """)
    }

    @Test func `a checkout at 60 cells`() {
        #expect(
            checkout.render(TerminalStyle(width: 60)) == """
                Trace 5b8aa5a2d2c872e8321cf37308d69df2
                storefront: POST /checkout
                1 s · 8 spans · 6 services · 1 error · 2026-01-02T02:57:25.678Z

                                                duration  0           1.25 s
                *  storefront: POST /checkout        1 s  █░░░░░░░░░░░░░░
                *    checkout: shop.Checkout/…    900 ms  ░░█░░░░░░░░░░█
                *      cart: shop.Cart/GetCart    100 ms  ░█░
                 !     account: shop.Account/…     50 ms  ░░
                *      payment: shop.Payment/…    700 ms    ░░░░░░░░░░█
                *        payment: POST            680 ms     ██████████
                *      checkout: send orders        5 ms               █
                         notification: proces…    150 ms                 ░░░

                * █ on the critical path · ░ running · ! error

                """)
    }

    @Test func `a checkout in ASCII, cut to three spans`() {
        #expect(
            checkout.render(TerminalStyle(width: 60, usesUnicode: false), limit: 3) == """
                Trace 5b8aa5a2d2c872e8321cf37308d69df2
                storefront: POST /checkout
                1 s, 8 spans, 6 services, 1 error, 2026-01-02T02:57:25.678Z

                                                duration  0           1.25 s
                *  storefront: POST /checkout        1 s  #--------------
                *    checkout: shop.Checkout/~    900 ms  --#----------#
                *      cart: shop.Cart/GetCart    100 ms  -#-
                ~ 5 more spans not shown

                * # on the critical path, - running, ! error

                """)
    }

    @Test func `a broken trace says what is wrong with it`() {
        let broken = Waterfall(
            traceID: TraceID(high: 0, low: 1),
            spans: [
                span(1, in: 9, "a", "orphan", 0, 100), span(2, in: 1, "a", "sticks out", 50, 150),
                span(3, in: 1, "a", "backwards", 80, 70),
            ])
        #expect(
            broken.render(TerminalStyle(width: 80)) == """
                Trace 00000000000000000000000000000001
                a: orphan
                100 ms · 3 spans · 1 service · 0 errors · 2026-01-02T02:57:25.678Z
                warning: missing-parent (1 span): the parent is not in the trace
                warning: negative-duration (1 span): the end lies before the start; counted as no time
                warning: child-clipped (1 span): sticks out of its parent and was cut to it

                                    duration  critical  0                   75 ms         150 ms
                *  a: orphan          100 ms     50 ms  █████████████░░░░░░░░░░░░░░
                *    a: sticks out    100 ms     50 ms               ██████████████░░░░░░░░░░░░░
                     a: backwards       0 ns                                 ░

                * █ on the critical path · ░ running · ! error

                """)
    }

    @Test func `short spans are hidden if they are asked to be, but not what long ones lie in`() {
        let text = checkout.render(TerminalStyle(width: 80), minimumDuration: 150_000_000)
        let shown = text.split(separator: "\n").dropFirst(4).dropLast(2).map { $0.dropFirst(3).drop { $0 == " " }.prefix(12) }
        #expect(shown == ["storefront: ", "checkout: sh", "payment: sho", "payment: POS", "checkout: se", "notification"])
        #expect(text.contains("2 more spans not shown"))
    }

    @Test func `an empty trace is no trouble`() {
        let empty = Waterfall(traceID: TraceID(high: 0, low: 1), spans: [])
        #expect(empty.render(TerminalStyle(width: 80)) == "Trace 00000000000000000000000000000001\nno spans\n")
    }

    @Test(arguments: [0, 1, 40, 41, 60, 75, 76, 80, 100, 120, 200]) func `no line is longer than the terminal`(width: Int) {
        var spans = [span(1, in: 0, "service", "root", 0, 10_000)]
        for depth in 2...120 as ClosedRange<UInt64> {
            spans.append(span(depth, in: depth - 1, "service", "operation \(depth) that has a long name", depth, 10_000 - depth))
        }
        let text = Waterfall(traceID: TraceID(high: 0, low: 1), spans: spans).render(TerminalStyle(width: width))
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count == 120 + 8)
        for line in lines.dropFirst(5).prefix(120) { #expect(line.count <= max(40, width)) }
    }

    @Test func `names cannot write on the terminal`() {
        let evil = Waterfall(
            traceID: TraceID(high: 0, low: 1), spans: [span(1, in: 0, "a\u{7}", "\u{1b}]0;title\u{9b}2J\r\n", 0, 1)])
        let text = evil.render(TerminalStyle(width: 100))
        #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || ($0.value >= 0x20 && !(0x7f..<0xa0).contains($0.value)) })
    }

    @Test func `times at the ends of the scale do not overflow`() {
        let extreme = [
            WaterfallSpan(id: SpanID(1), parent: SpanID(0), serviceName: "", name: "all", start: 0, end: .max, kind: 2, isError: false),
            WaterfallSpan(id: SpanID(2), parent: SpanID(1), serviceName: "", name: "last", start: .max, end: .max, kind: 2, isError: false),
            WaterfallSpan(id: SpanID(3), parent: SpanID(1), serviceName: "", name: "back", start: .max, end: 0, kind: 2, isError: false),
        ]
        #expect(Waterfall(traceID: TraceID(high: 0, low: 1), spans: extreme).render(TerminalStyle(width: 80)).contains("back"))
    }

    @Test func `a hundred thousand spans, each in the other, are shown`() {
        let count: UInt64 = 100_000
        let spans = (1...count).map { span($0, in: $0 - 1, "s", "n", $0, 2 * count - $0) }
        let text = Waterfall(traceID: TraceID(high: 0, low: 1), spans: spans).render(TerminalStyle(width: 100))
        #expect(text.utf8.count { $0 == UInt8(ascii: "\n") } == Int(count) + 7)
    }
}
