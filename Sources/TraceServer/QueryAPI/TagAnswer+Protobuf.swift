// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import HummingbirdCore
internal import NIOCore
internal import ProtobufMessages
internal import QueryEngine

extension TagAnswer {
    /// Values as protobuf, which has no field for how many spans have each.
    ///
    /// - Parameter byteCount: Of the values in memory, about.
    func protobufValues(_ version: Version, _ found: TagValues, _ byteCount: Int) throws -> Response {
        // As texts, as messages, encoded, and copied.
        try found.memory?.holdMore(4 * byteCount)
        switch version {
        case .v1:
            var texts: [String] = []
            // Values of different types may read the same.
            for value in found.values where value.text != texts.last { texts.append(value.text) }
            return try protobufResponse(.values(texts), found.partialReason, holding: found.memory)
        case .v2:
            let values = found.values.map { TagsResponse.Value(type: $0.kind.rawValue, value: $0.text) }
            return try protobufResponse(.typedValues(values), found.partialReason, holding: found.memory)
        }
    }

    /// - Parameter memory: What the query holds; kept until the client has taken the answer, or has left.
    func protobufResponse(
        _ message: TagsResponse, _ partialReason: String?, holding memory: QueryMemory?
    ) throws -> Response {
        let bytes = ByteBuffer(bytes: try message.encoded(isPartial: partialReason != nil))
        return Response(
            status: .ok, headers: [.contentType: "application/protobuf"],
            body: ResponseBody(contentLength: bytes.readableBytes) { writer in
                try await writer.write(bytes)
                try await writer.finish(nil)
                withExtendedLifetime(memory) {}
            })
    }
}
