// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ByteCoding
internal import TraceModel
internal import TraceQL

/// All stored rows of one trace, wherever they lie, of which each span is there once: as the copy that wins.
final class AssembledTrace {
    /// A row of a view.
    struct Row {
        var view: SpanBatchView
        var row: Int
        /// By leaf: whether its filter holds.
        var marks: [RowMask]

        var start: UInt64 { view.start[row] }
        var end: UInt64 { view.end[row] }
        var spanID: UInt64 { view.spanID[row] }
        var kind: Int32 { view.kind[row] }
    }

    /// Bytes in memory, about, for each row that there is of a trace, until it is judged.
    static let byteCountPerRow = 160

    let facts: TraceFacts
    /// Ordered by start, span ID and kind.
    let rows: [Row]
    /// By row; see ``RowRelations``.
    let parents: [Int32]
    private lazy var nestedSets = NestedSets(parents)
    private lazy var childCounts = parents.reduce(into: [Int](repeating: 0, count: rows.count)) { counts, parent in
        if parent >= 0 { counts[Int(parent)] += 1 }
    }

    /// Nil without rows.
    init?(_ id: TraceID, _ rows: [Row]) {
        let rows = Self.winners(rows)
        guard let first = rows.first else { return nil }
        let end = rows.reduce(0) { max($0, $1.end) }
        let root = rows.first { $0.view.parent($0.row) == 0 }
        facts = TraceFacts(
            id: id, start: first.start, duration: spanDuration(start: first.start, end: end),
            root: root.map { ($0.serviceName, $0.name) })
        self.rows = rows
        parents = RowRelations.parents(rows, id: \.spanID) { $0.view.parent($0.row) }
    }

    /// The trace as the judge takes it.
    func judged(leafCount: Int) -> JudgedTrace {
        let marks = (0..<leafCount).map { leaf in RowMask(rows.map { $0.marks[leaf][$0.row] }) }
        return JudgedTrace(rows: 0..<rows.count, marks: marks, parents: parents, facts: facts, values: self)
    }

    /// What each service has, ordered by name.
    var services: [ServiceCounts] {
        var counts: [[UInt8]: ServiceCounts] = [:]
        for row in rows {
            let service = row.serviceName
            counts[service, default: ServiceCounts(service: service, spanCount: 0, errorCount: 0)].spanCount += 1
            if row.view.status[row.row] == 2 { counts[service]?.errorCount += 1 }
        }
        return ServiceCounts.sorted(Array(counts.values))
    }

    /// Whether a span overlaps the range.
    func overlaps(_ range: ClosedRange<UInt64>) -> Bool {
        rows.contains { range.overlapsSpan(from: $0.start, to: $0.end) }
    }

    /// Orders the rows, and drops the copies that lose.
    private static func winners(_ rows: [Row]) -> [Row] {
        var scratch = ByteWriter()
        var winners: [Row] = []
        for row in rows.sorted(by: { ($0.start, $0.spanID, $0.kind) < ($1.start, $1.spanID, $1.kind) }) {
            guard let last = winners.last, DuplicateRule.areCopies(last.view, last.row, row.view, row.row) else {
                winners.append(row)
                continue
            }
            if !DuplicateRule.wins(last.view, last.row, over: row.view, row.row, scratch: &scratch) {
                winners[winners.count - 1] = row
            }
        }
        return winners
    }
}

extension AssembledTrace.Row {
    var name: [UInt8] { view.bytes(view.name[row]) }
    var serviceName: [UInt8] { view.serviceName(row) }

    /// What a search shows of it.
    var matched: MatchedSpan {
        MatchedSpan(spanID: spanID, start: start, duration: spanDuration(start: start, end: end), name: name)
    }
}

// MARK: - Values

extension AssembledTrace: SpanValues {
    func eventCount(of row: Int32) -> Int { rows[Int(row)].view.events(of: rows[Int(row)].row).count }
    func linkCount(of row: Int32) -> Int { rows[Int(row)].view.links(of: rows[Int(row)].row).count }

    /// The value that is shown for a span: of events and links all their values, of arrays the elements; an array, if
    /// there are several.
    func values(of field: SpanField, _ row: Int32) -> StaticValue {
        guard field.isOfEvent || field.isOfLink else {
            return value(of: field, SpanPlace(row: row, event: nil, link: nil))
        }
        var values: [StaticValue] = []
        for index in 0..<(field.isOfEvent ? eventCount(of: row) : linkCount(of: row)) {
            switch value(of: field, SpanPlace(row: row, event: index, link: index)) {
            case .absent, .opaque: break
            case .array(let elements): values += elements
            case let value: values.append(value)
            }
        }
        return values.count > 1 ? .array(values) : values.first ?? .absent
    }

    func value(of field: SpanField, _ place: SpanPlace) -> StaticValue {
        let row = rows[Int(place.row)]
        switch field {
        case .attribute(let reference): return row.view.value(of: reference, row.row, place)
        case .intrinsic(let reference): return value(of: reference.intrinsic, place)
        }
    }

    private func value(of intrinsic: Intrinsic, _ place: SpanPlace) -> StaticValue {
        let index = Int(place.row)
        switch intrinsic {
        case .traceDuration: return .duration(Int64(clamping: facts.duration))
        case .rootName: return facts.root.map { text($0.name) } ?? .absent
        case .rootServiceName: return facts.root.map { text($0.service) } ?? .absent
        case .traceID: return .string(facts.id.description)
        case .traceStartTime: return .int(Int64(clamping: facts.start))
        case .childCount: return .int(Int64(childCounts[index]))
        case .nestedSetLeft: return .int(Int64(nestedSets.left[index]))
        case .nestedSetRight: return .int(Int64(nestedSets.right[index]))
        case .nestedSetParent: return .int(Int64(nestedSets.parent(of: index)))
        case .parent: return .absent
        case .name, .status, .statusMessage, .kind, .duration, .spanID, .parentID, .spanStartTime, .eventName,
            .eventTimeSinceStart, .linkTraceID, .linkSpanID, .instrumentationName, .instrumentationVersion:
            return rows[index].view.value(of: intrinsic, rows[index].row, place)
        }
    }

    private func text(_ bytes: [UInt8]) -> StaticValue { .string(String(decoding: bytes, as: UTF8.self)) }
}

/// Numbers of a walk through the trees of a trace, from 1 on: a span's lie between its ancestors'. What no root leads
/// to has 0.
struct NestedSets {
    private(set) var left: [Int]
    private(set) var right: [Int]
    private let parents: [Int32]

    init(_ parents: [Int32]) {
        self.parents = parents
        left = [Int](repeating: 0, count: parents.count)
        right = left
        var children = [[Int]](repeating: [], count: parents.count)
        for (place, parent) in parents.enumerated() where parent >= 0 { children[Int(parent)].append(place) }
        var next = 1
        for root in parents.indices where parents[root] == -1 { number(root, children, &next) }
    }

    /// Its parent's left number; -1 of roots.
    func parent(of place: Int) -> Int {
        parents[place] >= 0 ? left[Int(parents[place])] : parents[place] == -1 ? -1 : 0
    }

    private mutating func number(_ root: Int, _ children: [[Int]], _ next: inout Int) {
        var way: [(place: Int, child: Int)] = [(root, 0)]
        left[root] = next
        next += 1
        while let (place, child) = way.last {
            guard child < children[place].count else {
                right[place] = next
                next += 1
                way.removeLast()
                continue
            }
            way[way.count - 1].child += 1
            let below = children[place][child]
            left[below] = next
            next += 1
            way.append((below, 0))
        }
    }
}
