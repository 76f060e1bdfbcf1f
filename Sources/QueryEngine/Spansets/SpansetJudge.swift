// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import TraceQL

/// Rows that belong together, and what was found out of them on the way.
struct Spanset: Sendable {
    /// In order.
    var rows: [Int32]
    /// What `by` told it apart by, and the numbers of its aggregates.
    var attributes: [(name: String, value: StaticValue)] = []
}

/// What spans are, beyond which leaves select them.
protocol SpanValues {
    /// The value of a field; of an event or link that of the one that the place names.
    func value(of field: SpanField, _ place: SpanPlace) -> StaticValue
    func eventCount(of row: Int32) -> Int
    func linkCount(of row: Int32) -> Int
}

/// A span with one of its events and one of its links.
struct SpanPlace {
    var row: Int32
    /// Counted from the span's first; nil if it has none, or none is asked for.
    var event: Int?
    var link: Int?
}

/// The rows of one trace, ready to be judged.
struct JudgedTrace {
    /// Of the tables.
    var rows: Range<Int>
    /// By leaf, of the table's rows: for which its filter holds.
    var marks: [RowMask]
    /// By row of the table; see ``RowRelations``. Empty if nothing asks for it.
    var parents: [Int32]
    var facts: TraceFacts
    /// Nil where the program needs none.
    var values: (any SpanValues)?
}

/// Runs a program on traces, one after the other.
struct SpansetJudge {
    let program: SpansetProgram
    let quickNode: SpansetProgram.Node?
    private let pace: QueryPace

    init(_ program: SpansetProgram, _ deadline: QueryDeadline) {
        self.program = program
        pace = QueryPace(deadline)
        quickNode = Self.quickNode(of: program)
    }

    /// Bytes in memory, about, that a spanset takes beside its rows while the trace is judged.
    static let spansetByteCount = 512

    /// How much they may take more before somebody is told.
    private static let checkedByteCount = 128 << 10

    /// Is told how many bytes the spansets of a trace take, and may stop the work by throwing.
    typealias Check = (Int) throws(QueryError) -> Void

    /// The spansets of a trace that are left in the end; none if it is no hit.
    ///
    /// - Throws: What `check` throws; `.timedOut` once the query has to end.
    func spansets(of trace: JudgedTrace, check: Check) throws(QueryError) -> [Spanset] {
        try run(program.stages, nil, trace, check)
    }

    /// - Parameter input: The spansets that come in; nil for all of the trace.
    private func run(
        _ stages: [SpansetProgram.Stage], _ input: [Spanset]?, _ trace: JudgedTrace, _ check: Check
    ) throws(QueryError) -> [Spanset] {
        var spansets = input
        for stage in stages {
            switch stage {
            case .spansets(let node):
                guard let input = spansets else {
                    spansets = try select(node, nil, trace, check)
                    break
                }
                var selected: [Spanset] = []
                for spanset in input { selected += try select(node, spanset, trace, check) }
                spansets = selected
            case .scalarFilter(let filter):
                var kept: [Spanset] = []
                for spanset in all(spansets, trace) {
                    if let spanset = try keep(spanset, filter, trace) { kept.append(spanset) }
                }
                spansets = kept
            case .by(let expression):
                var parts: [Spanset] = []
                for spanset in all(spansets, trace) { try split(spanset, expression, trace, into: &parts, check) }
                spansets = parts
            case .coalesce:
                let rows = union(all(spansets, trace))
                spansets = rows.isEmpty ? [] : [Spanset(rows: rows)]
            }
            if spansets?.isEmpty ?? false { return [] }
        }
        return all(spansets, trace)
    }

    private func all(_ spansets: [Spanset]?, _ trace: JudgedTrace) -> [Spanset] {
        spansets ?? [Spanset(rows: trace.rows.map { Int32($0) })]
    }

    // MARK: - Spansets

    private func union(_ spansets: [Spanset]) -> [Int32] {
        spansets.count == 1 ? spansets[0].rows : spansets.reduce([]) { mergedRows($0, $1.rows) }
    }

    /// - Parameter input: Of which spans are selected; nil for all of the trace.
    private func select(
        _ node: SpansetProgram.Node, _ input: Spanset?, _ trace: JudgedTrace, _ check: Check
    ) throws(QueryError) -> [Spanset] {
        switch node {
        case .leaf(let index):
            let rows = try select(index, input, trace)
            return rows.isEmpty ? [] : [Spanset(rows: rows, attributes: input?.attributes ?? [])]
        case .pipeline(let stages): return try run(stages, input.map { [$0] }, trace, check)
        case .chain(let first, let steps):
            var rows = union(try select(first, input, trace, check))
            for step in steps where !rows.isEmpty || step.operation.selectsBesideNothing {
                rows = combine(step.operation, rows, union(try select(step.node, input, trace, check)), trace)
            }
            return rows.isEmpty ? [] : [Spanset(rows: rows)]
        }
    }

    private func combine(
        _ operation: SpansetOperator, _ a: [Int32], _ b: [Int32], _ trace: JudgedTrace
    ) -> [Int32] {
        switch operation {
        case .and: return b.isEmpty ? [] : mergedRows(a, b)
        case .or: return mergedRows(a, b)
        case .structural(let relation, let form):
            guard !b.isEmpty else { return [] }
            return RowRelations(trace.parents[trace.rows]).select(relation, form, left: a, right: b)
        }
    }

