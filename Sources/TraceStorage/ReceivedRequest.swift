// SPDX-License-Identifier: Apache-2.0

package import TraceModel

/// One OTLP request on its way into the journal and a head.
package struct ReceivedRequest: Sendable {
    package var tenant: TenantID
    package var arrivalNanoseconds: UInt64
    /// How `body` is compressed.
    package var contentEncoding: JournalContentEncoding
    /// As received: what the journal keeps.
    package var body: [UInt8]
    /// The body without its compression, if it had one.
    package var inflated: [UInt8]?

    package init(
        tenant: TenantID, arrivalNanoseconds: UInt64, contentEncoding: JournalContentEncoding, body: [UInt8],
        inflated: [UInt8]?
    ) {
        self.tenant = tenant
        self.arrivalNanoseconds = arrivalNanoseconds
        self.contentEncoding = contentEncoding
        self.body = body
        self.inflated = inflated
    }
}
