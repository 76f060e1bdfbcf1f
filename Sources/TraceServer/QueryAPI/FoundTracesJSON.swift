// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ByteCoding
internal import QueryEngine
internal import TraceModel
internal import TraceQL

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
/// Goes from column to column and makes no message of its own: most of an answer's time would else be spent here. Every
/// text and attribute is written where there is room for it at its longest, and a longer one part by part.
struct FoundTracesJSON: Sendable {
    let found: SearchedTraces
    /// The JSON of attributes that were written: most of them are written again and again.
    private var written: [UInt8] = []
    private var writtenByteLimit = 0
    /// By attribute: where its JSON ends in `written`, and how long it is; none of those that were not. Empty if none
    /// are kept.
    private var places: [(end: Int32, count: Int32)] = []

    /// What is kept of the JSON of attributes at most.
    private static let writtenByteLimit = 1 << 20
    /// A spanset of up to so many bytes is copied where it stands again, and not written again.
    private static let copiedByteLimit = 16 << 10

    /// - Parameter memory: Of which some is taken to keep attributes, if there is as much.
    init(_ found: SearchedTraces, _ memory: QueryMemory?) {
        self.found = found
        guard !found.attributes.isEmpty else { return }
        let limit = min(Self.writtenByteLimit, found.byteCount)
        do { try memory?.holdMore(limit + found.attributes.count * 8) } catch { return }
        writtenByteLimit = limit
        written.reserveCapacity(limit)
        places = Array(repeating: (0, 0), count: found.attributes.count)
    }

    /// Writes all traces.
    ///
    /// An asynchronous call costs as much as writing a span. So the ways that nearly all traces go are in one function,
    /// or in those that write as much as there is room for.
    mutating func write(to pieces: inout JSONPieces) async throws {
        for index in found.traces.indices {
            let trace = found.traces[index]
            if !pieces.hasRoom(for: 0) { try await pieces.handOn() }
            writeID(trace, isFirst: index == 0, to: &pieces.json)
            if trace.rootService >= 0 {
                if !write(",\"rootServiceName\":", trace.rootService, to: &pieces) {
                    try await writeParts(of: trace.rootService, to: &pieces)
                }
                if !write(",\"rootTraceName\":", trace.rootName, to: &pieces) {
                    try await writeParts(of: trace.rootName, to: &pieces)
                }
            }
            Self.write(",\"startTimeUnixNano\":\"", trace.start, "\"", to: &pieces.json)
            Self.write(
                ",\"durationMs\":", UInt64(UInt32(clamping: trace.duration / 1_000_000)), "", to: &pieces.json)
            try await writeSpansets(trace.spansets, to: &pieces)
            let services = found.legibleServices(ofTrace: index)
            var next = write(services, from: services.startIndex, to: &pieces)
            while next < services.endIndex {
                try await writeParts(of: services[next].name, to: &pieces)
                Self.writeCounts(services[next], to: &pieces.json)
                next = write(services, from: next + 1, to: &pieces)
            }
            pieces.json.append(json: services.isEmpty ? "}" : "}}")
        }
    }

    private func writeID(_ trace: SearchedTraces.Trace, isFirst: Bool, to json: inout JSONWriter) {
        json.append(json: isFirst ? "{\"traceID\":\"" : ",{\"traceID\":\"")
        json.append(hexadecimal: trace.id.high)
        json.append(hexadecimal: trace.id.low)
        json.append(json: "\"")
        guard trace.rootService < 0 else { return }
        json.append(json: ",\"rootServiceName\":\"")
        json.append(json: SearchedTrace.missingRootName)
        json.append(json: "\"")
    }

