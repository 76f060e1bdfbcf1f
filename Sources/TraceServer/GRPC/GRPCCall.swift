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
    /// Sends the answer. From any thread, once; when the client has gone it does nothing.
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
    /// Why nothing of the request was stored; nil if the status is OK.
    var refusal: RefusalReason?

    static func success(_ message: [UInt8]) -> GRPCReply { GRPCReply(status: .ok, message: message) }

    static func failure(_ status: GRPCStatus) -> GRPCReply {
        GRPCReply(status: status, message: [], refusal: RefusalReason(status.code))
    }

    static func failure(_ error: IngestError) -> GRPCReply {
        GRPCReply(status: error.grpcStatus, message: [], refusal: RefusalReason(error))
    }
}
