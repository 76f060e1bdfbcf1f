// SPDX-License-Identifier: Apache-2.0

import ByteCoding
import OTLP
import OTLPGenerator
import ProtobufMessages
import Testing
import TraceModel

@Suite struct VerdictTests {
    private func verdict(_ rejected: [(Int, OTLPVerdict.Reason)]) -> OTLPVerdict {
        var verdict = OTLPVerdict()
        for (ordinal, reason) in rejected { verdict.reject(ordinal: ordinal, reason) }
        return verdict
    }

    private func decodedVerdict(_ bytes: [UInt8]) throws -> OTLPVerdict {
        let span = bytes.rawSpan
        var cursor = ByteCursor(over: span)
        let verdict = try OTLPVerdict(from: &cursor, in: span)
        guard cursor.isAtEnd else { throw OTLPError(.verdictMismatch, "bytes are left") }
        return verdict
    }

    @Test func `the message counts by reason`() {
        #expect(verdict([]).message == nil)
        #expect(
            verdict([(0, .traceIDLength), (4, .zeroSpanID), (9, .traceIDLength)]).message
                == "3 spans rejected: 2 with a trace ID that is not 16 bytes, 1 with an all-zero span ID")
        #expect(verdict([(3, .spanIDLength)]).message == "1 span rejected: 1 with a span ID that is not 8 bytes")
        #expect(verdict([(3, .zeroTraceID)]).message == "1 span rejected: 1 with an all-zero trace ID")
    }

    @Test func `neighbours with one reason are one run`() {
        let verdict = verdict([(1, .zeroSpanID), (2, .zeroSpanID), (3, .zeroTraceID), (5, .zeroTraceID)])
        #expect(verdict.rejections.map(\.firstOrdinal) == [1, 3, 5])
        #expect(verdict.rejections.map(\.spanCount) == [2, 1, 1])
        #expect(verdict.rejectedSpanCount == 4)
    }

    @Test func `a verdict is the same after encoding, and an empty one is one byte`() throws {
        var random = Choices(seed: 3)
        for size in 0..<40 {
            var rejected: [(Int, OTLPVerdict.Reason)] = []
            var ordinal = 0
            for _ in 0..<size {
                ordinal += 1 + random.below(random.oneIn(5) ? 1_000_000 : 2)
                rejected.append((ordinal, random.pick(OTLPVerdict.Reason.allCases)))
            }
            let verdict = verdict(rejected)
            var out = ByteWriter()
            verdict.encode(into: &out)
            let bytes = out.array()
            #expect(size > 0 || bytes == [0])
            #expect(try decodedVerdict(bytes) == verdict)
            for length in bytes.indices {
                #expect(throws: OTLPError.self) { _ = try decodedVerdict(Array(bytes[..<length])) }
            }
        }
    }

    @Test func `damaged verdicts never trap`() throws {
        var random = Choices(seed: 4)
        for _ in 0..<20_000 { _ = try? decodedVerdict(random.bytes(random.below(24))) }
        let huge = Wire.varint(2) + Wire.varint(UInt64(UInt32.max)) + Wire.varint(1) + [1]
        #expect(throws: OTLPError.self) { _ = try decodedVerdict(huge) }
        #expect(throws: OTLPError.self) { _ = try decodedVerdict([1, 0, 0, 1]) }
        #expect(throws: OTLPError.self) { _ = try decodedVerdict([1, 0, 1, 9]) }
    }

    @Test(arguments: 500..<510)
    func `a replay that obeys the verdict stores the same spans`(seed: UInt64) throws {
        var random = RandomOTLP(seed: seed, options: .init(hasBadIDs: true))
        let bytes = try random.request(maximumSpans: 150).encoded()
        let (view, result) = try decoded(bytes)
        var batch = emptyBatch()
        var decoder = OTLPDecoder()
        let count = try decoder.decode(bytes.rawSpan, arrivalSeconds: 7, obeying: result.verdict, into: &batch)
        #expect(count == result.acceptedSpanCount)
        #expect(protobuf(batch.view()) == protobuf(view))
    }

    @Test func `a replay rejects what the verdict says even if it is good today, and keeps zero IDs`() throws {
        let zero = Wire.field(1, [UInt8](repeating: 0, count: 16)) + Wire.field(2, Sample.spanID)
        let bytes = Sample.request(spans: [Sample.ids, zero, Sample.ids + Wire.field(5, "x")])
        var batch = emptyBatch()
        var decoder = OTLPDecoder()
        let old = verdict([(0, .spanIDLength)])
        #expect(try decoder.decode(bytes.rawSpan, arrivalSeconds: 7, obeying: old, into: &batch) == 2)
        let spans = try flatSpans(batch.view()).map(\.span)
        #expect(spans.map(\.traceID) == [[UInt8](repeating: 0, count: 16), Sample.traceID])
        #expect(spans[1].name == Array("x".utf8))
    }

    @Test func `a verdict of another request is refused`() throws {
        let bytes = Sample.request(spans: [Sample.ids, Wire.field(1, [1])])
        var batch = emptyBatch()
        var decoder = OTLPDecoder()
        for wrong in [verdict([]), verdict([(1, .zeroSpanID), (2, .zeroSpanID)])] {
            do {
                try decoder.decode(bytes.rawSpan, arrivalSeconds: 7, obeying: wrong, into: &batch)
                Issue.record("taken")
            } catch {
                #expect(error.code == .verdictMismatch)
            }
            #expect(batch.rowCount == 0)
        }
    }
}
