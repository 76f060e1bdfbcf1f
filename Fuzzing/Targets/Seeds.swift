// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import FileIO
internal import OTLP
internal import OTLPGenerator
internal import ProtobufMessages
internal import TraceModel

typealias Request = OTLPMessage.ExportTraceServiceRequest

let pool = SlabPool(retainedByteLimit: 64 << 20)

/// Writes the seeds of every target into a folder of its name.
func writeSeeds(into directory: String) throws {
    let files = LocalFileSystem()
    for target in FuzzTarget.allCases {
        let folder = "\(directory)/\(target.rawValue)"
        try files.createDirectory(folder)
        for (number, seed) in try target.seeds().enumerated() {
            let file = try files.open("\(folder)/seed-\(number < 10 ? "0" : "")\(number)", .createNew)
            try file.write(seed, at: 0)
            try file.synchronize()
        }
    }
}

/// Made-up requests, encoded, of at most `byteLimit` bytes each, the larger the later.
func madeUpRequests(
    _ count: Int, byteLimit: Int, seed: UInt64, options: RandomOTLP.Options = .init()
) throws -> [[UInt8]] {
    var random = RandomOTLP(seed: seed, options: options)
    var requests: [[UInt8]] = []
    while requests.count < count {
        let request = random.request(maximumSpans: 2 + requests.count)
        let bytes = try request.encoded()
        let hasSpans = request.resourceSpans.contains { $0.scopeSpans.contains { !$0.spans.isEmpty } }
        if hasSpans, bytes.count <= byteLimit { requests.append(bytes) }
    }
    return requests
}

/// The spans of a request in a batch of their own.
func decoded(_ request: [UInt8]) throws(OTLPError) -> (view: SpanBatchView, result: OTLPDecodeResult) {
    var batch = SpanBatch(pool: pool)
    var decoder = OTLPDecoder()
    let result = try decoder.decode(request.rawSpan, arrivalSeconds: 7, into: &batch)
    return (batch.view(), result)
}

func protobuf(_ view: SpanBatchView, _ presence: OTLPEncoder.Presence = .exact) -> [UInt8] {
    var out = ByteWriter()
    OTLPEncoder(presence: presence).encodeProtobuf(Array(0..<view.rowCount), of: view, into: &out)
    return out.array()
}

func json(_ view: SpanBatchView, _ flavor: OTLPEncoder.JSONFlavor) -> [UInt8] {
    var out = ByteWriter()
    OTLPEncoder().encodeJSON(Array(0..<view.rowCount), of: view, flavor: flavor, into: &out)
    return out.array()
}

/// What each row holds, in the order of the rows.
func digests(_ view: SpanBatchView) -> [SpanDigest] {
    var scratch = ByteWriter()
    return (0..<view.rowCount).map { SpanDigest(view, row: $0, scratch: &scratch) }
}

/// The same without an order.
func counted(_ digests: [SpanDigest]) -> [SpanDigest: Int] { digests.reduce(into: [:]) { $0[$1, default: 0] += 1 } }

/// A small generator of numbers for seeds: the same sequence everywhere.
struct SeededChoices {
    private var generator: SeededGenerator

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    mutating func below(_ bound: Int) -> Int { generator.next(below: bound) }
    mutating func word() -> UInt64 { generator.next() }
}
