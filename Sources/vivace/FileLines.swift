// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// Cuts bytes that come in pieces into lines.
struct LineSplitter {
    private var pending: [UInt8] = []
    /// Where the next line begins.
    private var start = 0
    /// Up to where no line feed was found.
    private var searched = 0

    mutating func append(_ piece: [UInt8]) {
        pending.removeFirst(start)
        searched -= start
        start = 0
        pending += piece
    }

    /// The next whole line, without its line feed.
    mutating func next() -> [UInt8]? {
        while searched < pending.count {
            if pending[searched] == UInt8(ascii: "\n") {
                defer {
                    searched += 1
                    start = searched
                }
                return Array(pending[start..<searched])
            }
            searched += 1
        }
        return nil
    }

    /// What stands behind the last line feed; nil if nothing does.
    mutating func rest() -> [UInt8]? {
        defer { self = LineSplitter() }
        return start < pending.count ? Array(pending[start...]) : nil
    }

    /// Bytes of the line that has not ended yet.
    var pendingByteCount: Int { pending.count - start }
}

/// Reads files line by line; `-` is standard input. Reading blocks.
struct FileLines {
    struct Line {
        var bytes: [UInt8]
        /// As in `traces.jsonl:12`.
        var file: String
        var number: Int
    }

    private var paths: ArraySlice<String>
    private var open: (file: String, handle: FileHandle)?
    private var splitter = LineSplitter()
    private var number = 0
    /// Bytes read so far.
    private(set) var readByteCount = 0

    private static let pieceByteCount = 1 << 20
    /// A trace of a million spans has about this much JSON.
    private static let lineByteLimit = 1 << 30

    init(_ paths: [String]) { self.paths = paths[...] }

    /// Bytes of all the files; nil if one of them has no length, as a pipe.
    static func byteCount(of paths: [String]) -> Int? {
        var total = 0
        for path in paths {
            let attributes = path == "-" ? nil : try? FileManager.default.attributesOfItem(atPath: path)
            guard let attributes, attributes[.type] as? FileAttributeType == .typeRegular,
                let size = attributes[.size] as? NSNumber
            else { return nil }
            total += size.intValue
        }
        return total
    }

    /// The next line with something on it; nil at the end of the last file.
    ///
    /// - Throws: `.usage` if a file can't be read or has an endless line.
    mutating func next() throws -> Line? {
        while true {
            while let bytes = splitter.next() {
                if let line = line(bytes) { return line }
            }
            guard let (file, handle) = try openFile() else { return nil }
            guard splitter.pendingByteCount < Self.lineByteLimit else {
                throw CommandError(.usage, "\(file):\(number + 1): the line is longer than 1 GiB")
            }
            let piece = try Self.read(handle, file)
            readByteCount += piece.count
            if !piece.isEmpty {
                splitter.append(piece)
                continue
            }
            open = nil
            if let line = splitter.rest().flatMap({ line($0) }) { return line }
        }
    }

    private mutating func line(_ bytes: [UInt8]) -> Line? {
        number += 1
        let isBlank = bytes.allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0d }
        return isBlank ? nil : Line(bytes: bytes, file: open?.file ?? lastFile, number: number)
    }

    /// Whose last line has no line feed.
    private var lastFile = ""

    private mutating func openFile() throws -> (String, FileHandle)? {
        if let open { return open }
        guard let path = paths.popFirst() else { return nil }
        number = 0
        if path == "-" {
            open = ("standard input", .standardInput)
        } else {
            let handle = try? FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            guard let handle else {
                let reason = FileManager.default.fileExists(atPath: path) ? "it can't be read" : "there is no such file"
                throw CommandError(.usage, "cannot open \(path): \(reason)")
            }
            open = (path, handle)
        }
        lastFile = open?.file ?? ""
        return open
    }

    private static func read(_ handle: FileHandle, _ file: String) throws -> [UInt8] {
        do {
            return [UInt8](try handle.read(upToCount: pieceByteCount) ?? Data())
        } catch {
            throw CommandError(.usage, "cannot read \(file): \(error.localizedDescription)")
        }
    }
}
