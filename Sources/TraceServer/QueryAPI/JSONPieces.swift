// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import HummingbirdCore

/// JSON that is sent in pieces of a bounded size, each when the client has taken the one before, however much it
/// tells of.
///
/// Who writes asks for room before; up to ``fixedByteCount`` bytes between two questions need none.
struct JSONPieces: ~Copyable {
    var json = JSONWriter()
    /// Has taken all pieces but the last.
    private(set) var writer: any ResponseBodyWriter
    private(set) var handedOnCount = 0
    private let byteLimit: Int

    static let fixedByteCount = 256

    /// A byte of a text becomes six at most: `\u0001`.
    static let escapedByteCount = 6

    /// - Parameter byteCount: Of a piece.
    init(_ writer: any ResponseBodyWriter, byteCount: Int) {
        self.writer = writer
        byteLimit = max(byteCount, 4 * Self.fixedByteCount)
    }

    func hasRoom(for byteCount: Int) -> Bool { byteCount <= roomByteCount }

    private var roomByteCount: Int { byteLimit - Self.fixedByteCount - json.count }

    /// Sends what was written.
    mutating func handOn() async throws {
        handedOnCount += 1
        try await writer.write(json.takeBuffer())
    }

    /// Writes a text of any length.
    ///
    /// - Parameters:
    ///   - byteCount: Of the text.
    ///   - append: Appends the text as ``append(escaping:from:)`` does.
    mutating func string(_ byteCount: Int, _ append: (inout JSONPieces, Int) -> Int) async throws {
        json.append(json: "\"")
        var next = append(&self, 0)
        while next < byteCount {
            try await handOn()
            next = append(&self, next)
        }
        json.append(json: "\"")
    }

    /// Appends a part of the inside of a text, as much as there is room for.
    ///
    /// - Returns: Where the next part begins.
    mutating func append(escaping text: Span<UInt8>, from start: Int) -> Int {
        let end = min(text.count, start + max(0, roomByteCount) / Self.escapedByteCount)
        json.append(escaping: text.extracting(start..<end))
        return end
    }
}
