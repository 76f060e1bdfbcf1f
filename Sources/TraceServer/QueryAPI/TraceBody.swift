// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import OTLP
internal import QueryEngine

/// How slices of a trace become a document.
protocol TraceFormat: Sendable {
    /// Appends a slice, with what stands before the first one and behind the last one.
    ///
    /// - Parameter places: The slice's, of all spans.
    func write(_ places: Range<Int>, of found: FoundTrace, _ encoder: OTLPEncoder, to buffer: inout ByteBuffer)

    /// Appends the document of a trace without spans.
    func writeEmpty(to buffer: inout ByteBuffer)
}

/// A trace cut into slices, of which the memory is counted while they are made and sent.
struct TraceBody: Sendable {
    let found: FoundTrace?
    private let encoder: OTLPEncoder
    private let spansPerSlice: Int
    /// What the spans hold.
    private let heldByteCount: Int
    /// What is counted for a slice before it is made.
    private let expectedByteCount: Int

    init(_ found: FoundTrace?, presence: OTLPEncoder.Presence, _ limits: ServerLimits) {
        self.found = found
        encoder = OTLPEncoder(presence: presence)
        let held = found?.memory?.byteCount ?? 0
        let fitting = (found?.rows.count ?? 0) * limits.sliceByteCount / max(1, held)
        spansPerSlice = min(limits.spansPerSlice, max(1, fitting))
        heldByteCount = held
        // What a few spans hold is mostly room for more.
        expectedByteCount = min(held, limits.sliceByteCount, (found?.rows.count ?? 0) << 12)
    }

    private var spanCount: Int { found?.rows.count ?? 0 }
    private var isEmpty: Bool { spanCount == 0 }
    var sliceCount: Int { (spanCount + spansPerSlice - 1) / spansPerSlice }

    /// Makes a slice. While it is made the one before it may wait to be sent.
    ///
    /// - Throws: As ``QueryMemory/hold(_:)``.
    func slice(_ slice: Int, _ format: some TraceFormat) throws(QueryError) -> ByteBuffer {
        var buffer = ByteBuffer()
        guard let found, !isEmpty else {
            format.writeEmpty(to: &buffer)
            return buffer
        }
        try found.memory?.hold(heldByteCount + 2 * expectedByteCount)
        let start = slice * spansPerSlice
        format.write(start..<min(start + spansPerSlice, spanCount), of: found, encoder, to: &buffer)
        try found.memory?.hold(heldByteCount + 2 * buffer.storageCapacity)
        return buffer
    }
}
