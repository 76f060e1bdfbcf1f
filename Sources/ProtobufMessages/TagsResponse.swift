// SPDX-License-Identifier: Apache-2.0

internal import CProtobufMessages

/// Tempo's answers to questions for the names and values of tags.
package enum TagsResponse: Hashable, Sendable {
    /// The tags of one scope.
    package struct Scope: Hashable, Sendable {
        package var name: String
        package var tags: [String]

        package init(name: String, tags: [String]) {
            self.name = name
            self.tags = tags
        }
    }

    /// A value, and the name of its type.
    package struct Value: Hashable, Sendable {
        package var type: String
        package var value: String

        package init(type: String, value: String) {
            self.type = type
            self.value = value
        }
    }

    /// A `tempopb.SearchTagsResponse`.
    case names([String])
    /// A `tempopb.SearchTagsV2Response`.
    case scopes([Scope])
    /// A `tempopb.SearchTagValuesResponse`.
    case values([String])
    /// A `tempopb.SearchTagValuesV2Response`.
    case typedValues([Value])

    /// The encoded message; the metrics are always present in it.
    ///
    /// - Parameter isPartial: Then not all jobs count as complete: there is no field for why.
    /// - Throws: `.outOfMemory`.
    package func encoded(isPartial: Bool) throws(ProtobufError) -> [UInt8] {
        let arena = try MessageArena(byteLimit: .max)
        // Safe: all structs live in the arena until they are packed.
        let metrics = unsafe try arena.make(tempo__metadata_metrics__init)
        unsafe metrics.pointee.totaljobs = isPartial ? 1 : 0
        switch self {
        case .names(let names):
            let message = unsafe try arena.make(tempo__search_tags_response__init)
            unsafe message.pointee.n_tagnames = names.count
            unsafe message.pointee.tagnames = try arena.texts(names)
            unsafe message.pointee.metrics = metrics
            return unsafe arena.packed(message)
        case .scopes(let scopes):
            let message = unsafe try arena.make(tempo__search_tags_v2_response__init)
            unsafe message.pointee.n_scopes = scopes.count
            unsafe message.pointee.scopes = try arena.list(scopes) { scope throws(ProtobufError) in
                let part = unsafe try arena.make(tempo__search_tags_v2_scope__init)
                unsafe part.pointee.name = try arena.bytes(Array(scope.name.utf8))
                unsafe part.pointee.n_tags = scope.tags.count
                unsafe part.pointee.tags = try arena.texts(scope.tags)
                return unsafe Optional(part)
            }
            unsafe message.pointee.metrics = metrics
            return unsafe arena.packed(message)
        case .values(let values):
            let message = unsafe try arena.make(tempo__search_tag_values_response__init)
            unsafe message.pointee.n_tagvalues = values.count
            unsafe message.pointee.tagvalues = try arena.texts(values)
            unsafe message.pointee.metrics = metrics
            return unsafe arena.packed(message)
        case .typedValues(let values):
            let message = unsafe try arena.make(tempo__search_tag_values_v2_response__init)
            unsafe message.pointee.n_tagvalues = values.count
            unsafe message.pointee.tagvalues = try arena.list(values) { value throws(ProtobufError) in
                let part = unsafe try arena.make(tempo__tag_value__init)
                unsafe part.pointee.type = try arena.bytes(Array(value.type.utf8))
                unsafe part.pointee.value = try arena.bytes(Array(value.value.utf8))
                return unsafe Optional(part)
            }
            unsafe message.pointee.metrics = metrics
            return unsafe arena.packed(message)
        }
    }
}

extension MessageArena {
    /// A repeated field of texts.
    fileprivate func texts(_ texts: [String]) throws(ProtobufError) -> UnsafeMutablePointer<ProtobufCBinaryData>? {
        unsafe try list(texts) { text throws(ProtobufError) in unsafe try bytes(Array(text.utf8)) }
    }
}
