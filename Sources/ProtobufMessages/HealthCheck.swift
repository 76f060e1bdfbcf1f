// SPDX-License-Identifier: Apache-2.0

internal import CProtobufMessages

/// The messages of `grpc.health.v1.Health`.
package enum HealthCheck {
    /// `HealthCheckResponse.ServingStatus`.
    package enum ServingStatus: UInt32, Sendable {
        case unknown = 0
        case serving = 1
        case notServing = 2
        /// Only in answers to `Watch`.
        case serviceUnknown = 3
    }

    /// The service that a `HealthCheckRequest` asks for; empty means the whole server.
    ///
    /// - Throws: `.malformed`, `.tooLarge` (more than 64 KiB of memory), `.outOfMemory`.
    package static func service(decoding bytes: [UInt8]) throws(ProtobufError) -> String {
        let arena = try MessageArena(byteLimit: 64 << 10)
        // Safe: the struct and what it points to live in the arena and are copied before it goes.
        let request = unsafe try arena.unpack(
            bytes.span.bytes, grpc_health__health_check_request__unpack)
        let service = unsafe String(decoding: [UInt8](request.service), as: UTF8.self)
        extendLifetime(arena)
        return service
    }

    /// An encoded `HealthCheckResponse`.
    ///
    /// - Throws: `.outOfMemory`.
    package static func encodedResponse(_ status: ServingStatus) throws(ProtobufError) -> [UInt8] {
        let arena = try MessageArena(byteLimit: .max)
        // Safe: the struct lives in the arena until it is packed.
        let response = unsafe try arena.make(grpc_health__health_check_response__init)
        unsafe response.pointee.status = GrpcHealth__HealthCheckResponse__ServingStatus(
            rawValue: status.rawValue)
        return unsafe arena.packed(response)
    }
}
