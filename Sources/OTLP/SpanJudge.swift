// SPDX-License-Identifier: Apache-2.0

/// Decides which spans of one request are kept: by what is wrong with them, or as a recorded verdict says.
struct SpanJudge {
    /// What was decided so far, or what is obeyed.
    private(set) var verdict: OTLPVerdict
    let isObeying: Bool
    /// How many spans were decided on.
    private(set) var nextOrdinal = 0
    /// The first run of an obeyed verdict that is not wholly behind.
    private var runIndex = 0

    init() {
        verdict = OTLPVerdict()
        isObeying = false
    }

    init(obeying verdict: OTLPVerdict) {
        self.verdict = verdict
        isObeying = true
    }

    enum Decision {
        case keep
        case reject
        /// The verdict keeps a span that has no place in the columns.
        case contradiction
    }

    /// Decides on the next span; `fault` is what is wrong with it.
    @inline(__always) mutating func decide(_ fault: OTLPVerdict.Reason?) -> Decision {
        let ordinal = nextOrdinal
        nextOrdinal &+= 1
        if isObeying { return obey(ordinal, fault) }
        guard let fault else { return .keep }
        verdict.reject(ordinal: ordinal, fault)
        return .reject
    }

    /// Forgets the decisions on the spans from `ordinal` on, which are read once more. Not for an obeyed verdict.
    mutating func rewind(to ordinal: Int) {
        precondition(!isObeying && ordinal <= nextOrdinal)
        verdict.forget(from: ordinal)
        nextOrdinal = ordinal
    }

    /// Whether every run of an obeyed verdict was met.
    var hasObeyedAll: Bool {
        guard isObeying, let last = verdict.rejections.last else { return true }
        return Int(last.firstOrdinal) + Int(last.spanCount) <= nextOrdinal
    }

    private mutating func obey(_ ordinal: Int, _ fault: OTLPVerdict.Reason?) -> Decision {
        let runs = verdict.rejections
        while runIndex < runs.count, ordinal >= Int(runs[runIndex].firstOrdinal) + Int(runs[runIndex].spanCount) {
            runIndex += 1
        }
        if runIndex < runs.count, ordinal >= Int(runs[runIndex].firstOrdinal) { return .reject }
        switch fault {
        case .traceIDLength, .spanIDLength, .tooDeep: return .contradiction
        case nil, .zeroTraceID, .zeroSpanID: return .keep
        }
    }
}
