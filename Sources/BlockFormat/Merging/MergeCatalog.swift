// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import ColumnEncoding
internal import TraceModel

/// What a merge of blocks knows before it reads the first row: the output's columns, shapes, resources, scopes and
/// dictionaries, and what the codes of each input are there.
///
/// A column has a dictionary in the output if its distinct values are as few as a block's writer demands. They are
/// counted from the inputs' dictionaries; where an input has none for a column but few values, from its row groups.
package final class MergeCatalog: @unchecked Sendable {
    // Safe to send: nothing changes after it was made.
    let tables: MergeSchema
    /// Numbers of columns: all are below.
    let columnCount: Int
    /// Of the output, by rising column.
    let dictionaries: [MergedDictionary]
    /// By column number: index into `dictionaries`, −1 for none.
    let dictionaryIndex: FlatBuffer<Int>
    /// By column number: what stands for the empty string where a group has no chunk of the column.
    let emptyCodes: FlatBuffer<UInt64>
    private let codes: [ColumnOfInput: CodeList]
    private let inputDictionaries: [ColumnOfInput: MergedDictionary.Source]

    struct ColumnOfInput: Hashable {
        var input: Int
        /// Of the output.
        var column: UInt32
    }

    /// - Returns: Nil if the blocks have parts that only a reader of rows understands, or too many columns.
    /// - Throws: ``BlockError``.
    package static func prepare(_ readers: [BlockReader]) async throws -> MergeCatalog? {
        var survey = try MergeSurvey.begun(readers)
        guard survey.isPossible, try await survey.countValues(readers) else { return nil }
        try await survey.collectLocalValues(readers)
        return try await MergeCatalog(survey, readers)
    }

    private init(_ survey: consuming MergeSurvey, _ readers: [BlockReader]) async throws {
        var merged: [MergedDictionary] = []
        var codes: [ColumnOfInput: CodeList] = [:]
        var kept: [ColumnOfInput: MergedDictionary.Source] = [:]
        let columnCount = survey.columnCount
        var dictionaryIndex = FlatBuffer(repeating: -1, count: columnCount)
        var emptyCodes = FlatBuffer<UInt64>(repeating: 0, count: columnCount)
        var place = 0
        for column in survey.stringColumns {
            var sources: [MergedDictionary.Source] = []
            var inputs: [Int] = []
            for (input, reader) in readers.enumerated() {
                guard let number = survey.inputColumn(column, input),
                    let dictionary = try await reader.dictionaries([number])[number]
                else { continue }
                sources.append(dictionary)
                inputs.append(input)
                reader.dropKept()
            }
            let extra = try survey.extraValues(column)
            let merge = survey.mayHaveDictionary(column) ? MergedDictionary.merge(sources + extra) : nil
            if let merge, survey.deservesDictionary(column, entryCount: merge.strings.count) {
                for (index, input) in inputs.enumerated() {
                    codes[ColumnOfInput(input: input, column: column)] = merge.codes[index]
                }
                dictionaryIndex[Int(column)] = merged.count
                emptyCodes[Int(column)] = UInt64(merge.strings.code(of: RawSpan()) ?? 0)
                merged.append(MergedDictionary(column: column, firstPlace: place, merge))
                place += merged[merged.count - 1].strings.count
            } else {
                for (index, input) in inputs.enumerated() {
                    kept[ColumnOfInput(input: input, column: column)] = sources[index]
                }
            }
            await Task.yield()
        }
        self.columnCount = columnCount
        tables = survey.takeTables()
        dictionaries = merged
        self.dictionaryIndex = dictionaryIndex
        self.emptyCodes = emptyCodes
        self.codes = codes
        inputDictionaries = kept
    }

    /// Strings of all dictionaries.
    var dictionaryEntryCount: Int { dictionaries.last.map { $0.firstPlace + $0.strings.count } ?? 0 }

    func dictionary(_ column: UInt32) -> MergedDictionary? {
        let index = dictionaryIndex[Int(column)]
        return index < 0 ? nil : dictionaries[index]
    }

    /// What an input's codes of a column are in the output's dictionary; nil if either has none.
    func codes(_ input: Int, _ column: UInt32) -> CodeList? { codes[ColumnOfInput(input: input, column: column)] }

    /// An input's dictionary of a column for which the output has none.
    func inputDictionary(_ input: Int, _ column: UInt32) -> MergedDictionary.Source? {
        inputDictionaries[ColumnOfInput(input: input, column: column)]
    }

    /// Bytes in memory, about.
    package var byteCount: Int {
        dictionaries.reduce(0) { $0 + $1.strings.byteCount + $1.strings.count * 8 }
            + codes.values.reduce(0) { $0 + $1.codes.count * 4 }
            + inputDictionaries.values.reduce(0) { $0 + $1.value.retainedByteCount }
    }
}
