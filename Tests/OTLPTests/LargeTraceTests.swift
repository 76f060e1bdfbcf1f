// SPDX-License-Identifier: Apache-2.0

import ByteCoding
import OTLP
import Testing
import TraceModel

@Suite struct LargeTraceTests {
    @Test func `a trace of a million spans is written in one go`() throws {
        var spans: [UInt8] = []
        let span = Wire.field(2, Sample.ids + Wire.field(5, "n"))
        for _ in 0..<10_000 { spans += span }
        let requests = (0..<2).map { scope in
            Wire.field(1, Wire.field(2, Wire.field(1, Wire.field(1, "scope \(scope)")) + spans))
        }
        var batch = emptyBatch()
        var decoder = OTLPDecoder()
        for index in 0..<100 {
            let request = requests[index % 2]
            _ = try decoder.decode(request.rawSpan, arrivalSeconds: 0, into: &batch)
        }
        let view = batch.view()
        #expect(view.rowCount == 1_000_000)
        let bytes = protobuf(view, presence: .always)
        let again = try decoded(bytes)
        #expect(again.result.acceptedSpanCount == 1_000_000)
        #expect(again.view.scope[499_999] != again.view.scope[500_000])
        var text = ByteWriter()
        OTLPEncoder().encodeJSON(Array(0..<view.rowCount), of: view, flavor: .openTelemetry, into: &text)
        #expect(text.count > 90_000_000)
    }
}
