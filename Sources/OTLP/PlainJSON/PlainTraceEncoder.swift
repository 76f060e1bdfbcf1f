// SPDX-License-Identifier: Apache-2.0

package import ByteCoding
package import TraceModel

/// Writes spans as JSON that reads without OTLP's wrappings, for language models and for people:
///
///     {"serviceName":"cart","resource":{"service.name":"cart","host.cpus":4},"scopes":[
///       {"name":"lib","version":"1.2","spans":[
///         {"spanId":"0102030405060708","name":"GET /","parentSpanId":"","kind":"server",
///          "startTimeUnixNano":"1700000000000000000","endTimeUnixNano":"1700000000001500000","durationMs":1.5,
///          "attributes":{"http.status_code":200,"tags":["a","b"]},
///          "events":[{"name":"retry","timeUnixNano":"1700000000000100000","attributes":{}}],
///          "links":[{"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"0102030405060708","attributes":{}}],
///          "status":{"code":"error","message":"no stock"}}]}]}
///
/// These fields are always there. Behind them stand `traceState` and `droppedAttributesCount`, `droppedEventsCount`,
/// `droppedLinksCount` where they are not empty or 0, so that nobody takes for whole what its sender cut; a scope has
/// `attributes` and `droppedAttributesCount` before its spans, and a resource its `droppedAttributesCount` beside it, if
/// there are any. Flags, URLs of schemas and references to entities are left out. Kinds and codes without a name are
/// numbers. Values are as ``PlainValueWriter`` has them. A key that occurs twice is written twice,
/// as it was sent: JSON's readers keep the last. Times are texts: as numbers of 19 digits most readers of JSON would
/// round them.
///
/// Each distinct resource is one service and each distinct scope in it is written once, in the order in which they
/// first appear; spans keep the order of the rows.
package struct PlainTraceEncoder: Sendable {
    private let view: SpanBatchView
    private let strings: ByteDictionaryView
    private let groups: SpanGroups

    /// Bytes that an encoder takes for each of its rows, about, while it is made.
    package static let byteCountPerRow = 32

    /// What resources and scopes rows have. Takes the rows of a long trace in steps, between which others can have the
    /// thread.
    package struct Grouping: Sendable {
        fileprivate var found: FoundGroups

        package init(rowCount: Int) { found = FoundGroups(rowCount: rowCount) }

        package mutating func add(_ rows: ArraySlice<Int>, of view: SpanBatchView) { found.add(rows, of: view) }
    }

    /// - Parameters:
    ///   - rows: Row numbers of `view`.
    ///   - grouping: Of all of them, in their order.
    package init(_ rows: [Int], _ grouping: Grouping, of view: SpanBatchView) {
        self.view = view
        strings = view.strings
        groups = SpanGroups(rows, grouping.found)
    }

    package var spanCount: Int { groups.order.count }

    /// Appends some of the spans, with what opens before them and closes behind them: pieces with commas between them
    /// are the elements of one list.
    ///
    /// - Parameter places: In the order of writing, from 0 to ``spanCount``; not empty.
    package func encode(_ places: Range<Int>, into out: inout ByteWriter) {
        let writer = PlainSpanWriter(view)
        var index = groups.index(ofPlace: places.lowerBound)
        for place in places {
            let group = groups.groups[index]
            if place == group.places.lowerBound { open(index, &out) }
            out.separate()
            writer.writeSpan(groups.order[place], &out)
            guard place == group.places.upperBound - 1 else { continue }
            out.append(literal: isLastOfResource(index) ? "]}]}" : "]}")
            index += 1
        }
    }

    private func open(_ index: Int, _ out: inout ByteWriter) {
        let group = groups.groups[index]
        if index == 0 || isLastOfResource(index - 1) {
            let record = view.resources.record(group.resource, or: ResourceRecord.none)
            // Where a piece begins, its caller has set the comma.
            out.separate()
            out.append(literal: "{\"serviceName\":")
            out.append(jsonString: strings[record.serviceName])
            PlainValueWriter.writeMembers(ofResource: strings[record.encoded], &out)
            out.append(literal: ",\"scopes\":[")
        }
        out.separate()
        out.append(UInt8(ascii: "{"))
        let scope = view.scopes.record(group.scope, or: ScopeRecord.none)
        PlainValueWriter.writeMembers(ofScope: strings[scope.encoded], &out)
        out.append(literal: ",\"spans\":[")
    }

    private func isLastOfResource(_ index: Int) -> Bool {
        index + 1 == groups.groups.count || groups.groups[index + 1].resource != groups.groups[index].resource
    }
}