    @inline(__always)
    private mutating func writeSpansets(_ part: SearchedTraces.Part, to pieces: inout JSONPieces) async throws {
        // The older field has the first; clients read one or the other.
        pieces.json.append(json: ",\"spanSet\":")
        guard part.count > 0 else { return pieces.json.append(json: "{},\"spanSets\":[]") }
        let (start, handedOnCount) = (pieces.json.count, pieces.handedOnCount)
        var end = start
        // The first one twice.
        for number in -1..<Int(part.count) {
            if number >= 0 { pieces.json.append(json: number == 0 ? ",\"spanSets\":[" : ",") }
            if number == 0, pieces.handedOnCount == handedOnCount, end - start <= Self.copiedByteLimit,
                pieces.hasRoom(for: end - start)
            {
                pieces.json.append(jsonAt: start..<end)
                continue
            }
            let set = found.spansets[Int(part.first) + max(0, number)]
            if !pieces.hasRoom(for: 0) { try await pieces.handOn() }
            pieces.json.append(json: "{\"spans\":[")
            for index in set.spans.indices {
                let span = found.spans[index]
                pieces.json.append(json: index > Int(set.spans.first) ? ",{\"spanID\":\"" : "{\"spanID\":\"")
                pieces.json.append(hexadecimal: span.spanID)
                pieces.json.append(json: "\"")
                if !write(",\"name\":", span.name, to: &pieces) { try await writeParts(of: span.name, to: &pieces) }
                Self.write(",\"startTimeUnixNano\":\"", span.start, "\"", to: &pieces.json)
                Self.write(",\"durationNanos\":\"", span.duration, "\"", to: &pieces.json)
                if !write(span.references, to: &pieces) { try await writeParts(of: span.references, to: &pieces) }
                pieces.json.append(json: "}")
            }
            pieces.json.append(json: "]")
            Self.write(",\"matched\":", UInt64(UInt32(clamping: set.matchedCount)), "", to: &pieces.json)
            if !write(set.references, to: &pieces) { try await writeParts(of: set.references, to: &pieces) }
            pieces.json.append(json: "}")
            end = pieces.json.count
        }
        pieces.json.append(json: "]")
    }

    /// Writes services as far as there is room, and what stands before the name of the next one.
    ///
    /// - Returns: The next one.
    private func write(
        _ services: ArraySlice<SearchedTraces.Service>, from first: Int, to pieces: inout JSONPieces
    ) -> Int {
        for index in first..<services.endIndex {
            pieces.json.append(json: index == services.startIndex ? ",\"serviceStats\":{" : ",")
            guard write(services[index].name, to: &pieces) else { return index }
            Self.writeCounts(services[index], to: &pieces.json)
        }
        return services.endIndex
    }

    private static func writeCounts(_ service: SearchedTraces.Service, to json: inout JSONWriter) {
        json.append(json: ":{")
        write("\"spanCount\":", UInt64(service.spanCount), "", to: &json)
        if service.spanCount != 0, service.errorCount != 0 { json.append(json: ",") }
        write("\"errorCount\":", UInt64(service.errorCount), "", to: &json)
        json.append(json: "}")
    }

    // MARK: - Texts and numbers

    /// Writes a field of a text, or its name alone if there is no room.
    ///
    /// - Parameter name: With its comma and colon; nothing is written of the empty text.
    /// - Returns: Whether the text is written.
    private func write(_ name: StaticString, _ text: Int32, to pieces: inout JSONPieces) -> Bool {
        guard found.texts.byteCount(text) > 0 else { return true }
        pieces.json.append(json: name)
        return write(text, to: &pieces)
    }

    /// Writes a text if there is room for it, and it is plain.
    private func write(_ text: Int32, to pieces: inout JSONPieces) -> Bool {
        guard found.texts.isPlain(text), pieces.hasRoom(for: found.texts.byteCount(text)) else { return false }
        pieces.json.append(json: "\"")
        pieces.json.append(json: found.texts.text(text))
        pieces.json.append(json: "\"")
        return true
    }

    private func writeParts(of text: Int32, to pieces: inout JSONPieces) async throws {
        let text = found.texts.legible(text)
        if !pieces.hasRoom(for: 0) { try await pieces.handOn() }
        try await pieces.string(found.texts.byteCount(text)) { $0.append(escaping: found.texts.utf8(text), from: $1) }
    }

