// SPDX-License-Identifier: Apache-2.0

// What reading columns takes in memory, for those who count it before.

extension BlockReader {
    /// Bytes in memory, about, that reading what a search shows of spans of a row group takes, and the values of some
    /// subjects.
    package func shownByteCount(of subjects: [SpanSubject], _ parts: PartColumns, group: Int) async throws -> Int {
        let fixed: [FixedColumn] = [.spanID, .start, .duration, .name]
        var columns = Set(fixed.map(\.rawValue))
        for subject in subjects {
            columns.formUnion(self.columns(of: subject).union(parts.columns(of: subject)))
            if case .spanAttribute = subject, schema.hasRest(.span) { columns.formUnion(RestColumns(.span).all) }
        }
        return try await byteCount(ofColumns: columns, group: group)
    }

    /// Bytes in memory, about, that ``keyColumns(of:group:)`` takes beside what it returns.
    package func keyByteCount(group: Int) async throws -> Int {
        try await byteCount(ofColumns: Set(Self.keyColumns.map(\.rawValue)), group: group)
    }

    /// Bytes in memory, about, that reading some columns of a row group takes.
    func byteCount(ofColumns columns: Set<UInt32>, group: Int) async throws -> Int {
        let directory = try await directory(of: group)
        // A compressed chunk says only how much it is then.
        return columns.reduce(0) { sum, column in
            sum + (directory.chunk(column).map { 5 * $0.byteCount + 8 * $0.valueCount } ?? 0)
        }
    }
}
