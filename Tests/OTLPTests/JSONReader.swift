// SPDX-License-Identifier: Apache-2.0

import Foundation
import ProtobufMessages

/// Reads the JSON of a trace back by Foundation, as a client would.
struct JSONReader {
    struct Failure: Error {
        var message: String
    }

    var isTempo: Bool

    func request(_ text: String) throws -> Request {
        let top = try object(try JSONSerialization.jsonObject(with: Data(text.utf8)))
        return Request(resourceSpans: try list(top["resourceSpans"]).map(resourceSpans))
    }

    private func resourceSpans(_ json: [String: Any]) throws -> OTLPMessage.ResourceSpans {
        var message = OTLPMessage.ResourceSpans()
        message.resource = try json["resource"].map { try resource(object($0)) }
        message.schemaURL = text(json["schemaUrl"])
        message.scopeSpans = try list(json["scopeSpans"]).map { json in
            var scope = OTLPMessage.ScopeSpans()
            scope.scope = try json["scope"].map { try self.scope(object($0)) }
            scope.schemaURL = text(json["schemaUrl"])
            scope.spans = try list(json["spans"]).map(span)
            return scope
        }
        return message
    }

    private func resource(_ json: [String: Any]) throws -> OTLPMessage.Resource {
        var resource = OTLPMessage.Resource()
        resource.attributes = try keyValues(json["attributes"])
        resource.droppedAttributesCount = count(json["droppedAttributesCount"])
        resource.entityRefs = try list(json["entityRefs"]).map { json in
            var entity = OTLPMessage.EntityRef()
            entity.schemaURL = text(json["schemaUrl"])
            entity.type = text(json["type"])
            entity.idKeys = (json["idKeys"] as? [String] ?? []).map { Array($0.utf8) }
            entity.descriptionKeys = (json["descriptionKeys"] as? [String] ?? []).map { Array($0.utf8) }
            return entity
        }
        return resource
    }

    private func scope(_ json: [String: Any]) throws -> OTLPMessage.InstrumentationScope {
        var scope = OTLPMessage.InstrumentationScope()
        scope.name = text(json["name"])
        scope.version = text(json["version"])
        scope.attributes = try keyValues(json["attributes"])
        scope.droppedAttributesCount = count(json["droppedAttributesCount"])
        return scope
    }

    private func span(_ json: [String: Any]) throws -> OTLPMessage.Span {
        var span = OTLPMessage.Span()
        span.traceID = try identifier(json["traceId"])
        span.spanID = try identifier(json["spanId"])
        span.parentSpanID = try identifier(json["parentSpanId"])
        span.traceState = text(json["traceState"])
        span.name = text(json["name"])
        span.kind = enumeration(
            json["kind"],
            ["", "SPAN_KIND_INTERNAL", "SPAN_KIND_SERVER", "SPAN_KIND_CLIENT", "SPAN_KIND_PRODUCER", "SPAN_KIND_CONSUMER"])
        span.startTimeUnixNano = UInt64(json["startTimeUnixNano"] as? String ?? "0") ?? 1
        span.endTimeUnixNano = UInt64(json["endTimeUnixNano"] as? String ?? "0") ?? 1
        span.attributes = try keyValues(json["attributes"])
        span.droppedAttributesCount = count(json["droppedAttributesCount"])
        span.events = try list(json["events"]).map { json in
            var event = OTLPMessage.Event()
            event.timeUnixNano = UInt64(json["timeUnixNano"] as? String ?? "0") ?? 1
            event.name = text(json["name"])
            event.attributes = try keyValues(json["attributes"])
            event.droppedAttributesCount = count(json["droppedAttributesCount"])
            return event
        }
        span.droppedEventsCount = count(json["droppedEventsCount"])
        span.links = try list(json["links"]).map(link)
        span.droppedLinksCount = count(json["droppedLinksCount"])
        span.status = try json["status"].map { json in
            let json = try object(json)
            var status = OTLPMessage.Status()
            status.message = text(json["message"])
            status.code = enumeration(json["code"], ["", "STATUS_CODE_OK", "STATUS_CODE_ERROR"])
            return status
        }
        span.flags = count(json["flags"])
        return span
    }

