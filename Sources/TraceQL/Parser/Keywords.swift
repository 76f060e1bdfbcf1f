// SPDX-License-Identifier: Apache-2.0

/// Words with a meaning, and words of other languages that are tried here.
enum Keywords {
    static let literals: [String: StaticValue] = {
        var literals: [String: StaticValue] = [
            "true": .boolean(true), "false": .boolean(false), "nil": .absent,
            "minInt": .int(.min), "maxInt": .int(.max),
        ]
        for status in StatusKeyword.allCases { literals[status.name] = .status(status) }
        for kind in KindKeyword.allCases { literals[kind.name] = .kind(kind) }
        return literals
    }()

    /// What may stand in a filter without a dot.
    static let fieldWords = (Array(literals.keys) + Array(Intrinsic.plainNames.keys)).sorted()

    static let aggregates = AggregateFunction.allCases.map(\.rawValue)
    static let metrics =
        ["rate", "count_over_time", "quantile_over_time", "histogram_over_time", "compare"]
        + OverTimeFunction.allCases.map(\.rawValue)
    static let stages = aggregates + metrics + ["by", "coalesce", "select", "topk", "bottomk"]

    /// The operator that a word stands for elsewhere.
    static func operatorMeant(by word: String) -> String? {
        switch word.lowercased() {
        case "and": "did you mean `&&`?"
        case "or": "did you mean `||`?"
        case "not": "did you mean `!`?"
        case "in": "write `=~ \"a|b\"`, or `= \"a\" || … = \"b\"`"
        case "like", "contains", "matches": "write `=~ \".*text.*\"`: regular expressions match the whole value"
        case "is", "eq", "equals": "did you mean `=`?"
        case "exists": "write `!= nil`"
        case "where": "conditions stand in braces: `{ … }`"
        default: nil
        }
    }

    /// The name that is written differently here.
    static func nameMeant(by word: String) -> String? {
        switch word.lowercased() {
        case "null", "none", "undefined": "did you mean `nil`?"
        case "service", "servicename", "service_name": "did you mean `resource.service.name`?"
        case "traceid", "trace_id": "did you mean `trace:id`?"
        case "spanid", "span_id": "did you mean `span:id`?"
        case "parentid", "parent_id", "parentspanid": "did you mean `span:parentID`?"
        case "operation", "spanname", "span_name": "did you mean `name`?"
        case "err", "failed": "did you mean `error`?"
        default: nil
        }
    }
}
