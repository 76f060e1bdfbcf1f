// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import TraceModel

/// Which attributes of a block get a column of their own, and which shapes its owners have.
///
/// Made in two steps: all sources are added, then ``finish(_:_:)`` decides. Within the limits, columns and shapes are
/// numbered as they first appear.
struct AttributePlan {
    /// An attribute that may get a column.
    struct Candidate {
        var owner: AttributeOwner
        /// Code in ``UnifiedStrings``.
        var key: UInt32
        var type: AttributeType
        /// How many owners have it.
        var ownerCount = 0
    }

    private struct CandidateKey: Hashable {
        var owner: AttributeOwner
        var key: UInt32
        var type: AttributeType
    }

    private(set) var candidates: [Candidate] = []
    private var numbers: [CandidateKey: UInt32] = [:]
    private var shapeTables = [CodeTable<[UInt32]>](repeating: CodeTable(seeded: []), count: 3)
    /// By owner: its shapes, of candidates at first, of columns and ``BlockSchema/rest`` in the end.
    private(set) var shapes: [[[UInt32]]] = [[[]], [[]], [[]]]
    /// By owner and shape: how many owners have it.
    private(set) var uses: [[Int]] = [[0], [0], [0]]
    /// By ``BlockCatalog/shapeList(_:_:)``: what each shape of the source is here.
    private var codes: [[UInt32]] = []

    /// Adds the shapes that a kind of owner has in a source. Sources are added in order, of each all owners.
    mutating func add(
        _ owner: AttributeOwner, _ column: ColumnView<UInt32>, of source: SpanBatchView, _ index: UInt32,
        _ strings: borrowing UnifiedStrings
    ) {
        var counts = FlatBuffer(repeating: 0, count: source.shapes.count)
        for row in 0..<column.count { counts[Int(column[row])] &+= 1 }
        var list: [UInt32] = []
        for code in 0..<counts.count {
            guard counts[code] > 0 else {
                list.append(0)
                continue
            }
            let slots = source.shapes[UInt32(code)]
            var shape: [UInt32] = []
            for word in 0..<slots.wordCount {
                let slot = AttributeSlot(rawValue: slots.word(word))
                shape.append(candidate(owner, strings.code(index, slot.key), slot.type))
            }
            let number = shapeTables[Int(owner.rawValue)].code(of: shape, in: &shapes[Int(owner.rawValue)])
            if Int(number) == uses[Int(owner.rawValue)].count { uses[Int(owner.rawValue)].append(0) }
            uses[Int(owner.rawValue)][Int(number)] += counts[code]
            list.append(number)
        }
        codes.append(list)
    }

    private mutating func candidate(_ owner: AttributeOwner, _ key: UInt32, _ type: AttributeType) -> UInt32 {
        let candidateKey = CandidateKey(owner: owner, key: key, type: type)
        if let number = numbers[candidateKey] { return number }
        let number = UInt32(candidates.count)
        candidates.append(Candidate(owner: owner, key: key, type: type))
        numbers[candidateKey] = number
        return number
    }

    // MARK: - Choosing

    /// Decides; `candidates` are the block's columns then.
    mutating func finish(_ limits: AttributeLimits, _ strings: borrowing UnifiedStrings) {
        numbers = [:]
        shapeTables = []
        let isLong = candidates.map { strings[$0.key].byteCount > limits.keyByteCount }
        let fits = candidates.count <= limits.columnCount && !isLong.contains(true)
        let haveRoom = shapes.allSatisfy {
            $0.count - 1 <= limits.shapeCount && $0.reduce(0) { $0 + $1.count } <= limits.slotCount
        }
        if fits && haveRoom { return }
        chooseColumns(limits, isLong, strings)
        for owner in shapes.indices { chooseShapes(owner, limits) }
    }

