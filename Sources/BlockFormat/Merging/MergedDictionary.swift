// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import ColumnEncoding

/// Strings side by side, each by the code of its place.
struct MergedStrings: ~Copyable, ByteStringSource {
    private var bytes = ByteWriter()
    private var ends = FlatBuffer<Int>()

    var count: Int { ends.count }
    var byteCount: Int { bytes.count }

    subscript(code: UInt32) -> RawSpan {
        @_lifetime(borrow self)
        get { self[Int(code)] }
    }

    subscript(index: Int) -> RawSpan {
        @_lifetime(borrow self)
        get { bytes.bytes.extracting((index > 0 ? ends[index &- 1] : 0)..<ends[index]) }
    }

    mutating func append(_ string: RawSpan) {
        bytes.append(string)
        ends.append(bytes.count)
    }

    func bytes(_ index: Int) -> [UInt8] { [UInt8](self[index]) }

    /// What stands for a key of rest columns in their filter.
    func filterHash(_ index: Int, _ owner: AttributeOwner) -> UInt64 { RestColumns.filterHash(self[index], owner) }

    /// Whether the first is the empty string, if the strings ascend.
    var hasEmpty: Bool { count > 0 && self[0].isEmpty }

    /// The code of a string, if the strings ascend.
    func code(of string: RawSpan) -> UInt32? {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if self[middle].precedes(string) { low = middle + 1 } else { high = middle }
        }
        return low < count && self[low].isEqual(to: string) ? UInt32(low) : nil
    }
}

/// Codes that stand for those of another numbering.
final class CodeList: @unchecked Sendable {
    // Safe to send: nothing changes after it was made.
    let codes: FlatBuffer<UInt32>
    init(_ codes: consuming FlatBuffer<UInt32>) { self.codes = codes }
}

/// The dictionary that a column of the output has, merged from those of the inputs.
final class MergedDictionary: @unchecked Sendable {
    // Safe to send: nothing changes after it was made.
    let column: UInt32
    /// Its first string's place among those of all dictionaries.
    let firstPlace: Int
    /// Ascending.
    let strings: MergedStrings

    init(column: UInt32, firstPlace: Int, _ merge: consuming Merge) {
        self.column = column
        self.firstPlace = firstPlace
        strings = merge.strings
    }

    typealias Source = BlockReader.Shared<BlockDictionary>

    struct Merge: ~Copyable {
        /// Ascending.
        var strings: MergedStrings
        /// For each source what its codes are among them.
        var codes: [CodeList]
    }

    /// Merges sorted dictionaries, without what no row has.
    ///
    /// - Returns: Nil if there are more strings than a dictionary may have.
    static func merge(_ sources: [Source]) -> Merge? {
        var strings = MergedStrings()
        var positions = [Int](repeating: 0, count: sources.count)
        var tables = CodeTables(sources.map { $0.value.count })
        for index in sources.indices { skipUnused(sources[index], &positions[index]) }
        while let least = least(sources, positions) {
            sources[least].value.append(positions[least], to: &strings)
            guard strings.count <= BlockLayout.dictionaryEntryLimit,
                strings.byteCount <= BlockLayout.dictionaryByteLimit
            else { return nil }
            let code = strings.count - 1
            for index in sources.indices where positions[index] < sources[index].value.count {
                guard sources[index].value.isEqual(positions[index], strings, code) else { continue }
                tables.set(index, positions[index], UInt32(code))
                positions[index] += 1
                skipUnused(sources[index], &positions[index])
            }
        }
        return Merge(strings: strings, codes: tables.lists())
    }

    private static func skipUnused(_ source: Source, _ position: inout Int) {
        while position < source.value.count, source.value.isUnused(position) { position += 1 }
    }

    /// The source whose next string comes first.
    private static func least(_ sources: [Source], _ positions: [Int]) -> Int? {
        var best: Int?
        for index in sources.indices where positions[index] < sources[index].value.count {
            guard let other = best else {
                best = index
                continue
            }
            if sources[index].value.precedes(positions[index], sources[other].value, positions[other]) { best = index }
        }
        return best
    }
}

/// A table of codes for each of several sources, one behind the other.
private struct CodeTables: ~Copyable {
    private var starts: [Int] = []
    private var codes: FlatBuffer<UInt32>

    init(_ counts: [Int]) {
        codes = FlatBuffer(repeating: 0, count: counts.reduce(0, +))
        var start = 0
        for count in counts {
            starts.append(start)
            start += count
        }
        starts.append(start)
    }

    mutating func set(_ source: Int, _ index: Int, _ code: UInt32) { codes[starts[source] + index] = code }

    func lists() -> [CodeList] {
        (0..<starts.count - 1).map { source in
            var list = FlatBuffer<UInt32>(capacity: starts[source + 1] - starts[source])
            for index in starts[source]..<starts[source + 1] { list.append(codes[index]) }
            return CodeList(list)
        }
    }
}
