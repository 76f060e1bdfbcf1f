// SPDX-License-Identifier: Apache-2.0

internal import CProtobufMessages

/// A `google.rpc.Status`: the body of an OTLP error over HTTP, and gRPC's
/// `grpc-status-details-bin`.
package struct RPCStatus: Hashable, Sendable {
    /// A gRPC status code.
    package var code: Int32
    package var message: String
    /// The client may try again after this time (`google.rpc.RetryInfo`). Whole nanoseconds count.
    package var retryDelay: Swift.Duration?
    /// What is wrong with the request, so that trying again does not help (`google.rpc.BadRequest`,
    /// one violation).
    package var badRequest: String?

    package init(
        code: Int32, message: String, retryDelay: Swift.Duration? = nil, badRequest: String? = nil
    ) {
        self.code = code
        self.message = message
        self.retryDelay = retryDelay
        self.badRequest = badRequest
    }
}

private let retryInfoURL = "type.googleapis.com/google.rpc.RetryInfo"
private let badRequestURL = "type.googleapis.com/google.rpc.BadRequest"

extension RPCStatus {
    /// The encoded message.
    ///
    /// - Throws: `.outOfMemory`.
    package func encoded() throws(ProtobufError) -> [UInt8] {
        var details: [(url: String, value: [UInt8])] = []
        if let retryDelay { details.append((retryInfoURL, try encodedRetryInfo(retryDelay))) }
        if let badRequest { details.append((badRequestURL, try encodedBadRequest(badRequest))) }
        let arena = try MessageArena(byteLimit: .max)
        // Safe: all structs live in the arena until they are packed.
        let status = unsafe try arena.make(google__rpc__status__init)
        unsafe status.pointee.code = code
        unsafe status.pointee.message = try arena.bytes(Array(message.utf8))
        unsafe status.pointee.n_details = details.count
        unsafe status.pointee.details = try arena.list(details) { detail throws(ProtobufError) in
            let any = unsafe try arena.make(google__protobuf__any__init)
            unsafe any.pointee.type_url = try arena.bytes(Array(detail.url.utf8))
            unsafe any.pointee.value = try arena.bytes(detail.value)
            return unsafe Optional(any)
        }
        return unsafe arena.packed(status)
    }

    private func encodedRetryInfo(_ delay: Swift.Duration) throws(ProtobufError) -> [UInt8] {
        let arena = try MessageArena(byteLimit: .max)
        // Safe: as in `encoded`.
        let duration = unsafe try arena.make(google__protobuf__duration__init)
        unsafe duration.pointee.seconds = delay.components.seconds
        unsafe duration.pointee.nanos = Int32(delay.components.attoseconds / 1_000_000_000)
        let retryInfo = unsafe try arena.make(google__rpc__retry_info__init)
        unsafe retryInfo.pointee.retry_delay = duration
        return unsafe arena.packed(retryInfo)
    }

    private func encodedBadRequest(_ text: String) throws(ProtobufError) -> [UInt8] {
        let arena = try MessageArena(byteLimit: .max)
        // Safe: as in `encoded`.
        let badRequest = unsafe try arena.make(google__rpc__bad_request__init)
        unsafe badRequest.pointee.n_field_violations = 1
        unsafe badRequest.pointee.field_violations = try arena.list([text]) {
            text throws(ProtobufError) in
            let violation = unsafe try arena.make(google__rpc__bad_request__field_violation__init)
            unsafe violation.pointee.description = try arena.bytes(Array(text.utf8))
            return unsafe Optional(violation)
        }
        return unsafe arena.packed(badRequest)
    }
}

extension RPCStatus {
    /// Decodes a status; details of other types are passed over, of several of one type the last
    /// one counts.
    ///
    /// - Throws: `.malformed`, `.tooLarge` (more than 1 MiB of memory), `.outOfMemory`.
    package init(decoding bytes: [UInt8]) throws(ProtobufError) {
        let arena = try MessageArena(byteLimit: 1 << 20)
        // Safe: the struct and what it points to live in the arena and are copied before it goes.
        let status = unsafe try arena.unpack(bytes.span.bytes, google__rpc__status__unpack)
        unsafe self.init(
            code: status.code, message: String(decoding: [UInt8](status.message), as: UTF8.self))
        let details = unsafe try elements(status.n_details, status.details) {
            any throws(ProtobufError) in
            unsafe (
                url: String(decoding: [UInt8](any.type_url), as: UTF8.self),
                value: [UInt8](any.value)
            )
        }
        for detail in details where detail.url == retryInfoURL {
            let retryInfo = unsafe try arena.unpack(
                detail.value.span.bytes, google__rpc__retry_info__unpack)
            if let delay = unsafe retryInfo.retry_delay {
                unsafe retryDelay =
                    .seconds(delay.pointee.seconds) + .nanoseconds(Int64(delay.pointee.nanos))
            }
        }
        for detail in details where detail.url == badRequestURL {
            let badRequest = unsafe try arena.unpack(
                detail.value.span.bytes, google__rpc__bad_request__unpack)
            let texts = unsafe try elements(
                badRequest.n_field_violations, badRequest.field_violations
            ) { violation throws(ProtobufError) in
                unsafe String(decoding: [UInt8](violation.description), as: UTF8.self)
            }
            self.badRequest = texts.joined(separator: "; ")
        }
        extendLifetime(arena)
    }
}
