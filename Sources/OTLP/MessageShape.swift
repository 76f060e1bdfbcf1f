// SPDX-License-Identifier: Apache-2.0

/// The message types that are kept as encoded bytes, with what is needed to walk them.
enum MessageShape: UInt8, BitwiseCopyable {
    case resource
    case scope
    case entityRef
    case keyValue
    case anyValue
    case arrayValue
    case keyValueList

    /// The type of the message in field `tag`, nil if it is a scalar or not known.
    @inline(__always) func submessage(_ tag: UInt64) -> MessageShape? {
        switch self {
        case .resource:
            tag == ResourceField.attributes ? .keyValue : tag == ResourceField.entityRefs ? .entityRef : nil
        case .scope: tag == ScopeField.attributes ? .keyValue : nil
        case .entityRef: nil
        case .keyValue: tag == KeyValueField.value ? .anyValue : nil
        case .anyValue:
            tag == AnyValueField.array ? .arrayValue : tag == AnyValueField.keyValueList ? .keyValueList : nil
        case .arrayValue: tag == ListField.values ? .anyValue : nil
        case .keyValueList: tag == ListField.values ? .keyValue : nil
        }
    }

    /// Whether field `tag` holds text, which the schema wants to be UTF-8.
    func isText(_ tag: UInt64) -> Bool {
        switch self {
        case .resource, .arrayValue, .keyValueList: false
        case .scope: tag == ScopeField.name || tag == ScopeField.version
        case .entityRef:
            tag == EntityRefField.schemaURL || tag == EntityRefField.type || tag == EntityRefField.idKeys
                || tag == EntityRefField.descriptionKeys
        case .keyValue: tag == KeyValueField.key
        case .anyValue: tag == AnyValueField.string
        }
    }
}
