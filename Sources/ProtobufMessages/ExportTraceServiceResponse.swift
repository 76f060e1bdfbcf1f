// SPDX-License-Identifier: Apache-2.0

internal import CProtobufMessages

/// The answer to an OTLP trace export.
package struct ExportTraceServiceResponse: Hashable, Sendable {
    /// What was not accepted, or, with 0 spans, a warning.
    package struct PartialSuccess: Hashable, Sendable {
        package var rejectedSpans: Int64
        package var errorMessage: String

        package init(rejectedSpans: Int64, errorMessage: String) {
            self.rejectedSpans = rejectedSpans
            self.errorMessage = errorMessage
        }
    }

    /// Nil if every span was accepted without remark; then the message is encoded as no bytes.
    package var partialSuccess: PartialSuccess?

    package init(partialSuccess: PartialSuccess? = nil) { self.partialSuccess = partialSuccess }

    /// Decodes a response; invalid UTF-8 in the message is repaired.
    ///
    /// - Throws: `.malformed`, `.tooLarge` (more than 1 MiB of memory), `.outOfMemory`.
    package init(decoding bytes: [UInt8]) throws(ProtobufError) {
        let arena = try MessageArena(byteLimit: 1 << 20)
        // Safe: the struct and what it points to live in the arena and are copied before it goes.
        let message = unsafe try arena.unpack(
            bytes.span.bytes, otlp__export_trace_service_response__unpack)
        if let partial = unsafe message.partial_success {
            unsafe partialSuccess = PartialSuccess(
                rejectedSpans: partial.pointee.rejected_spans,
                errorMessage: String(
                    decoding: [UInt8](partial.pointee.error_message), as: UTF8.self))
        }
        extendLifetime(arena)
    }

    /// The encoded message.
    ///
    /// - Throws: `.outOfMemory`.
    package func encoded() throws(ProtobufError) -> [UInt8] {
        let arena = try MessageArena(byteLimit: .max)
        // Safe: both structs live in the arena until they are packed.
        let message = unsafe try arena.make(otlp__export_trace_service_response__init)
        if let partialSuccess {
            let partial = unsafe try arena.make(otlp__export_trace_partial_success__init)
            unsafe partial.pointee.rejected_spans = partialSuccess.rejectedSpans
            unsafe partial.pointee.error_message = try arena.bytes(
                Array(partialSuccess.errorMessage.utf8))
            unsafe message.pointee.partial_success = partial
        }
        return unsafe arena.packed(message)
    }
}
