// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

/// Why a request, or the verdict that was recorded with one, cannot be decoded.
package struct OTLPError: Error, Equatable, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// The bytes are no protobuf message of the OTLP schema: sending them again is of no use.
        case malformed
        /// More spans, events or links than one request may have: send smaller batches.
        case tooMany
        /// The batch can take no more codes: cut it, then decode into a new one.
        case batchFull
        /// The recorded verdict is damaged or belongs to another request.
        case verdictMismatch
    }

    package var code: Code
    /// What was wrong and at which byte of the request.
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}

/// Where and how the wire bytes stop making sense, before it becomes an ``OTLPError``.
struct WireFault: Error, BitwiseCopyable {
    enum Kind: UInt8 {
        case truncated
        case varint
        case fieldNumber
        case wireType
        case tooDeep
        case batchFull
        case tooMany
        case unkeepableSpan
    }

    var kind: Kind
    /// Bytes from the start of what is decoded.
    var offset: Int

    @inline(never) init(_ kind: Kind, at offset: Int) {
        self.kind = kind
        self.offset = offset
    }
}

extension WireFault {
    @inline(never) init(_ error: ByteCodingError, at offset: Int) {
        self.init(error.code == .truncated ? .truncated : .varint, at: offset)
    }
}

extension OTLPError {
    init(_ fault: WireFault, limits: OTLPDecoderLimits) {
        let place = "at byte \(fault.offset) of the request"
        switch fault.kind {
        case .truncated: self.init(.malformed, "a field ends behind its message \(place)")
        case .varint: self.init(.malformed, "a varint has more than 64 bits \(place)")
        case .fieldNumber: self.init(.malformed, "a field number is 0 or too large \(place)")
        case .wireType: self.init(.malformed, "a field is a group or of an unknown wire type \(place)")
        case .tooDeep: self.init(.malformed, "a value is nested too deep \(place)")
        case .batchFull:
            self.init(.batchFull, "the batch has no codes left for a request of this size: cut it first")
        case .tooMany:
            self.init(
                .tooMany,
                "the request has more than \(limits.spanCount) spans, or more than \(limits.childCount) events or links: "
                    + "send smaller batches")
        case .unkeepableSpan:
            self.init(.verdictMismatch, "the verdict keeps a span that has no place in the columns \(place)")
        }
    }
}
