// SPDX-License-Identifier: Apache-2.0

package import TraceQL

/// Makes up traces, and searches that find something in them: few names and values, of all types, so that conditions
/// hold now and then. What an engine and the reference evaluator are compared on.
package struct RandomSearches {
    package var random: RandomChoices

    package init(seed: UInt64) { random = RandomChoices(seed: seed) }

    // MARK: Traces

    /// A trace of 1 to `spanCount` spans, some with a lost parent; whole seconds and milliseconds apart.
    package mutating func trace(spanCount: Int) -> ReferenceTrace {
        let resources = (0..<3).map { number in
            services(["shop", "cart", "db"][number]) + attributes()
        }
        var spans: [ReferenceSpan] = []
        for number in 0..<1 + random.below(spanCount) {
            var span = ReferenceSpan(id: hexadecimal(digits: 16))
            if number > 0 {
                let isLost = random.once(in: 12)
                span.parentID = isLost ? hexadecimal(digits: 16) : spans[random.below(spans.count)].id
            }
            fill(&span)
            span.resource = random.pick(resources)
            spans.append(span)
        }
        return ReferenceTrace(id: hexadecimal(digits: 32), spans: spans)
    }

    private mutating func fill(_ span: inout ReferenceSpan) {
        span.name = random.pick(Self.texts)
        span.kind = random.pick(KindKeyword.allCases)
        span.status = random.pick(StatusKeyword.allCases)
        span.statusMessage = span.status == .error ? random.pick(Self.texts) : ""
        span.startNanoseconds = 1_700_000_000_000_000_000 + Int64(random.below(1_000)) * 1_000_000
        span.endNanoseconds = span.startNanoseconds + Int64(random.pick([0, 1, 5, 10, 100, 1_000])) * 1_000_000
        span.attributes = attributes()
        if random.once(in: 2) {
            span.instrumentationName = random.pick(Self.texts)
            span.instrumentationVersion = "1.0"
            span.instrumentation = attributes()
        }
        let start = span.startNanoseconds
        span.events = random.once(in: 2) ? [] : (0..<random.below(3)).map { _ in
            ReferenceEvent(
                random.pick(Self.texts), timeNanoseconds: start + Int64(random.below(5)) * 1_000_000, attributes())
        }
        span.links = random.once(in: 3) ? [
            ReferenceLink(traceID: hexadecimal(digits: 32), spanID: "00000000000000ab", attributes())
        ] : []
    }

    /// Some keys stand there several times: with the same value, with another, or with none, in any place.
    private mutating func attributes() -> [ReferenceAttribute] {
        var attributes = Self.keys.compactMap { key in random.once(in: 2) ? ReferenceAttribute(key, value()) : nil }
        while random.once(in: 4) {
            let known = random.once(in: 3) ? attributes.first : nil
            let again = ReferenceAttribute(random.pick(Self.keys), random.once(in: 8) ? .absent : value())
            attributes.insert(known ?? again, at: random.below(attributes.count + 1))
        }
        return attributes
    }

    /// The service, and perhaps another name behind or before it that need not be one.
    private mutating func services(_ name: String) -> [ReferenceAttribute] {
        var services = [ReferenceAttribute("service.name", .string(name))]
        if random.once(in: 5) {
            services.insert(ReferenceAttribute("service.name", value()), at: random.below(2))
        }
        return services
    }

    private static let keys = ["a", "b", "c d"]
    private static let texts = ["GET", "POST", "", "x.y", "\"q\""]

    private mutating func value() -> StaticValue {
        if random.once(in: 16) { return .opaque }
        if random.once(in: 8) {
            let isText = random.once(in: 2)
            return .array((0..<random.below(4)).map { _ in isText ? .string(random.pick(Self.texts)) : .int(Int64(random.below(4))) })
        }
        return scalarValue()
    }

    private mutating func scalarValue() -> StaticValue {
        switch random.below(5) {
        case 0: .string(random.pick(Self.texts))
        case 1: .float(random.pick([-1.5, 0, 0.5, 2, 3]))
        case 2: .boolean(random.once(in: 2))
        default: .int(Int64(random.below(5)) - 1)
        }
    }

    private mutating func hexadecimal(digits: Int) -> String {
        var text = ""
        while text.utf8.count < digits { text += String(random.next() | 1 << 63, radix: 16) }
        return String(text.prefix(digits))
    }

    // MARK: Searches

    /// A search that passes the checks.
    package mutating func search() -> CheckedQuery {
        while true {
            var stages: [PipelineStage] = [.spansets(spansets(depth: random.below(3)))]
            for _ in 0..<[0, 0, 1, 2, 3][random.below(5)] { stages.append(stage()) }
            if let query = try? CheckedQuery(TraceQuery(.search(Pipeline(stages)))) { return query }
        }
    }

    private mutating func stage() -> PipelineStage {
        switch random.below(6) {
        case 0: .by(random.once(in: 4) ? condition(depth: 0) : fieldExpression())
        case 1: .coalesce
        case 2: .select([fieldExpression()])
        case 3: .spansets(spansets(depth: 1))
        default: .scalarFilter(scalarFilter())
        }
    }

    private mutating func scalarFilter() -> ScalarFilter {
        let function = random.pick(AggregateFunction.allCases)
        let argument = function == .count ? nil : random.once(in: 2) ? fieldExpression() : intrinsic(.duration)
        let comparison = random.pick(Self.comparisons)
        let right: StaticValue = random.once(in: 3) ? .duration(10_000_000) : .int(Int64(random.below(4)))
        return ScalarFilter(comparison, ScalarExpression(.aggregate(function, argument)), ScalarExpression(.literal(right)))
    }

    private mutating func spansets(depth: Int) -> SpansetExpression {
        guard depth > 0 else {
            return SpansetExpression(.filter(random.once(in: 8) ? nil : condition(depth: random.below(3))))
        }
        if random.once(in: 6) {
            return SpansetExpression(.pipeline(Pipeline([.spansets(spansets(depth: 0)), .scalarFilter(scalarFilter())])))
        }
        let structural = SpansetOperator.structural(random.pick(StructuralRelation.allCases), random.pick(StructuralForm.allCases))
        let `operator` = random.once(in: 2) ? structural : random.pick([.and, .or])
        return SpansetExpression(spansets(depth: depth - 1), `operator`, spansets(depth: depth - 1))
    }

    private static let comparisons: [ComparisonOperator] = [.equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual]

    private mutating func condition(depth: Int) -> FieldExpression {
        guard depth > 0 else { return comparison() }
        switch random.below(5) {
        case 0: return FieldExpression(.not(condition(depth: depth - 1)))
        case 1, 2: return FieldExpression(.all([comparison(), condition(depth: depth - 1)]))
        default: return FieldExpression(.any([comparison(), condition(depth: depth - 1)]))
        }
    }

    private mutating func comparison() -> FieldExpression {
        let field = fieldExpression()
        switch random.below(12) {
        case 0: return field.field?.type == .unknown ? field : intrinsic(.status, .equal, .status(.error))
        case 1, 2: return FieldExpression(.comparison(random.once(in: 2) ? .equal : .notEqual, field, FieldExpression(.literal(.absent))))
        case 3:
            let pattern = FieldExpression(.literal(.string(random.pick(["G.*", ".*", "x\\.y|POST", ""]))))
            return FieldExpression(.comparison(random.once(in: 2) ? .matches : .matchesNot, field, pattern))
        case 4:
            let sum = FieldExpression(field, random.pick(ArithmeticOperator.allCases), FieldExpression(.literal(.int(2))))
            return FieldExpression(.comparison(random.pick(Self.comparisons), sum, FieldExpression(.literal(.int(3)))))
        case 5: return FieldExpression(.comparison(random.pick(Self.comparisons), field, fieldExpression()))
        default: return FieldExpression(.comparison(random.pick(Self.comparisons), field, FieldExpression(.literal(literal(for: field)))))
        }
    }

    private mutating func literal(for field: FieldExpression) -> StaticValue {
        switch field.field?.type {
        case .status: .status(random.pick(StatusKeyword.allCases))
        case .kind: .kind(random.pick(KindKeyword.allCases))
        case .duration: .duration(Int64(random.pick([0, 1, 5, 10, 100])) * 1_000_000)
        case .int: .int(Int64(random.below(6)) - 1)
        case .string: .string(random.pick(Self.texts))
        default: scalarValue()
        }
    }

    private mutating func fieldExpression() -> FieldExpression {
        guard random.once(in: 3) else {
            let reference = AttributeReference(random.pick(AttributeScope.allCases), random.pick(Self.keys))
            return FieldExpression(.field(.attribute(reference)))
        }
        return intrinsic(random.pick(Intrinsic.allCases.filter { $0 != .parent }))
    }

    private func intrinsic(_ intrinsic: Intrinsic) -> FieldExpression {
        FieldExpression(.field(.intrinsic(IntrinsicReference(intrinsic, isScoped: intrinsic.plainName == nil))))
    }

    private func intrinsic(_ intrinsic: Intrinsic, _ comparison: ComparisonOperator, _ value: StaticValue) -> FieldExpression {
        FieldExpression(.comparison(comparison, self.intrinsic(intrinsic), FieldExpression(.literal(value))))
    }
}