    private func link(_ json: [String: Any]) throws -> OTLPMessage.Link {
        var link = OTLPMessage.Link()
        link.traceID = try identifier(json["traceId"])
        link.spanID = try identifier(json["spanId"])
        link.traceState = text(json["traceState"])
        link.attributes = try keyValues(json["attributes"])
        link.droppedAttributesCount = count(json["droppedAttributesCount"])
        link.flags = count(json["flags"])
        return link
    }

    private func keyValues(_ json: Any?) throws -> [OTLPMessage.KeyValue] {
        try list(json).map { json in
            OTLPMessage.KeyValue(key: text(json["key"]), value: try json["value"].map { try anyValue(object($0)) })
        }
    }

    private func anyValue(_ json: [String: Any]) throws -> OTLPMessage.AnyValue {
        guard let (kind, value) = json.first else { return .empty }
        switch (kind, value) {
        case ("stringValue", let text as String): return .string(Array(text.utf8))
        case ("boolValue", let value as Bool): return .bool(value)
        case ("intValue", let text as String): return .int(Int64(text) ?? 0)
        case ("doubleValue", let text as String): return .double(text == "NaN" ? .nan : Double(text) ?? 0)
        case ("doubleValue", let number as NSNumber): return .double(number.doubleValue)
        case ("bytesValue", let text as String): return .bytes(Array(Data(base64Encoded: text) ?? Data([1])))
        case ("arrayValue", let json): return .array(try list(object(json)["values"]).map(anyValue))
        case ("kvlistValue", let json): return .keyValueList(try keyValues(object(json)["values"]))
        default: throw Failure(message: "value \(json)")
        }
    }

    private func identifier(_ json: Any?) throws -> [UInt8] {
        guard let text = json as? String else { return [] }
        if isTempo {
            guard let data = Data(base64Encoded: text) else { throw Failure(message: "base64 \(text)") }
            return Array(data)
        }
        let digits = Array(text)
        return try stride(from: 0, to: digits.count, by: 2).map { place in
            guard let byte = UInt8(String(digits[place...(place + 1)]), radix: 16) else {
                throw Failure(message: "hexadecimal \(text)")
            }
            return byte
        }
    }

    private func enumeration(_ json: Any?, _ names: [String]) -> Int32 {
        if let name = json as? String { return Int32(isTempo ? names.firstIndex(of: name) ?? -1000 : -1000) }
        let number = (json as? NSNumber)?.int32Value ?? 0
        // Tempo's flavour writes a name where there is one.
        return isTempo && number > 0 && Int(number) < names.count ? -1000 : number
    }

    private func text(_ json: Any?) -> [UInt8] { Array((json as? String ?? "").utf8) }

    private func count(_ json: Any?) -> UInt32 { (json as? NSNumber)?.uint32Value ?? 0 }

    private func object(_ json: Any) throws -> [String: Any] {
        guard let object = json as? [String: Any] else { throw Failure(message: "object \(json)") }
        return object
    }

    private func list(_ json: Any?) throws -> [[String: Any]] {
        guard let json else { return [] }
        guard let list = json as? [[String: Any]] else { throw Failure(message: "list \(json)") }
        return list
    }
}

extension FlatSpan {
    /// What JSON can tell apart: one NaN, and zero without a sign as Foundation reads it.
    func readableInJSON() -> FlatSpan {
        var flat = self
        flat.resource?.attributes = resource?.attributes.map { $0.readableInJSON() } ?? []
        flat.scope?.attributes = scope?.attributes.map { $0.readableInJSON() } ?? []
        flat.span.attributes = span.attributes.map { $0.readableInJSON() }
        flat.span.events = span.events.map { event in
            var event = event
            event.attributes = event.attributes.map { $0.readableInJSON() }
            return event
        }
        flat.span.links = span.links.map { link in
            var link = link
            link.attributes = link.attributes.map { $0.readableInJSON() }
            return link
        }
        return flat
    }
}

extension OTLPMessage.KeyValue {
    func readableInJSON() -> OTLPMessage.KeyValue { .init(key: key, value: value?.readableInJSON()) }
}

extension OTLPMessage.AnyValue {
    func readableInJSON() -> OTLPMessage.AnyValue {
        switch self {
        case .double(let bits):
            let value = Double(bitPattern: bits)
            return value.isNaN ? .double(.nan) : value == 0 ? .double(0) : self
        case .array(let values): return .array(values.map { $0.readableInJSON() })
        case .keyValueList(let values): return .keyValueList(values.map { $0.readableInJSON() })
        default: return self
        }
    }
}
