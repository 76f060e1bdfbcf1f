// SPDX-License-Identifier: Apache-2.0

internal import CProtobufMessages

/// Tempo's answer to a trace-by-ID query, around a trace that is encoded already.
package struct TraceByIDResponse: Hashable, Sendable {
    /// An encoded `tempopb.Trace` (the bytes of an OTLP `TracesData`), which may be empty: no such
    /// trace.
    package var trace: [UInt8]
    package var inspectedByteCount: UInt64
    /// Whether something could not be read in time; `message` then says what.
    package var isPartial: Bool
    package var message: String

    package init(
        trace: [UInt8], inspectedByteCount: UInt64, isPartial: Bool = false, message: String = ""
    ) {
        self.trace = trace
        self.inspectedByteCount = inspectedByteCount
        self.isPartial = isPartial
        self.message = message
    }

    /// The encoded `tempopb.TraceByIDResponse`; the trace is always present in it, be it empty.
    ///
    /// - Throws: `.outOfMemory`.
    /// - Complexity: One copy of the trace.
    package func encoded() throws(ProtobufError) -> [UInt8] {
        let arena = try MessageArena(byteLimit: .max)
        // Safe: all structs live in the arena, the trace in `self`, until they are packed. Packing
        // does not write to them.
        let response = unsafe try arena.make(tempo__encoded_trace_by_idresponse__init)
        let metrics = unsafe try arena.make(tempo__trace_by_idmetrics__init)
        unsafe metrics.pointee.inspectedbytes = inspectedByteCount
        unsafe response.pointee.metrics = metrics
        unsafe response.pointee.status =
            isPartial ? TEMPO__PARTIAL_STATUS__PARTIAL : TEMPO__PARTIAL_STATUS__COMPLETE
        unsafe response.pointee.message = try arena.bytes(Array(message.utf8))
        unsafe response.pointee.presence_case = TEMPO__ENCODED_TRACE_BY_IDRESPONSE__PRESENCE_TRACE
        return unsafe trace.withUnsafeBufferPointer { buffer in
            unsafe response.pointee.trace = ProtobufCBinaryData(
                len: buffer.count, data: UnsafeMutablePointer(mutating: buffer.baseAddress))
            return unsafe arena.packed(response)
        }
    }
}
