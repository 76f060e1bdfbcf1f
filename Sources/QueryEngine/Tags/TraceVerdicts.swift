// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import TraceModel

/// Whether traces of which a block has all pass the tests of whole traces.
///
/// Roots are judged once for each service and name of a page.
struct TraceVerdicts {
    private let ofRoots: [TraceTest]
    private let ofTraces: [TraceTest]
    private var page: BlockReader.Shared<TraceIndexPage>?
    private var known: [Int: Bool] = [:]

    init(_ tests: [TraceTest]) {
        ofRoots = tests.filter { $0.subject == .rootName || $0.subject == .rootServiceName }
        ofTraces = tests.filter { $0.subject != .rootName && $0.subject != .rootServiceName }
    }

    /// - Parameter index: In the page.
    mutating func holds(
        _ index: Int, _ page: BlockReader.Shared<TraceIndexPage>, _ reader: BlockReader
    ) throws(BlockError) -> Bool {
        var facts = TraceFacts(
            id: page.value.traceID(index), start: page.value.start(index), duration: page.value.duration(index),
            root: nil)
        guard ofTraces.allSatisfy({ $0.holds(facts) }) else { return false }
        guard !ofRoots.isEmpty else { return true }
        guard let root = try reader.root(index, page) else { return false }
        if page !== self.page {
            self.page = page
            known = [:]
        }
        // Names are fewer than 2³².
        let key = root.service << 32 | root.name
        if let verdict = known[key] { return verdict }
        facts.root = (reader.schema.services[root.service], page.value.names[root.name])
        let verdict = ofRoots.allSatisfy { $0.holds(facts) }
        known[key] = verdict
        return verdict
    }
}
