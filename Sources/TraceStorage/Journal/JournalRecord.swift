// SPDX-License-Identifier: Apache-2.0

package import TraceModel

/// What the payload of a record is, once `JournalContentEncoding` is undone. Raw values are part of
/// the format.
package enum JournalMediaType: UInt8, Sendable, CaseIterable {
    case otlpProtobuf = 0
    case otlpJSON = 1
}

/// How the sender compressed the payload. Raw values are part of the format.
package enum JournalContentEncoding: UInt8, Sendable, CaseIterable {
    case identity = 0
    case gzip = 1
}

/// How the journal compresses payloads that the sender did not.
package enum JournalCompression: Hashable, Sendable {
    case none
    /// lz4 where it saves at least a tenth; a greater acceleration is faster and saves less.
    case lz4(acceleration: Int32)
}

/// One request as it was received, and what was decided about it.
package struct JournalRecord: Sendable, Equatable {
    /// When it arrived, in Unix nanoseconds.
    package var arrivalNanoseconds: UInt64
    package var tenant: TenantID
    package var mediaType: JournalMediaType
    package var contentEncoding: JournalContentEncoding
    /// Which spans were rejected and why; the journal does not look into it. Replay obeys it and
    /// never judges again.
    package var verdict: [UInt8]
    /// The request's body as received, still compressed by `contentEncoding`.
    package var payload: [UInt8]

    package init(
        arrivalNanoseconds: UInt64, tenant: TenantID, mediaType: JournalMediaType,
        contentEncoding: JournalContentEncoding, verdict: [UInt8] = [], payload: [UInt8]
    ) {
        self.arrivalNanoseconds = arrivalNanoseconds
        self.tenant = tenant
        self.mediaType = mediaType
        self.contentEncoding = contentEncoding
        self.verdict = verdict
        self.payload = payload
    }
}
