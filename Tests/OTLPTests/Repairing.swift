// SPDX-License-Identifier: Apache-2.0

import ProtobufMessages

// What OTLPEncoder.Presence.always does to a message, by Swift's own UTF-8 repair.

private func text(_ bytes: [UInt8]) -> [UInt8] { Array(String(decoding: bytes, as: UTF8.self).utf8) }

extension FlatSpan {
    func repaired() -> FlatSpan {
        var flat = self
        var resource = resource ?? OTLPMessage.Resource()
        resource.attributes = resource.attributes.map { $0.repaired() }
        resource.entityRefs = resource.entityRefs.map { entity in
            var entity = entity
            entity.schemaURL = text(entity.schemaURL)
            entity.type = text(entity.type)
            entity.idKeys = entity.idKeys.map(text)
            entity.descriptionKeys = entity.descriptionKeys.map(text)
            return entity
        }
        flat.resource = resource
        flat.resourceSchemaURL = text(resourceSchemaURL)
        var scope = scope ?? OTLPMessage.InstrumentationScope()
        scope.name = text(scope.name)
        scope.version = text(scope.version)
        scope.attributes = scope.attributes.map { $0.repaired() }
        flat.scope = scope
        flat.scopeSchemaURL = text(scopeSchemaURL)
        flat.span = span.repaired()
        return flat
    }
}

extension OTLPMessage.Span {
    func repaired() -> OTLPMessage.Span {
        var span = self
        span.traceState = text(traceState)
        span.name = text(name)
        span.attributes = attributes.map { $0.repaired() }
        span.events = events.map { event in
            var event = event
            event.name = text(event.name)
            event.attributes = event.attributes.map { $0.repaired() }
            return event
        }
        span.links = links.map { link in
            var link = link
            link.traceState = text(link.traceState)
            link.attributes = link.attributes.map { $0.repaired() }
            return link
        }
        var status = status ?? OTLPMessage.Status()
        status.message = text(status.message)
        span.status = status
        return span
    }
}

extension OTLPMessage.KeyValue {
    func repaired() -> OTLPMessage.KeyValue {
        OTLPMessage.KeyValue(key: text(key), value: value?.repaired())
    }
}

extension OTLPMessage.AnyValue {
    func repaired() -> OTLPMessage.AnyValue {
        switch self {
        case .string(let bytes): .string(text(bytes))
        case .array(let values): .array(values.map { $0.repaired() })
        case .keyValueList(let values): .keyValueList(values.map { $0.repaired() })
        case .empty, .bool, .int, .double, .bytes: self
        }
    }
}
