// SPDX-License-Identifier: Apache-2.0

extension ServerCredentials {
    /// How it stands with the files of certificates and tokens; nothing if there are none.
    ///
    /// - Parameter now: Unix nanoseconds.
    func families(now: UInt64) -> [PrometheusFamily] {
        let files = [("tls", tls?.use), ("tokens", tokens?.use)].compactMap { name, use in use.map { (name, $0) } }
        guard !files.isEmpty else { return [] }
        var families = [
            PrometheusFamily.gauge(
                "vivace_credentials_reload_successful",
                "1 if the files are in use as they are, 0 if they can't be used and older ones are.",
                by: "files", files.map { ($0, $1.isCurrent ? 1 : 0) }),
            PrometheusFamily(
                name: "vivace_credentials_loaded_timestamp_seconds", type: .gauge,
                help: "When the files that are in use were read, in Unix seconds.",
                samples: files.map { name, use in
                    let age = Double(use.since.duration(to: .now).wholeNanoseconds)
                    return ([("files", name)], ((Double(now) - age) / 1e9).rounded())
                }),
        ]
        if let expiry = tls?.value.expirySeconds {
            families.append(
                .gauge(
                    "vivace_tls_certificate_expiry_timestamp_seconds",
                    "When the first certificate of the chain that is shown expires, in Unix seconds.", expiry))
        }
        return families
    }
}
