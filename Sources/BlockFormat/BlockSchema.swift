// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
package import TraceModel

/// One attribute column: whose, which key, which type.
package struct AttributeColumn: Hashable, Sendable {
    package var owner: AttributeOwner
    package var key: [UInt8]
    package var type: AttributeType
    /// Values in the whole block.
    package var valueCount: Int
}

/// A resource as a block stores it.
package struct StoredResource: Hashable, Sendable {
    package var isPresent: Bool
    package var encoded: [UInt8]
    package var schemaURL: [UInt8]
    /// Index into ``BlockSchema/services``.
    package var service: Int
}

/// An instrumentation scope as a block stores it.
package struct StoredScope: Hashable, Sendable {
    package var isPresent: Bool
    package var encoded: [UInt8]
    package var schemaURL: [UInt8]
}

/// What stands once in a block: columns, shapes, resources, scopes, service names.
///
/// ```
/// columns:   count, then each: owner, type, value count, key
/// services:  count, names
/// resources: count, then each: present, service, schema URL, encoded message
/// scopes:    count, then each: present, schema URL, encoded message
/// shapes:    for each owner (span, event, link): count, then each: length, column indexes
/// ```
/// All numbers are varints, all strings have a varint length before them. Shape 0 of each owner is the empty one. In a
/// shape the count of columns stands for an attribute without a column of its own: the owner's next in the rest columns.
package struct BlockSchema: Sendable {
    package var columns: [AttributeColumn] = []
    package var services: [[UInt8]] = []
    package var resources: [StoredResource] = []
    package var scopes: [StoredScope] = []
    /// By owner, then shape code: indexes into `columns` or ``rest``, in the order of the attributes.
    package var shapes: [[[UInt32]]] = [[[]], [[]], [[]]]
    /// By owner: whether one of its shapes has ``rest``; only in a schema that was read.
    private var restOwners = [false, false, false]

    /// In a shape: an attribute in the rest columns.
    package static let rest = UInt32.max

    func hasRest(_ owner: AttributeOwner) -> Bool { restOwners[Int(owner.rawValue)] }

    package init() {}

    func write(into out: inout ByteWriter) {
        out.append(varint: UInt64(columns.count))
        for column in columns {
            out.append(column.owner.rawValue)
            out.append(column.type.rawValue)
            out.append(varint: UInt64(column.valueCount))
            out.append(lengthPrefixed: column.key.rawSpan)
        }
        out.append(varint: UInt64(services.count))
        for service in services { out.append(lengthPrefixed: service.rawSpan) }
        out.append(varint: UInt64(resources.count))
        for resource in resources {
            out.append(resource.isPresent ? 1 : 0)
            out.append(varint: UInt64(resource.service))
            out.append(lengthPrefixed: resource.schemaURL.rawSpan)
            out.append(lengthPrefixed: resource.encoded.rawSpan)
        }
        out.append(varint: UInt64(scopes.count))
        for scope in scopes {
            out.append(scope.isPresent ? 1 : 0)
            out.append(lengthPrefixed: scope.schemaURL.rawSpan)
            out.append(lengthPrefixed: scope.encoded.rawSpan)
        }
        for list in shapes {
            out.append(varint: UInt64(list.count))
            for shape in list {
                out.append(varint: UInt64(shape.count))
                for column in shape { out.append(varint: UInt64(min(column, UInt32(columns.count)))) }
            }
        }
    }

    init(_ bytes: RawSpan) throws(ByteCodingError) {
        var cursor = ByteCursor(over: bytes)
        for _ in 0..<(try cursor.count(bytes, limit: cursor.remaining)) {
            guard let owner = AttributeOwner(rawValue: try cursor.byte(bytes)),
                let type = AttributeType(rawValue: try cursor.byte(bytes))
            else { throw ByteCodingError(.corrupted, "attribute column") }
            let valueCount = try cursor.count(bytes, limit: Int.max)
            columns.append(
                AttributeColumn(
                    owner: owner, key: try Self.bytes(&cursor, bytes), type: type, valueCount: valueCount))
        }
        for _ in 0..<(try cursor.count(bytes, limit: cursor.remaining)) {
            services.append(try Self.bytes(&cursor, bytes))
        }
        for _ in 0..<(try cursor.count(bytes, limit: cursor.remaining)) {
            let isPresent = try cursor.byte(bytes) != 0
            let service = try cursor.count(bytes, limit: max(0, services.count - 1))
            let schemaURL = try Self.bytes(&cursor, bytes)
            resources.append(
                StoredResource(
                    isPresent: isPresent, encoded: try Self.bytes(&cursor, bytes), schemaURL: schemaURL,
                    service: service))
        }
        guard !services.isEmpty || resources.isEmpty else { throw ByteCodingError(.corrupted, "service list") }
        for _ in 0..<(try cursor.count(bytes, limit: cursor.remaining)) {
            let isPresent = try cursor.byte(bytes) != 0
            let schemaURL = try Self.bytes(&cursor, bytes)
            scopes.append(
                StoredScope(isPresent: isPresent, encoded: try Self.bytes(&cursor, bytes), schemaURL: schemaURL))
        }
        for owner in AttributeOwner.allCases {
            var hasRest = false
            shapes[Int(owner.rawValue)] = try shapeList(of: owner, &cursor, bytes, hasRest: &hasRest)
            restOwners[Int(owner.rawValue)] = hasRest
        }
        guard cursor.isAtEnd else { throw ByteCodingError(.corrupted, "schema") }
    }

    private func shapeList(
        of owner: AttributeOwner, _ cursor: inout ByteCursor, _ bytes: RawSpan, hasRest: inout Bool
    ) throws(ByteCodingError) -> [[UInt32]] {
        var list: [[UInt32]] = []
        for _ in 0..<(try cursor.count(bytes, limit: cursor.remaining)) {
            var shape: [UInt32] = []
            for _ in 0..<(try cursor.count(bytes, limit: cursor.remaining)) {
                let column = try cursor.count(bytes, limit: columns.count)
                if column == columns.count {
                    hasRest = true
                    shape.append(Self.rest)
                    continue
                }
                guard columns[column].owner == owner else { throw ByteCodingError(.corrupted, "shape") }
                shape.append(UInt32(column))
            }
            list.append(shape)
        }
        guard let first = list.first, first.isEmpty else { throw ByteCodingError(.corrupted, "shape list") }
        return list
    }

    private static func bytes(_ cursor: inout ByteCursor, _ bytes: RawSpan) throws(ByteCodingError) -> [UInt8] {
        let part = try cursor.lengthPrefixed(bytes)
        return [UInt8](part.span(of: bytes))
    }
}