    /// The rows that a leaf selects.
    private func select(
        _ index: Int, _ input: Spanset?, _ trace: JudgedTrace
    ) throws(QueryError) -> [Int32] {
        let leaf = program.leaves[index]
        let marks = trace.marks[index]
        guard !marks.isNone, leaf.trace.allSatisfy({ $0.holds(trace.facts) }) else { return [] }
        let rows = input.map { $0.rows.filter { marks[Int($0)] } } ?? marks.rows(in: trace.rows)
        try pace.spend(rows.count)
        guard let rest = leaf.rest, let values = trace.values else { return rows }
        let evaluation = FieldEvaluation(rest, program, values, pace)
        var selected: [Int32] = []
        for row in rows where try evaluation.selects(row) { selected.append(row) }
        return selected
    }

    private func split(
        _ spanset: Spanset, _ expression: FieldExpression, _ trace: JudgedTrace, into split: inout [Spanset],
        _ check: Check
    ) throws(QueryError) {
        guard let values = trace.values else { return }
        let evaluation = FieldEvaluation(expression, program, values, pace)
        var groups: [StaticValue: Int] = [:]
        var (byteCount, checkedByteCount) = (split.count * Self.spansetByteCount, 0)
        for row in spanset.rows {
            let value = try evaluation.value(ofSpan: row)
            if let group = groups[value] {
                split[group].rows.append(row)
            } else {
                groups[value] = split.count
                let attribute = (name: "by(\(expression.description))", value: value)
                split.append(Spanset(rows: [row], attributes: spanset.attributes + [attribute]))
                byteCount += Self.spansetByteCount + value.byteCount
                // Values may be as many as there are spans, and long.
                guard byteCount - checkedByteCount > Self.checkedByteCount else { continue }
                try check(byteCount)
                checkedByteCount = byteCount
            }
        }
    }

    // MARK: - Scalars

    private func keep(
        _ spanset: Spanset, _ filter: ScalarFilter, _ trace: JudgedTrace
    ) throws(QueryError) -> Spanset? {
        var spanset = spanset
        let left = try scalar(filter.left, &spanset, trace)
        let right = try scalar(filter.right, &spanset, trace)
        return filter.comparison.holds(left, right) ? spanset : nil
    }

    private func scalar(
        _ expression: ScalarExpression, _ spanset: inout Spanset, _ trace: JudgedTrace
    ) throws(QueryError) -> StaticValue {
        switch expression.form {
        case .literal(let value): return value
        case .minus(let operand): return try scalar(operand, &spanset, trace).negated
        case .arithmetic(let operation, let left, let right):
            return operation.apply(try scalar(left, &spanset, trace), try scalar(right, &spanset, trace))
        case .aggregate(let function, let argument):
            let value = try aggregate(function, argument, spanset.rows, trace)
            spanset.attributes.append((name: expression.description, value: value))
            return value
        case .pipeline: return .absent
        }
    }

    /// Of the rows that have a number; absent if none has.
    private func aggregate(
        _ function: AggregateFunction, _ argument: FieldExpression?, _ rows: [Int32], _ trace: JudgedTrace
    ) throws(QueryError) -> StaticValue {
        guard function != .count, let argument, let values = trace.values else { return .int(Int64(rows.count)) }
        let evaluation = FieldEvaluation(argument, program, values, pace)
        var aggregate = NumberAggregate()
        for row in rows { aggregate.add(try evaluation.value(ofSpan: row)) }
        return aggregate.value(function)
    }
}

extension SpansetOperator {
    /// Whether it may select something where its left side has selected nothing.
    fileprivate var selectsBesideNothing: Bool {
        switch self {
        case .or, .structural(_, .negated): true
        case .and, .structural: false
        }
    }
}

/// Sums numbers up.
struct NumberAggregate {
    private var count = 0
    private var total = 0.0
    private var sum = StaticValue.absent
    private var least = StaticValue.absent
    private var greatest = StaticValue.absent
    private var areDurations = true

    /// Values that are no numbers are passed over.
    mutating func add(_ value: StaticValue) {
        guard let number = value.number else { return }
        count += 1
        total += number
        areDurations = areDurations && value.type == .duration
        guard count > 1 else {
            (sum, least, greatest) = (value, value, value)
            return
        }
        sum = ArithmeticOperator.plus.apply(sum, value)
        if ComparisonOperator.less.holds(value, least) { least = value }
        if ComparisonOperator.greater.holds(value, greatest) { greatest = value }
    }

    /// Absent if there was no number. The average of durations is one; all others are floats.
    func value(_ function: AggregateFunction) -> StaticValue {
        guard count > 0 else { return .absent }
        switch function {
        case .count: return .int(Int64(count))
        case .min: return least
        case .max: return greatest
        case .sum: return sum
        case .avg:
            let average = total / Double(count)
            return areDurations && average.magnitude < 0x1p63 ? .duration(Int64(average)) : .float(average)
        }
    }
}
