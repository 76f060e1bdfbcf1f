// SPDX-License-Identifier: Apache-2.0

internal import AsyncHTTPClient
internal import Foundation
internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import TerminalRendering

/// Says why a server can't be reached and what to do.
func unreachable(_ server: ServerURL, _ error: any Error, hint: String) -> CommandError {
    var reason = connectionFailureReason(error)
    // So ends a request without encryption where TLS is spoken.
    if (error as? HTTPClientError) == .remoteConnectionClosed, server.description.hasPrefix("http://") {
        reason += ": https:// may be what is meant"
    }
    return CommandError(.unreachable, "cannot reach \(server): \(reason). Is `vivace serve` running? \(hint)")
}

/// Why no connection came about or why it broke, in a few words.
func connectionFailureReason(_ error: any Error) -> String {
    if let reason = clientCertificateReason("\(error)") { return reason }
    switch error {
    case let error as NIOConnectionError:
        if let failure = error.connectionErrors.first { return connectionFailureReason(failure.error) }
        if error.dnsAError != nil || error.dnsAAAAError != nil { return "no address found for host \(error.host)" }
        return "no connection to \(error.host):\(error.port)"
    case let error as IOError: return systemErrorText(error.errnoCode) ?? "\(error)"
    case let error as HTTPClientError where error == .connectTimeout: return "connecting took too long"
    case let error as HTTPClientError where error == .deadlineExceeded: return "no answer in time"
    case let error as HTTPClientError where error == .remoteConnectionClosed: return "the connection was closed"
    case let error as NIOSSLError:
        if case .handshakeFailed(let cause) = error { return handshakeFailureReason("\(cause)") }
        return escapedForTerminal("no TLS connection: \(error)")
    case let error as NIOSSLExtraError where error == .failedToValidateHostname:
        return "the server's certificate is for another host"
    default: return escapedForTerminal("\(error)")
    }
}

/// What the server has against our certificate, or that it wants one; nil if the error is about something else.
///
/// - Parameter text: BoringSSL's words, which have the name of the server's alert (RFC 8446, section 6.2).
private func clientCertificateReason(_ text: String) -> String? {
    guard text.contains("_ALERT_") else { return nil }
    let options = "--cert-file and --key-file (or VIVACE_CERT_FILE, VIVACE_KEY_FILE)"
    if text.contains("ALERT_CERTIFICATE_REQUIRED") {
        return "the server wants a certificate of its clients: give one with \(options)"
    }
    if text.contains("ALERT_HANDSHAKE_FAILURE") {
        return "the server broke off the handshake: if it wants a certificate of its clients, give one with \(options)"
    }
    let complaints = [
        "UNKNOWN_CA", "BAD_CERTIFICATE", "CERTIFICATE_UNKNOWN", "CERTIFICATE_EXPIRED", "CERTIFICATE_REVOKED",
    ]
    guard complaints.contains(where: { text.contains("ALERT_" + $0) }) else { return nil }
    return "the server does not accept the client's certificate: give one of an authority that it knows with \(options)"
}

/// - Parameter text: BoringSSL's words.
private func handshakeFailureReason(_ text: String) -> String {
    if text.contains("CERTIFICATE_VERIFY_FAILED") {
        return "the server's certificate is not trusted here: name its authority's with --ca-file or VIVACE_CA_FILE"
    }
    if text.contains("WRONG_VERSION_NUMBER") { return "it does not speak TLS: http:// may be what is meant" }
    return escapedForTerminal("no TLS connection: \(text)")
}

private func systemErrorText(_ code: Int32) -> String? {
    switch code {
    case ECONNREFUSED: "connection refused"
    case ECONNRESET: "connection reset"
    case EHOSTUNREACH: "host unreachable"
    case ENETUNREACH: "network unreachable"
    case ETIMEDOUT: "timed out"
    default: nil
    }
}
