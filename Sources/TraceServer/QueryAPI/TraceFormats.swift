// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import NIOCore
internal import OTLP
internal import ProtobufMessages
internal import QueryEngine

/// Encoded messages one after the other are one message with all of their lists' elements.
struct TraceProtobuf: TraceFormat {
    /// What stands before and behind the trace.
    private var head: [UInt8] = []
    private var tail: [UInt8] = []
    /// The trace, if it is one slice that is made already.
    private var made: ByteBuffer?

    /// Version 1 of Tempo's API: the trace alone.
    init() {}

    /// Version 2: the trace is the first field. Its length stands before it, for which a trace of several slices is
    /// made twice.
    init(_ body: TraceBody) async throws {
        var byteCount = 0
        for slice in 0..<body.sliceCount {
            let bytes = try body.slice(slice, TraceProtobuf())
            byteCount += bytes.readableBytes
            if body.sliceCount == 1 { made = bytes }
            try Task.checkCancellation()
            await Task.yield()
        }
        var head = ByteWriter()
        head.append(0x0a as UInt8)
        head.append(varint: UInt64(byteCount))
        self.head = head.array()
        let found = body.found
        let rest = TraceByIDResponse(
            trace: [], inspectedByteCount: UInt64(found?.inspectedByteCount ?? 0),
            isPartial: found?.partialReason != nil, message: found?.partialReason ?? "")
        // Without the empty trace that it begins with.
        tail = Array(try rest.encoded().dropFirst(2))
    }

    func write(_ places: Range<Int>, of found: FoundTrace, _ encoder: OTLPEncoder, to buffer: inout ByteBuffer) {
        if places.lowerBound == 0 { buffer.writeBytes(head) }
        if let made {
            buffer.writeImmutableBuffer(made)
        } else {
            var bytes = ByteWriter(capacity: 64 << 10)
            encoder.encodeProtobuf(Array(found.rows[places]), of: found.spans, into: &bytes)
            buffer.write(bytes.bytes)
        }
        if places.upperBound == found.rows.count { buffer.writeBytes(tail) }
    }

    func writeEmpty(to buffer: inout ByteBuffer) {
        buffer.writeBytes(head)
        buffer.writeBytes(tail)
    }
}

/// The lists of all slices become one list.
struct TraceJSON: TraceFormat {
    /// `batches` or `resourceSpans`.
    let listName: StaticString
    /// What stands before and behind the object that holds the list.
    let head: String
    let tail: String

    init(listName: StaticString, head: String, tail: String) {
        self.listName = listName
        self.head = head
        self.tail = tail
    }

    /// Version 2 of Tempo's API.
    init(_ found: FoundTrace?) {
        var json = JSONWriter()
        json.object { json in
            json.name("metrics")
            let byteCount = UInt64(found?.inspectedByteCount ?? 0)
            // Zeros are left out of protobuf's JSON.
            json.object { if byteCount > 0 { $0.field("inspectedBytes", byteCount) } }
            if let reason = found?.partialReason {
                json.field("status", "PARTIAL")
                json.field("message", reason)
            }
        }
        // The fields continue the object that `head` begins.
        let fields = String(decoding: json.array(), as: UTF8.self).dropFirst()
        self.init(listName: "resourceSpans", head: "{\"trace\":", tail: ",\(fields)")
    }

    func write(_ places: Range<Int>, of found: FoundTrace, _ encoder: OTLPEncoder, to buffer: inout ByteBuffer) {
        let (isFirst, isLast) = (places.lowerBound == 0, places.upperBound == found.rows.count)
        var bytes = ByteWriter(capacity: 64 << 10)
        let rows = Array(found.rows[places])
        encoder.encodeJSON(rows, of: found.spans, flavor: .tempo(listName: listName), into: &bytes)
        // The encoder writes {"name":[…]}: what stands around the dots is kept once.
        let opening = listName.utf8CodeUnitCount + 5
        let start = isFirst ? 0 : opening
        let end = isLast ? bytes.count : bytes.count - 2
        buffer.writeString(isFirst ? head : ",")
        buffer.write(bytes.bytes.extracting(start..<end))
        if isLast { buffer.writeString(tail) }
    }

    func writeEmpty(to buffer: inout ByteBuffer) { buffer.writeString(head + "{}" + tail) }
}
