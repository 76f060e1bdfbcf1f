// SPDX-License-Identifier: Apache-2.0

package import ByteCoding

/// Which spans of a request were not kept, and why. Usually empty, which costs no allocation.
///
/// The journal keeps the verdict beside the request, so that a replay stores the same spans even when a newer
/// version would judge otherwise. Layout, all integers as varints:
/// ```
/// run count | spans between the run before and this one | spans in the run | reason, one byte | …
/// ```
package struct OTLPVerdict: Sendable, Equatable {
    /// Why a span is rejected. The raw values are part of the journal's format.
    package enum Reason: UInt8, Sendable, BitwiseCopyable, CaseIterable {
        case traceIDLength = 1
        case zeroTraceID = 2
        case spanIDLength = 3
        case zeroSpanID = 4
        /// A value of the span, its events or links, or of its resource or scope, is nested deeper than
        /// ``OTLPDecoderLimits/anyValueDepth``.
        case tooDeep = 5

        /// "with …", for the sender.
        package var explanation: StaticString {
            switch self {
            case .traceIDLength: "with a trace ID that is not 16 bytes"
            case .zeroTraceID: "with an all-zero trace ID"
            case .spanIDLength: "with a span ID that is not 8 bytes"
            case .zeroSpanID: "with an all-zero span ID"
            case .tooDeep: "with an attribute that is nested too deep, itself, in its resource or in its scope"
            }
        }
    }

    /// Consecutive spans that were rejected for one reason.
    ///
    /// Runs cost no more memory than the request has bytes: two neighbouring runs differ in their reason or have a
    /// good span between them, and either needs an ID of 16 bytes (which is judged first).
    package struct Rejection: Sendable, Equatable, BitwiseCopyable {
        /// Position of the first span among all spans of the request, in wire order.
        package var firstOrdinal: UInt32
        package var spanCount: UInt32
        package var reason: Reason

        package init(firstOrdinal: UInt32, spanCount: UInt32, reason: Reason) {
            self.firstOrdinal = firstOrdinal
            self.spanCount = spanCount
            self.reason = reason
        }
    }

    /// In wire order, not overlapping, neighbours with one reason united.
    package private(set) var rejections: [Rejection]

    /// Nothing rejected.
    package init() { rejections = [] }

    package var isEmpty: Bool { rejections.isEmpty }

    /// Adds a span that lies behind all that were added before.
    package mutating func reject(ordinal: Int, _ reason: Reason) {
        let ordinal = UInt32(ordinal)
        if let last = rejections.last {
            precondition(ordinal >= last.firstOrdinal + last.spanCount)
            if last.reason == reason && last.firstOrdinal + last.spanCount == ordinal {
                rejections[rejections.count - 1].spanCount += 1
                return
            }
        }
        rejections.append(Rejection(firstOrdinal: ordinal, spanCount: 1, reason: reason))
    }

    /// Takes back what was decided on the spans from `ordinal` on.
    mutating func forget(from ordinal: Int) {
        while let last = rejections.last, Int(last.firstOrdinal) >= ordinal { rejections.removeLast() }
        guard let last = rejections.last else { return }
        rejections[rejections.count - 1].spanCount = min(last.spanCount, UInt32(ordinal) - last.firstOrdinal)
    }

    package var rejectedSpanCount: Int { rejections.reduce(0) { $0 + Int($1.spanCount) } }

    /// What to tell the sender, nil if nothing was rejected: "3 spans rejected: 2 with a trace ID that is not
    /// 16 bytes, 1 with an all-zero span ID".
    package var message: String? {
        guard !isEmpty else { return nil }
        let total = rejectedSpanCount
        var parts: [String] = []
        for reason in Reason.allCases {
            let count = rejections.reduce(0) { $1.reason == reason ? $0 + Int($1.spanCount) : $0 }
            if count > 0 { parts.append("\(count) \(reason.explanation)") }
        }
        return "\(total) span\(total == 1 ? "" : "s") rejected: " + parts.joined(separator: ", ")
    }
}

extension OTLPVerdict {
    /// Appends the verdict's encoding; one byte if it is empty.
    package func encode(into out: inout ByteWriter) {
        out.append(varint: UInt64(rejections.count))
        var next: UInt32 = 0
        for run in rejections {
            out.append(varint: UInt64(run.firstOrdinal - next))
            out.append(varint: UInt64(run.spanCount))
            out.append(run.reason.rawValue)
            next = run.firstOrdinal + run.spanCount
        }
    }

    /// Reads what ``encode(into:)`` wrote and leaves `cursor` behind it.
    ///
    /// - Throws: `.verdictMismatch` if the bytes are no verdict.
    package init(from cursor: inout ByteCursor, in bytes: RawSpan) throws(OTLPError) {
        do throws(ByteCodingError) {
            // A run has three bytes at least, so that a wrong count ends with the bytes and not with the memory.
            let count = try cursor.count(bytes, limit: cursor.remaining / 3 + 1)
            rejections = []
            var next = 0
            for _ in 0..<count {
                let first = next + (try cursor.count(bytes, limit: Int(UInt32.max) - next))
                let spanCount = try cursor.count(bytes, limit: Int(UInt32.max) - first)
                guard spanCount > 0, let reason = Reason(rawValue: try cursor.byte(bytes)) else {
                    throw ByteCodingError(.corrupted, "verdict")
                }
                rejections.append(
                    Rejection(firstOrdinal: UInt32(first), spanCount: UInt32(spanCount), reason: reason))
                next = first + spanCount
            }
        } catch {
            throw OTLPError(.verdictMismatch, "the recorded verdict is \(error.code.rawValue)")
        }
    }
}
