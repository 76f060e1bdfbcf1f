// SPDX-License-Identifier: Apache-2.0

import OTLP
import ProtobufMessages
import Testing

/// Text is looked at eight bytes at a time; no place in it may be passed over.
@Suite struct ByteInTextTests {
    @Test func `a byte that is no UTF-8 is found at every place in text of every length`() throws {
        for length in 1...40 {
            for place in 0..<length {
                var text = [UInt8](repeating: 97, count: length)
                text[place] = 0xff
                var repaired = text
                repaired.replaceSubrange(place...place, with: [0xef, 0xbf, 0xbd])
                let resource = Wire.field(1, Wire.field(1, Sample.keyValue("k", Wire.field(1, text))))
                let span = Wire.field(2, Wire.field(2, Sample.ids + Wire.field(5, text)))
                let view = try decoded(Wire.field(1, resource + span)).view
                let written = try Request(decoding: protobuf(view, presence: .always)).flatSpans[0]
                #expect(written.span.name == repaired)
                #expect(written.resource?.attributes.first?.value == .string(repaired))
                let exact = try Request(decoding: protobuf(view)).flatSpans[0]
                #expect(exact.span.name == text)
            }
        }
    }
}