    /// Nothing is written of 0.
    private static func write(_ name: StaticString, _ number: UInt64, _ end: StaticString, to json: inout JSONWriter) {
        guard number != 0 else { return }
        json.append(json: name)
        json.append(decimal: number)
        json.append(json: end)
    }
}

// MARK: - Attributes

extension FoundTracesJSON {
    /// Writes attributes if there is room for all of them.
    private mutating func write(_ part: SearchedTraces.Part, to pieces: inout JSONPieces) -> Bool {
        // What follows without one has room in any case.
        guard part.count > 0 else { return pieces.hasRoom(for: 0) }
        let start = pieces.json.count
        pieces.json.append(json: ",\"attributes\":[")
        for index in part.indices {
            if index > Int(part.first) { pieces.json.append(json: ",") }
            guard writeWhole(Int(found.references[index]), to: &pieces) else {
                pieces.json.truncate(to: start)
                return false
            }
        }
        pieces.json.append(json: "]")
        return true
    }

    /// Writes attributes one by one.
    private mutating func writeParts(of part: SearchedTraces.Part, to pieces: inout JSONPieces) async throws {
        if !pieces.hasRoom(for: 0) { try await pieces.handOn() }
        guard part.count > 0 else { return }
        pieces.json.append(json: ",\"attributes\":[")
        for index in part.indices {
            if index > Int(part.first) { pieces.json.append(json: ",") }
            let attribute = Int(found.references[index])
            if writeWhole(attribute, to: &pieces) { continue }
            try await pieces.handOn()
            if !writeWhole(attribute, to: &pieces) { try await writeParts(ofAttribute: attribute, to: &pieces) }
        }
        pieces.json.append(json: "]")
    }

    /// Writes an attribute if there is room for it.
    private mutating func writeWhole(_ attribute: Int, to pieces: inout JSONPieces) -> Bool {
        if !places.isEmpty, case let place = places[attribute], place.count > 0 {
            guard pieces.hasRoom(for: Int(place.count)) else { return false }
            pieces.json.append(json: written.rawSpan.extracting(Int(place.end - place.count)..<Int(place.end)))
            return true
        }
        guard pieces.hasRoom(for: JSONPieces.escapedByteCount * found.byteCount(ofAttribute: attribute)) else {
            return false
        }
        let start = pieces.json.count
        pieces.json.write(found.attributes[attribute])
        let byteCount = pieces.json.count - start
        guard written.count + byteCount <= writtenByteLimit else { return true }
        written += pieces.json.written(start..<(start + byteCount))
        places[attribute] = (Int32(written.count), Int32(byteCount))
        return true
    }

    private func writeParts(ofAttribute index: Int, to pieces: inout JSONPieces) async throws {
        let attribute = found.attributes[index]
        pieces.json.append(json: "{\"key\":")
        try await writeParts(of: attribute.name, to: &pieces)
        pieces.json.append(json: ",\"value\":")
        try await writeParts(of: attribute.value, to: &pieces)
        pieces.json.append(json: "}")
    }

    private func writeParts(of value: StaticValue, to pieces: inout JSONPieces) async throws {
        if !pieces.hasRoom(for: 0) { try await pieces.handOn() }
        switch value {
        case .string(let text):
            pieces.json.append(json: "{\"stringValue\":")
            try await writeParts(of: text, to: &pieces)
            pieces.json.append(json: "}")
        case .array(let values):
            pieces.json.append(json: "{\"arrayValue\":{\"values\":[")
            for (place, value) in values.enumerated() {
                if place > 0 { pieces.json.append(json: ",") }
                try await writeParts(of: value, to: &pieces)
            }
            pieces.json.append(json: "]}}")
        case .absent, .int, .float, .boolean, .duration, .status, .kind, .opaque: pieces.json.write(value)
        }
    }

    private func writeParts(of text: String, to pieces: inout JSONPieces) async throws {
        try await pieces.string(text.utf8.count) { $0.append(escaping: text.utf8Span.span, from: $1) }
    }
}
