// SPDX-License-Identifier: Apache-2.0
internal import Testing
internal import TraceModel

@Suite("Tenants' names") struct TenantNameTests {
    @Test(
        "say what is wrong with them",
        arguments: [
            ("", .empty), (".", .reserved), ("..", .reserved), (String(repeating: "x", count: 151), .tooLong),
            ("a/b", .character("/")), ("a|b", .character("|")), ("a b", .character(" ")), ("ä", .character("ä")),
            ("a\0", .character("\0")), ("a\r\n", .character("\r\n")), ("=2e", .character("=")), ("a", nil), ("...", nil),
            (String(repeating: "x", count: 150), nil),
        ] as [(String, TenantID.Fault?)])
    func faults(name: String, fault: TenantID.Fault?) {
        #expect(TenantID.fault(in: name) == fault)
        #expect((TenantID(name) == nil) == (fault != nil))
    }

    @Test("of several stand in order, each once") func sets() throws {
        #expect(TenantSet("b|a|b")?.tenants.map(\.name) == ["a", "b"])
        #expect(TenantSet("b|a|b") == TenantSet("a|b"))
        #expect(TenantSet("b|a|b")?.description == "a|b")
        #expect(TenantSet("single-tenant") == .single)
        for text in ["", "|", "a|", "|a", "a||b", "a|..", "a|b c", "a,b"] { #expect(TenantSet(text) == nil, "\(text)") }
    }
}
