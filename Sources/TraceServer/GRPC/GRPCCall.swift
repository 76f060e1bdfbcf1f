// SPDX-License-Identifier: Apache-2.0

internal import Ingest

/// A unary call whose message is there.
struct GRPCCall: Sendable {
    let head: CallHead
    /// As received, without its prefix; empty once it was taken.
    private var message: [UInt8]
    let isCompressed: Bool
    /// Holds the message's memory until the call was answered.
    let reservation: IngestReservation
    /// Counts and sends the answer. From any thread, once; when the client has gone it is only counted.
    let reply: @Sendable (GRPCReply) -> Void

    init(
        head: CallHead, message: [UInt8], isCompressed: Bool, reservation: IngestReservation,
        reply: @escaping @Sendable (GRPCReply) -> Void
    ) {
        self.head = head
        self.message = message
        self.isCompressed = isCompressed
        self.reservation = reservation
        self.reply = reply
    }

    /// Whether an event loop may perform it.
    func isShort(_ limits: ServerLimits) -> Bool { !isCompressed && message.count <= limits.shortCallByteCount }

    /// Hands the message over, so that nobody else holds its memory.
    mutating func takeMessage() -> [UInt8] {
        defer { message = [] }
        return message
    }
}

/// The answer to a unary call.
struct GRPCReply: Sendable {
    var status: GRPCStatus
    /// The encoded message, if the status is OK.
    var message: [UInt8]
    /// Why nothing of the request was stored; nil if it was.
    var refusal: RefusalReason?

    static func success(_ message: [UInt8]) -> GRPCReply { GRPCReply(status: .ok, message: message) }

    /// - Parameter reason: By default what the status says already.
    static func failure(_ status: GRPCStatus, _ reason: RefusalReason? = nil) -> GRPCReply {
        GRPCReply(status: status, message: [], refusal: reason ?? RefusalReason(status.code))
    }

    /// The request was stored, but its answer can't be made.
    static func withoutAnswer(_ error: any Error) -> GRPCReply {
        let status = GRPCStatus(.unavailable, "the answer could not be made: \(error)")
        return GRPCReply(status: status, message: [], refusal: nil)
    }

    static func failure(_ error: IngestError) -> GRPCReply {
        GRPCReply(status: error.grpcStatus, message: [], refusal: RefusalReason(error))
    }
}
