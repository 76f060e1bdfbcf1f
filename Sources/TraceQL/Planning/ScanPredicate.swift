// SPDX-License-Identifier: Apache-2.0

/// What spans have to satisfy to be worth a look: a filter as far as its parts are conditions on single fields.
///
/// It holds for every span that the filter selects, and for no other if `FilterConditions.isExact`. A chain is never
/// empty, never holds only one, and holds neither `always` nor `never`.
package indirect enum ScanPredicate: Hashable, Sendable {
    case always
    case never
    case condition(FieldCondition)
    case all([ScanPredicate])
    case any([ScanPredicate])

    /// The same where only some conditions can be tested: the others are taken to hold.
    package func keeping(_ canTest: (FieldCondition) -> Bool) -> ScanPredicate {
        switch self {
        case .always, .never: self
        case .condition(let condition): canTest(condition) ? self : .always
        case .all(let parts): .joined(parts.map { $0.keeping(canTest) }, isAll: true)
        case .any(let parts): .joined(parts.map { $0.keeping(canTest) }, isAll: false)
        }
    }

    /// Conditions of which each has to hold, whatever else there is: what blocks and row groups are pruned by.
    package var required: [FieldCondition] {
        switch self {
        case .condition(let condition): [condition]
        case .all(let parts): parts.flatMap(\.required)
        case .always, .never, .any: []
        }
    }

    /// The conditions if it is a plain list of them, and whether all have to hold or any; nil if it is nested.
    package var flat: (conditions: [FieldCondition], isAll: Bool)? {
        switch self {
        case .always: return ([], true)
        case .never: return ([], false)
        case .condition(let condition): return ([condition], true)
        case .all(let parts), .any(let parts):
            var conditions: [FieldCondition] = []
            for part in parts {
                guard case .condition(let condition) = part else { return nil }
                conditions.append(condition)
            }
            if case .all = self { return (conditions, true) }
            return (conditions, false)
        }
    }

    /// Every condition in it, in order.
    package var conditions: [FieldCondition] {
        switch self {
        case .always, .never: []
        case .condition(let condition): [condition]
        case .all(let parts), .any(let parts): parts.flatMap(\.conditions)
        }
    }

    /// A chain without what says nothing.
    static func joined(_ parts: [ScanPredicate], isAll: Bool) -> ScanPredicate {
        let decisive: ScanPredicate = isAll ? .never : .always
        let neutral: ScanPredicate = isAll ? .always : .never
        var rest: [ScanPredicate] = []
        for part in parts where part != neutral {
            if part == decisive { return decisive }
            switch part {
            case .all(let inner) where isAll: rest += inner
            case .any(let inner) where !isAll: rest += inner
            default: rest.append(part)
            }
        }
        if rest.count < 2 { return rest.first ?? neutral }
        return isAll ? .all(rest) : .any(rest)
    }
}
