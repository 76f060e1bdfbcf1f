// SPDX-License-Identifier: Apache-2.0

import FileIO
import NIOSSL
import TraceServer

/// A certificate and its key, for tests alone: valid from 2020 to 2119, on P-256.
struct TestIdentity: Sendable {
    var certificate: String
    var key: String

    /// Both are their own authorities, for localhost and 127.0.0.1.
    static let serverA = TestIdentity(certificate: """
        -----BEGIN CERTIFICATE-----
        MIIBfzCCASWgAwIBAgIUcu7A4ROaUmf41kZ0BOb1KubUZdwwCgYIKoZIzj0EAwIw
        HzEdMBsGA1UEAwwUVml2YWNlIHRlc3Qgc2VydmVyIEEwIBcNMjAwMTAxMDAwMDAw
        WhgPMjEyMDAxMDEwMDAwMDBaMB8xHTAbBgNVBAMMFFZpdmFjZSB0ZXN0IHNlcnZl
        ciBBMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83ppVzOz34qje3du+iS8+dV6
        GttRosH86thJo5PD9luMBEMF3YEXmkvs6VOjz048fHq5G5bkpY1i36aS2DJXWaM9
        MDswGgYDVR0RBBMwEYIJbG9jYWxob3N0hwR/AAABMB0GA1UdDgQWBBT1d9Um1f6L
        oxj1T/tWNOxuVHyPqjAKBggqhkjOPQQDAgNIADBFAiEAsw56c//dKd+C0Zez4TLE
        yNo1zk72ENlnFlJDtyD/XLwCICJxVElEEFz7vYs4ZEX1sXRGtfrIL5mTo7LC9lme
        88Xj
        -----END CERTIFICATE-----
        """, key: """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgL7VYabjlw95SdVgG
        Nh8TZ8nWxczPsiw9DeQdBypyKJShRANCAATzemlXM7PfiqN7d276JLz51Xoa21Gi
        wfzq2Emjk8P2W4wEQwXdgReaS+zpU6PPTjx8erkbluSljWLfppLYMldZ
        -----END PRIVATE KEY-----
        """)
    static let serverB = TestIdentity(certificate: """
        -----BEGIN CERTIFICATE-----
        MIIBfjCCASWgAwIBAgIUM5zHs4eX5MAEZeZLVpCB6Y4egHEwCgYIKoZIzj0EAwIw
        HzEdMBsGA1UEAwwUVml2YWNlIHRlc3Qgc2VydmVyIEIwIBcNMjAwMTAxMDAwMDAw
        WhgPMjEyMDAxMDEwMDAwMDBaMB8xHTAbBgNVBAMMFFZpdmFjZSB0ZXN0IHNlcnZl
        ciBCMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEVkDfu5C1h2MpNpUJREDwJ0JQ
        ixcCQUE0aCyfw8znOLD4eyFsNmduCc/znxLFKDvXYgUJGgktXONIpUmWk6ATu6M9
        MDswGgYDVR0RBBMwEYIJbG9jYWxob3N0hwR/AAABMB0GA1UdDgQWBBRopXiYTehk
        X8A7TK/geVz0LK+u3zAKBggqhkjOPQQDAgNHADBEAiAnSnwA7o1S2dRD/WgAkRFx
        yqpkxMKZv1r5lzI3hrYwwgIgdPCTQ9hVjgCU9iEyAY7Seaj1BIWwgvhKYiXXHcc6
        jUI=
        -----END CERTIFICATE-----
        """, key: """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgWdj2+uD0R6Fs3ayY
        45/NrMJ2yxRRjRdTk+8EPTpC2L6hRANCAARWQN+7kLWHYyk2lQlEQPAnQlCLFwJB
        QTRoLJ/DzOc4sPh7IWw2Z24Jz/OfEsUoO9diBQkaCS1c40ilSZaToBO7
        -----END PRIVATE KEY-----
        """)
    /// Of `clientAuthority`.
    static let client = TestIdentity(certificate: """
        -----BEGIN CERTIFICATE-----
        MIIBODCB3wIUSMTYCLuTR34eNST4A7sS8cvAyO8wCgYIKoZIzj0EAwIwHzEdMBsG
        A1UEAwwUVml2YWNlIHRlc3QgY2xpZW50Q0EwIBcNMjAwMTAxMDAwMDAwWhgPMjEy
        MDAxMDEwMDAwMDBaMB0xGzAZBgNVBAMMElZpdmFjZSB0ZXN0IGNsaWVudDBZMBMG
        ByqGSM49AgEGCCqGSM49AwEHA0IABFRF1vJtSIcWCZWnuLz6aUFYcpj5XfisFepm
        EA27fp5qzUx6r38RM+Q+8892Ts3lp/OpWmxE6tUwAvrR9ms7Bx0wCgYIKoZIzj0E
        AwIDSAAwRQIhALrbGxDJTivjguUCM2GA/zt45V9i2OArDSHQ9Uf++8p+AiAVWCn0
        DrApmokf72cXpwx4U/CzVO7XZbXD6/eJ64edug==
        -----END CERTIFICATE-----
        """, key: """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgsAQS0TRixM2955cn
        dilKj5P+wvbyd99lpiDH1PbFXYuhRANCAARURdbybUiHFgmVp7i8+mlBWHKY+V34
        rBXqZhANu36eas1Meq9/ETPkPvPPdk7N5afzqVpsROrVMAL60fZrOwcd
        -----END PRIVATE KEY-----
        """)
    /// Of an authority that nobody knows.
    static let stranger = TestIdentity(certificate: """
        -----BEGIN CERTIFICATE-----
        MIIBNzCB4AIUa6meqlZbhRjxU3wlug5MUE7fk3wwCgYIKoZIzj0EAwIwHjEcMBoG
        A1UEAwwTVml2YWNlIHRlc3Qgb3RoZXJDQTAgFw0yMDAxMDEwMDAwMDBaGA8yMTIw
        MDEwMTAwMDAwMFowHzEdMBsGA1UEAwwUVml2YWNlIHRlc3Qgc3RyYW5nZXIwWTAT
        BgcqhkjOPQIBBggqhkjOPQMBBwNCAAQ67UjHMc32oOLnrNNw2whinFkfN3b+yHeq
        tM1oarmELWXBGH7gelAqzgZBrPl2HMAiqVcT1WkPwoSsbRpQ3ndVMAoGCCqGSM49
        BAMCA0YAMEMCHn+sd/LF0moB+BwrogI4V3JZdyPwL67yCpcgNLBXGQIhAKOnqlBO
        b6kt1GRzSWlHvrl/QiIxSQ5flJ+ah8Y+AVA+
        -----END CERTIFICATE-----
        """, key: """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgYLWEIm1H83C1dtOn
        cv2v75tJmpFwBQxkghvDLUtgG1+hRANCAAQ67UjHMc32oOLnrNNw2whinFkfN3b+
        yHeqtM1oarmELWXBGH7gelAqzgZBrPl2HMAiqVcT1WkPwoSsbRpQ3ndV
        -----END PRIVATE KEY-----
        """)

