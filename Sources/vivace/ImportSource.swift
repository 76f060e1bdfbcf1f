// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import FileIO
internal import OTLP
internal import Synchronization
internal import TerminalRendering
internal import TraceModel

/// Makes OTLP requests of lines of OTLP JSON, for whoever asks next, on a thread of its own.
final class ImportSource: Sendable {
    /// An ExportTraceServiceRequest, which is what several TracesData one after another are.
    struct Item: Sendable {
        var body: [UInt8]
        var spanCount: Int
        var file: String
        /// The lines that it was made of.
        var lines: ClosedRange<Int>

        /// As in `traces.jsonl:3-17`.
        var place: String {
            "\(file):\(lines.lowerBound)" + (lines.count > 1 ? "-\(lines.upperBound)" : "")
        }
    }

    private let state: Mutex<ImportReading>
    private let progress = Mutex(ImportReport())
    private let thread: BlockingExecutor

    init(_ paths: [String]) throws {
        state = Mutex(ImportReading(paths))
        thread = try BlockingExecutor(name: "import", threadCount: 1)
    }

    /// What was read so far.
    var report: ImportReport { progress.withLock { $0 } }

    /// Nil when everything was handed out.
    ///
    /// - Throws: `.usage` if a file can't be read.
    func next() async throws -> Item? {
        try await thread.run {
            try self.state.withLock { reading in
                defer { self.progress.withLock { $0 = reading.report } }
                return try reading.next()
            }
        }
    }
}

/// Where the reading of the files stands.
///
/// A line is judged before it is sent: what is no OTLP is named with its number and left out, so that it does not take
/// a whole request with it.
private struct ImportReading: ~Copyable {
    private(set) var report = ImportReport()
    private var lines: FileLines
    private var decoder = OTLPDecoder()
    private let pool = SlabPool(retainedByteLimit: 64 << 20)
    /// Made but not yet handed out, last first.
    private var pending: [ImportSource.Item] = []
    /// Whether a file could not be read; nothing follows then.
    private var hasFailed = false

    /// Requests are filled up to here: no server has trouble with it, and the work of reading it is spread.
    private static let requestByteCount = 1 << 20
    /// A line that takes more is sent in several requests: a server takes 20 MiB, or 64 MiB compressed.
    private static let wholeLineByteLimit = 8 << 20
    /// Who imports a wrong file need not be told of each of its lines.
    private static let namedLineLimit = 100

    init(_ paths: [String]) { lines = FileLines(paths) }

    mutating func next() throws -> ImportSource.Item? {
        guard !hasFailed else { return nil }
        do {
            return try nextItem()
        } catch {
            hasFailed = true
            throw error
        }
    }

    private mutating func nextItem() throws -> ImportSource.Item? {
        var item = pending.popLast()
        while item?.body.count ?? 0 < Self.requestByteCount, let line = try lines.next() {
            report.lineCount += 1
            report.readByteCount = lines.readByteCount
            try refuseCompressed(line)
            let read = judged(line)
            guard let first = read.last else { continue }
            guard read.count == 1, item == nil || item?.file == first.file else {
                pending = read
                return item ?? pending.popLast()
            }
            if item == nil {
                item = first
            } else {
                item?.body += first.body
                item?.spanCount += first.spanCount
                let firstLine = item?.lines.lowerBound ?? line.number
                item?.lines = firstLine...line.number
            }
        }
        report.readByteCount = lines.readByteCount
        return item
    }

    /// The line as a request, or as several, last first; none if it is no OTLP or has no spans.
    private mutating func judged(_ line: FileLines.Line) -> [ImportSource.Item] {
        do {
            let body = try JSONTranscoder.protobuf(line.bytes.rawSpan)
            var batch = SpanBatch(pool: pool)
            let result = try decoder.decode(body.rawSpan, arrivalSeconds: 0, into: &batch)
            if result.spanCount == 0 { report.emptyLineCount += 1 }
            guard body.count > Self.wholeLineByteLimit else {
                guard result.spanCount > 0 else { return [] }
                return [item(body, result.spanCount, line)]
            }
            if let message = result.verdict.message {
                report.sent.rejectedSpanCount += result.verdict.rejectedSpanCount
                report.sent.firstProblem = report.sent.firstProblem ?? message
                Output.complain("\(line.file):\(line.number): not everything stored: \(message)")
            }
            return parts(of: batch.view(), byteCount: body.count, line)
        } catch {
            complain(of: line, error)
            return []
        }
    }

    private mutating func complain(of line: FileLines.Line, _ error: any Error) {
        report.badLineCount += 1
        if report.badLineCount <= Self.namedLineLimit {
            Output.complain("\(line.file):\(line.number): \(escapedForTerminal("\(error)"))")
        }
        if report.badLineCount == 1, line.bytes == [UInt8(ascii: "{")] {
            Output.complain("one JSON document a line is wanted: `jq -c . FILE | vivace import -` makes them so")
        }
        if report.badLineCount == Self.namedLineLimit {
            Output.complain("further bad lines are counted, not named")
        }
    }

    /// - Throws: `.usage` for what no line of it can be read.
    private func refuseCompressed(_ line: FileLines.Line) throws {
        guard line.number == 1 else { return }
        for (start, reader) in [([0x1f, 0x8b], "zcat"), ([0x28, 0xb5, 0x2f, 0xfd], "zstdcat")] as [([UInt8], String)]
        where line.bytes.starts(with: start) {
            throw CommandError(.usage, "\(line.file) is compressed: `\(reader) FILE | vivace import -` reads it")
        }
    }

    /// The good spans of a long line in requests of some megabytes.
    private func parts(of view: SpanBatchView, byteCount: Int, _ line: FileLines.Line) -> [ImportSource.Item] {
        let rowCount = max(1, view.rowCount * (Self.wholeLineByteLimit / 2) / byteCount)
        let starts = stride(from: 0, to: view.rowCount, by: rowCount)
        return starts.reversed().map { start in
            let rows = Array(start..<min(start + rowCount, view.rowCount))
            var out = ByteWriter(capacity: Self.wholeLineByteLimit)
            OTLPEncoder(presence: .exact).encodeProtobuf(rows, of: view, into: &out)
            return item(out.array(), rows.count, line)
        }
    }

    private func item(_ body: [UInt8], _ spanCount: Int, _ line: FileLines.Line) -> ImportSource.Item {
        ImportSource.Item(body: body, spanCount: spanCount, file: line.file, lines: line.number...line.number)
    }
}
