// SPDX-License-Identifier: Apache-2.0

internal import Ingest

/// Memory for a body whose length shows only as it comes: reserved in steps that double, before the bytes are kept.
struct GrowingReservation: Sendable {
    private let receiver: any SpanReceiver
    private let limits: ServerLimits
    private var parts: [IngestReservation] = []
    private(set) var byteCount = 0

    init(receiver: any SpanReceiver, limits: ServerLimits) {
        self.receiver = receiver
        self.limits = limits
    }

    /// Reserves for a body whose length is known: all of it if that is little, else what has come at least, as an
    /// announcement alone must not keep others out.
    ///
    /// - Throws: `.tooLarge` over the limit; what the receiver throws.
    mutating func reserve(exactly count: Int) throws(IngestError) {
        try check(count)
        try add(max(min(count, limits.announcedReservationByteCount), limits.minimumReservationByteCount))
    }

    /// Sees to it that at least `count` bytes are reserved.
    ///
    /// - Throws: As `reserve(exactly:)`.
    mutating func grow(toHold count: Int) throws(IngestError) {
        try check(count)
        while byteCount < count {
            let step = max(byteCount, limits.firstReservationByteCount)
            try add(max(count - byteCount, min(step, limits.requestByteCount - byteCount)))
        }
    }

    private mutating func add(_ count: Int) throws(IngestError) {
        parts.append(try receiver.reserve(count))
        byteCount += count
    }

    private func check(_ count: Int) throws(IngestError) {
        guard count <= limits.requestByteCount else {
            let text = "the body has more than \(limits.requestByteCount) bytes: send smaller batches"
            throw IngestError(.tooLarge, text)
        }
        try receiver.check(count)
    }
}
