// SPDX-License-Identifier: Apache-2.0

internal import TraceModel
internal import TraceStorage

/// What each tenant may do and how long its spans are kept, as YAML. Only the retention can differ by tenant.
struct TenantLimits: Sendable {
    let tenancy: Tenancy
    let retention: RetentionPolicy
    let limits: ServerLimits

    /// The limits of all, and of the tenants that have others.
    ///
    /// - Parameter visible: Whose names may be told; nil for everybody's.
    func text(to visible: TenantSet?) -> String {
        var text = "defaults:\n" + lines(retention.seconds, indent: "  ")
        let shown = retention.overrides.filter { visible?.tenants.contains($0.key) ?? true }
        let others = shown.sorted { $0.key < $1.key }
        text += others.isEmpty ? "overrides: {}\n" : "overrides:\n"
        for (tenant, seconds) in others { text += "  \"\(tenant)\":\n    retention: \(Self.time(seconds))\n" }
        return text
    }

    /// What applies to a tenant, whether of its own or as to all.
    func text(of tenant: TenantID) -> String { lines(retention.seconds(for: tenant), indent: "") }

    private func lines(_ retentionSeconds: UInt64, indent: String) -> String {
        [
            "retention: \(Self.time(retentionSeconds))", "request-bytes: \(limits.requestByteCount)",
            "search-traces: \(limits.searchTraceCount)", "search-traces-default: \(limits.defaultSearchTraceCount)",
            "spans-per-spanset: \(limits.spansPerTrace)", "spans-per-spanset-default: \(limits.defaultSpansPerTrace)",
            "slow-spans: \(limits.slowSpanCount)", "query-url-bytes: \(limits.urlByteCount)",
        ].map { indent + $0 + "\n" }.joined()
    }

    /// As the option takes it: `14d`, `36h`.
    private static func time(_ seconds: UInt64) -> String {
        for (scale, unit) in [(86_400, "d"), (3_600, "h"), (60, "m")] as [(UInt64, String)] {
            if seconds > 0, seconds.isMultiple(of: scale) { return "\(seconds / scale)\(unit)" }
        }
        return "\(seconds)s"
    }
}