    static let clientAuthority = """
        -----BEGIN CERTIFICATE-----
        MIIBdDCCARqgAwIBAgIUIFjr3GEq1gNMaPdruJhQI1gCGd0wCgYIKoZIzj0EAwIw
        HzEdMBsGA1UEAwwUVml2YWNlIHRlc3QgY2xpZW50Q0EwIBcNMjAwMTAxMDAwMDAw
        WhgPMjEyMDAxMDEwMDAwMDBaMB8xHTAbBgNVBAMMFFZpdmFjZSB0ZXN0IGNsaWVu
        dENBMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAECyPHvr/Na9KEk0aOKZyVj1UZ
        NhB9I3WpvNPJ0IJzyZkUQIFwScrNwcQeLrS0kveLLi3FL0WlMXDn1fkuK7e9QKMy
        MDAwDwYDVR0TAQH/BAUwAwEB/zAdBgNVHQ4EFgQUHafLvV13Arjl/NwC337Uylnp
        jvgwCgYIKoZIzj0EAwIDSAAwRQIgRenSoAJV0Wy2B2rZ7KnyxGfbN5fwMTiTairj
        DqddIBsCIQCPtQtucQSduqjrxtflhywc4fDE6LcVmr5cPjajDowiQg==
        -----END CERTIFICATE-----
        """
}

extension TestIdentity {
    /// What a client of this server may be made with.
    ///
    /// - Parameters:
    ///   - identity: What the client shows.
    ///   - change: Further wishes of the client.
    static func client(
        trusting server: TestIdentity, showing identity: TestIdentity? = nil,
        _ change: (inout TLSConfiguration) -> Void = { _ in }
    ) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(server.certificate.utf8)))
        if let identity {
            configuration.certificateChain = try NIOSSLCertificate.fromPEMBytes(Array(identity.certificate.utf8))
                .map { .certificate($0) }
            configuration.privateKey = .privateKey(
                try NIOSSLPrivateKey(bytes: Array(identity.key.utf8), format: .pem))
        }
        change(&configuration)
        return try NIOSSLContext(configuration: configuration)
    }
}

/// Files of credentials that tests write and write again.
struct CredentialFiles {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    func path(_ name: String) -> String { directory.path + "/" + name }

    func write(_ text: String, to name: String) throws {
        let fileSystem = LocalFileSystem()
        try fileSystem.unlinkIfPresent(path(name))
        try fileSystem.open(path(name), .createNew).write(Array(text.utf8), at: 0)
    }

    func remove(_ name: String) throws { try LocalFileSystem().unlinkIfPresent(path(name)) }

    func write(_ identity: TestIdentity) throws {
        try write(identity.certificate, to: "cert.pem")
        try write(identity.key, to: "key.pem")
    }

    func tls(hasClientCA: Bool = false) -> TLSFiles {
        TLSFiles(
            certificatePath: path("cert.pem"), keyPath: path("key.pem"),
            clientCAPath: hasClientCA ? path("ca.pem") : nil)
    }
}
