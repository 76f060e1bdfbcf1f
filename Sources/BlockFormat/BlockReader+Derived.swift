// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import TraceModel

extension BlockReader {
    /// The derived column of a row group: nanoseconds that each of its rows is on its trace's critical path.
    ///
    /// It holds for what the block has of a trace; nothing can be said by it of a trace that has spans elsewhere too.
    ///
    /// - Parameter version: Of the definition that the caller knows.
    /// - Returns: Nil if the block has no such column, or one by another definition, older or newer: compute it then.
    /// - Throws: ``BlockError`` if the column can't be read.
    package func criticalNanoseconds(ofRowGroup group: Int, version: UInt8) async throws -> [UInt64]? {
        guard footer.criticalPathVersion == version, version > 0 else { return nil }
        let columns = [FixedColumn.critical, .duration]
        let decoder = try await decoder(
            of: group, try await directory(of: group), columns: Set(columns.map(\.rawValue)))
        guard decoder.chunk(FixedColumn.critical.rawValue) != nil else {
            throw BlockError(.corrupted, "row group \(group) of block \(id) lacks its derived column")
        }
        let count = decoder.entry.rowCount
        var stored = FlatBuffer<UInt64>(capacity: count)
        var durations = FlatBuffer<UInt64>(capacity: count)
        try decoder.integers(FixedColumn.critical.rawValue, count: count, 0..<count, into: &stored)
        try decoder.integers(FixedColumn.duration.rawValue, count: count, 0..<count, into: &durations)
        return (0..<count).map { row in
            switch stored[row] {
            case 0: 0
            case 1: durations[row]
            default: stored[row] - 1
            }
        }
    }
}
