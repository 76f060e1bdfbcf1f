// SPDX-License-Identifier: Apache-2.0

internal import TraceQL

/// How the spans of a trace stand to each other, by their IDs alone.
package struct ReferenceStructure {
    private let spans: [ReferenceSpan]
    private let indexesByID: [String: [Int]]
    private let childrenByParentID: [String: [Int]]
    /// Of the depth-first walk from the roots; 0 where no root leads to.
    private(set) var left: [Int64]
    private(set) var right: [Int64]
    private(set) var parent: [Int64]

    package init(_ trace: ReferenceTrace) {
        spans = trace.spans
        indexesByID = Dictionary(grouping: spans.indices) { [spans] in spans[$0].id }
        childrenByParentID = Dictionary(grouping: spans.indices.filter { [spans] in !spans[$0].isRoot }) {
            [spans] in spans[$0].parentID
        }
        left = Array(repeating: 0, count: spans.count)
        right = left
        parent = left
        number()
    }

    /// Children by start, then by ID; roots so, too.
    private mutating func number() {
        var next: Int64 = 1
        func walk(_ index: Int, _ structure: inout ReferenceStructure, parent: Int64) {
            guard structure.left[index] == 0 else { return }
            structure.left[index] = next
            structure.parent[index] = parent
            next += 1
            for child in structure.ordered(structure.children(of: index)) {
                walk(child, &structure, parent: structure.left[index])
            }
            structure.right[index] = next
            next += 1
        }
        for root in ordered(spans.indices.filter { spans[$0].isRoot }) { walk(root, &self, parent: -1) }
    }

    private func ordered(_ indexes: [Int]) -> [Int] {
        indexes.sorted { (spans[$0].startNanoseconds, spans[$0].id) < (spans[$1].startNanoseconds, spans[$1].id) }
    }

    func children(of index: Int) -> [Int] { childrenByParentID[spans[index].id] ?? [] }

    /// Whether `right` stands so to `left`.
    func holds(_ relation: StructuralRelation, left: Int, right: Int) -> Bool {
        guard left != right else { return false }
        return switch relation {
        case .child: isChild(right, of: left)
        case .parent: isChild(left, of: right)
        case .descendant: ancestors(of: right).contains(left)
        case .ancestor: ancestors(of: left).contains(right)
        case .sibling: !spans[left].isRoot && spans[left].parentID == spans[right].parentID
        }
    }

    private func isChild(_ child: Int, of parent: Int) -> Bool {
        !spans[child].isRoot && spans[child].parentID == spans[parent].id
    }

    private func ancestors(of index: Int) -> Set<Int> {
        var found: Set<Int> = []
        var open = [index]
        while let span = open.popLast() {
            guard !spans[span].isRoot else { continue }
            for parent in indexesByID[spans[span].parentID] ?? [] where found.insert(parent).inserted {
                open.append(parent)
            }
        }
        return found
    }
}
