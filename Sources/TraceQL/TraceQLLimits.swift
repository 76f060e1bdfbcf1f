// SPDX-License-Identifier: Apache-2.0

/// What a query may not exceed. A longer or deeper one is refused before anything is done with it.
package enum TraceQLLimits {
    /// The longest query in bytes: as long as what a URL of a generous proxy holds; the longest that a user interface
    /// was seen to make has 20 KiB.
    package static let maximumByteCount = 128 << 10

    /// The greatest depth of a syntax tree. Everything that walks a tree may recurse: 256 levels at less than a
    /// kilobyte each fit the smallest stack there is (512 KiB) with room to spare. Chains are one level however long they
    /// are: of the same `&&` or `||` in a filter, of `+` and `-`, of `*`, `/` and `%`, and of filters.
    package static let maximumDepth = 256

    /// The most operands of a chain of filters, or of arithmetic. Each filter is held against every row group; of the
    /// same `&&` or `||` inside of a filter only the bytes of the query limit the number.
    package static let maximumOperandCount = 4_096

    /// The most regular expressions in one query, each with `regularExpressionByteCount` of memory at most.
    package static let maximumRegularExpressions = 64

    /// Memory of one regular expression's program and automata.
    package static let regularExpressionByteCount = 1 << 20

    /// The most attributes that metrics are split by, and that of quantiles and histograms, whose buckets are a label.
    package static let maximumMetricsLabels = 5
    package static let maximumDistributionLabels = 4

    /// The most values of an attribute that `compare` lists.
    package static let maximumComparedValues = 1_000
}
