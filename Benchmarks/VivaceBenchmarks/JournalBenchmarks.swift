// SPDX-License-Identifier: Apache-2.0

internal import Benchmark
internal import FileIO
internal import TraceModel
internal import TraceStorage

/// What stands between a decoded request and its acknowledgement.
func journalBenchmarks() {
    let options = JournalOptions()
    Benchmark.perSpan("journal: make records (lz4, checksum)") { _, corpus in
        for _ in 0..<Corpus.passCount {
            for request in corpus.requests { blackHole(try record(of: request).encoded(with: options.compression)) }
        }
    }
    _ = Benchmark(
        "journal: append, fsync for every 16 requests", configuration: .oneOf(.mega),
        closure: { (benchmark: Benchmark, journal: JournalOnDisk) in
            benchmark.startMeasurement()
            try journal.appendAll()
            benchmark.stopMeasurement()
            try await journal.empty()
        },
        setup: { try await JournalOnDisk(options) })
}

private func record(of request: [UInt8]) -> JournalRecord {
    JournalRecord(
        arrivalNanoseconds: Corpus.arrivalNanoseconds, tenant: .single, mediaType: .otlpProtobuf,
        contentEncoding: .identity, payload: request)
}

/// A journal in a temporary directory; the benchmark's own thread writes it.
private struct JournalOnDisk {
    private static let requestsPerGroup = 16

    private let corpus: Corpus
    private let directory: TemporaryDirectory
    private let journal: LocalJournal

    init(_ options: JournalOptions) async throws {
        corpus = try Corpus()
        directory = try TemporaryDirectory()
        var random = SystemRandomNumberGenerator()
        journal = try await LocalJournal.open(
            directory.path, incarnation: .random(using: &random), options: options,
            now: { Corpus.arrivalNanoseconds })
    }

    /// Appends the corpus's requests ``Corpus/passCount`` times and makes them durable.
    func appendAll() throws {
        for pass in 0..<Corpus.passCount {
            for (index, request) in corpus.requests.enumerated() {
                blackHole(try journal.append(record(of: request)))
                if (pass * corpus.requests.count + index) % Self.requestsPerGroup == 0 { _ = journal.writeGroup() }
            }
        }
        while journal.writeGroup() {}
    }

    /// Deletes what was appended.
    func empty() async throws { try await journal.release(try journal.rotate()) }
}
