// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ByteCoding
internal import QueryEngine
internal import TraceModel

/// Writes the traces of an answer as Protobuf's JSON has them: 64-bit numbers are texts, and what is zero or empty is
/// left out.
///
/// ```
/// {"traceID":"…","rootServiceName":"…","rootTraceName":"…","startTimeUnixNano":"…","durationMs":1,
///  "spanSet":{"spans":[{"spanID":"…","name":"…","startTimeUnixNano":"…","durationNanos":"…","attributes":[…]}],
///             "matched":1,"attributes":[…]},
///  "spanSets":[…],"serviceStats":{"…":{"spanCount":1,"errorCount":1}}}
/// ```
///
/// Goes from column to column and makes no message of its own: most of an answer's time would else be spent here.
struct FoundTracesJSON: Sendable {
    let found: SearchedTraces
    /// The JSON of attributes that were written: most of them are written again and again.
    private var written: [UInt8] = []
    /// By attribute: where its JSON ends in `written`, and how long it is; none of those that were not.
    private var places: [(end: Int32, count: Int32)]

    /// What is kept of the JSON of attributes at most.
    private static let writtenByteLimit = 1 << 20

    init(_ found: SearchedTraces) {
        self.found = found
        places = Array(repeating: (0, 0), count: found.attributes.count)
    }

    /// Bytes in memory, about, beside those of the traces.
    static func byteCount(_ found: SearchedTraces) -> Int {
        found.attributes.count * 8 + min(writtenByteLimit, found.byteCount)
    }

    mutating func write(_ index: Int, to json: inout JSONWriter, isFirst: Bool) {
        let trace = found.traces[index]
        json.append(json: isFirst ? "{\"traceID\":\"" : ",{\"traceID\":\"")
        json.append(hexadecimal: trace.id.high)
        json.append(hexadecimal: trace.id.low)
        json.append(json: "\"")
        if trace.rootService < 0 {
            json.append(json: ",\"rootServiceName\":\"")
            json.append(json: SearchedTrace.missingRootName)
            json.append(json: "\"")
        } else {
            writeText(",\"rootServiceName\":", trace.rootService, to: &json)
            writeText(",\"rootTraceName\":", trace.rootName, to: &json)
        }
        Self.writeNumber(",\"startTimeUnixNano\":\"", trace.start, "\"", to: &json)
        Self.writeNumber(
            ",\"durationMs\":", UInt64(UInt32(clamping: trace.duration / 1_000_000)), "", to: &json)
        writeSpansets(trace.spansets, to: &json)
        writeServices(index, to: &json)
        json.append(json: "}")
    }

    private mutating func writeSpansets(_ part: SearchedTraces.Part, to json: inout JSONWriter) {
        // The older field has the first; clients read one or the other.
        json.append(json: ",\"spanSet\":")
        guard part.count > 0 else { return json.append(json: "{},\"spanSets\":[]") }
        let start = json.count
        let sets = part.indices
        write(found.spansets[sets.lowerBound], to: &json)
        let end = json.count
        json.append(json: ",\"spanSets\":[")
        json.append(jsonAt: start..<end)
        for set in sets.dropFirst() {
            json.append(json: ",")
            write(found.spansets[set], to: &json)
        }
        json.append(json: "]")
    }

    private mutating func write(_ set: SearchedTraces.Spanset, to json: inout JSONWriter) {
        json.append(json: "{\"spans\":[")
        for index in set.spans.indices {
            let span = found.spans[index]
            json.append(json: index > Int(set.spans.first) ? ",{\"spanID\":\"" : "{\"spanID\":\"")
            json.append(hexadecimal: span.spanID)
            json.append(json: "\"")
            writeText(",\"name\":", span.name, to: &json)
            Self.writeNumber(",\"startTimeUnixNano\":\"", span.start, "\"", to: &json)
            Self.writeNumber(",\"durationNanos\":\"", span.duration, "\"", to: &json)
            writeAttributes(span.references, to: &json)
            json.append(json: "}")
        }
        json.append(json: "]")
        Self.writeNumber(",\"matched\":", UInt64(UInt32(clamping: set.matchedCount)), "", to: &json)
        writeAttributes(set.references, to: &json)
        json.append(json: "}")
    }

    private mutating func writeAttributes(_ part: SearchedTraces.Part, to json: inout JSONWriter) {
        guard part.count > 0 else { return }
        json.append(json: ",\"attributes\":[")
        for index in part.indices {
            if index > Int(part.first) { json.append(json: ",") }
            writeAttribute(Int(found.references[index]), to: &json)
        }
        json.append(json: "]")
    }

    private mutating func writeAttribute(_ attribute: Int, to json: inout JSONWriter) {
        let place = places[attribute]
        guard place.count == 0 else {
            return json.append(json: written.rawSpan.extracting(Int(place.end - place.count)..<Int(place.end)))
        }
        let start = json.count
        json.write(found.attributes[attribute])
        guard written.count + json.count - start <= Self.writtenByteLimit else { return }
        written += json.written(start..<json.count)
        places[attribute] = (Int32(written.count), Int32(json.count - start))
    }

    private func writeServices(_ index: Int, to json: inout JSONWriter) {
        let part = found.traces[index].services
        guard part.count > 0 else { return }
        guard !found.services[part.indices].contains(where: { found.texts.form($0.name) == .bytes }) else {
            return writeMergedServices(index, to: &json)
        }
        json.append(json: ",\"serviceStats\":{")
        for index in part.indices {
            let service = found.services[index]
            if index > Int(part.first) { json.append(json: ",") }
            writeText(service.name, to: &json)
            Self.write(spans: service.spanCount, errors: service.errorCount, to: &json)
        }
        json.append(json: "}")
    }

    /// Names that are no UTF-8 may become the same text.
    private func writeMergedServices(_ index: Int, to json: inout JSONWriter) {
        json.append(json: ",\"serviceStats\":{")
        for (place, service) in found.serviceCounts(ofTrace: index).mergedByText.enumerated() {
            if place > 0 { json.append(json: ",") }
            json.string(utf8: service.service)
            Self.write(
                spans: UInt32(clamping: service.spanCount), errors: UInt32(clamping: service.errorCount), to: &json)
        }
        json.append(json: "}")
    }

    private static func write(spans: UInt32, errors: UInt32, to json: inout JSONWriter) {
        json.append(json: ":{")
        writeNumber("\"spanCount\":", UInt64(spans), "", to: &json)
        if spans != 0, errors != 0 { json.append(json: ",") }
        writeNumber("\"errorCount\":", UInt64(errors), "", to: &json)
        json.append(json: "}")
    }

    /// - Parameter name: With its comma and colon; nothing is written of the empty text.
    private func writeText(_ name: StaticString, _ text: Int32, to json: inout JSONWriter) {
        guard found.texts.byteCount(text) > 0 else { return }
        json.append(json: name)
        writeText(text, to: &json)
    }

    private func writeText(_ text: Int32, to json: inout JSONWriter) {
        guard found.texts.form(text) == .plain else { return json.string(utf8: found.texts[text]) }
        json.append(json: "\"")
        json.append(json: found.texts.text(text))
        json.append(json: "\"")
    }

    /// Nothing is written of 0.
    private static func writeNumber(
        _ name: StaticString, _ number: UInt64, _ end: StaticString, to json: inout JSONWriter
    ) {
        guard number != 0 else { return }
        json.append(json: name)
        json.append(decimal: number)
        json.append(json: end)
    }
}