    /// Keeps the columns that most owners have; among equals, the order of owner, key and type decides. Where not all can
    /// have one, those that hardly any owner has get none either: they would make many shapes of few.
    private mutating func chooseColumns(
        _ limits: AttributeLimits, _ isLong: [Bool], _ strings: borrowing UnifiedStrings
    ) {
        countOwners()
        let rowCount = uses[Int(AttributeOwner.span.rawValue)].reduce(0, +)
        let least = candidates.count > limits.columnCount ? rowCount / limits.rowsPerOwner : 0
        var order = candidates.indices.filter { !isLong[$0] && candidates[$0].ownerCount >= least }
        order.sort { first, second in
            let (a, b) = (candidates[first], candidates[second])
            if a.ownerCount != b.ownerCount { return a.ownerCount > b.ownerCount }
            if a.owner != b.owner { return a.owner.rawValue < b.owner.rawValue }
            if a.key != b.key { return strings[a.key].precedes(strings[b.key]) }
            return a.type.rawValue < b.type.rawValue
        }
        var columns = [UInt32](repeating: BlockSchema.rest, count: candidates.count)
        var kept: [Candidate] = []
        for index in order.prefix(limits.columnCount).sorted() {
            columns[index] = UInt32(kept.count)
            kept.append(candidates[index])
        }
        candidates = kept
        shapes = shapes.map { $0.map { $0.map { columns[Int($0)] } } }
    }

    private mutating func countOwners() {
        // By candidate: the last shape, counted over all kinds of owners, that has it.
        var lastShapes = [Int](repeating: -1, count: candidates.count)
        var number = 0
        for (list, uses) in zip(shapes, uses) {
            for (shape, count) in zip(list, uses) {
                // A key that stands twice is one owner's all the same.
                for index in shape where lastShapes[Int(index)] != number {
                    lastShapes[Int(index)] = number
                    candidates[Int(index)].ownerCount += count
                }
                number += 1
            }
        }
    }

    /// Puts shapes together that have become equal, keeps the most used ones, and makes of each other one that many rest
    /// entries.
    private mutating func chooseShapes(_ owner: Int, _ limits: AttributeLimits) {
        var table = CodeTable<[UInt32]>(seeded: [])
        var merged: [[UInt32]] = [[]]
        let mergedCodes = shapes[owner].map { table.code(of: $0, in: &merged) }
        var counts = [Int](repeating: 0, count: merged.count)
        for (code, number) in mergedCodes.enumerated() { counts[Int(number)] += uses[owner][code] }
        let isKept = kept(merged, counts, limits)
        table = CodeTable(seeded: [])
        var final: [[UInt32]] = [[]]
        let finalCodes = merged.indices.map { index in
            let shape = merged[index]
            let stored = isKept[index] ? shape : [UInt32](repeating: BlockSchema.rest, count: shape.count)
            return table.code(of: stored, in: &final)
        }
        shapes[owner] = final
        uses[owner] = [Int](repeating: 0, count: final.count)
        for (index, code) in finalCodes.enumerated() { uses[owner][Int(code)] += counts[index] }
        for list in stride(from: owner, to: codes.count, by: 3) {
            codes[list] = codes[list].map { finalCodes[Int(mergedCodes[Int($0)])] }
        }
    }

    private func kept(_ list: [[UInt32]], _ counts: [Int], _ limits: AttributeLimits) -> [Bool] {
        var isKept = [Bool](repeating: false, count: list.count)
        var slotCount = 0
        let order = list.indices.sorted { (counts[$1], $0) < (counts[$0], $1) }
        for index in order.prefix(limits.shapeCount + 1) where slotCount + list[index].count <= limits.slotCount {
            slotCount += list[index].count
            isKept[index] = true
        }
        return isKept
    }

    // MARK: - The outcome

    /// By ``BlockCatalog/shapeList(_:_:)``: what each shape of the source is in the block.
    func shapeCodes() -> CodeMap {
        var map = CodeMap(capacity: codes.reduce(0) { $0 + $1.count })
        for list in codes {
            map.beginList()
            for code in list { map.append(code) }
        }
        return map
    }
}
