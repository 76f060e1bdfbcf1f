// SPDX-License-Identifier: Apache-2.0
internal import BlockFormat
internal import FileIO
internal import Testing
internal import TraceModel
internal import TraceStorage

@Suite("The state after commits") struct ManifestStateTests {
    @Test("blocks live from the commit that adds them to the one that removes them")
    func life() throws {
        var generator = SeededGenerator(seed: 1)
        var state = ManifestState()
        var live: [BlockReference: BlockSummary] = [:]
        for sequence in 0..<200 as Range<UInt64> {
            let removed = live.keys.filter { _ in generator.next(below: 4) == 0 }
            let commit = generator.commit(adding: generator.next(below: 3), removing: removed)
            try state.apply(commit, sequence: sequence)
            for block in removed { live[block] = nil }
            for block in commit.added { live[block.reference] = block }
            #expect(state.blockCount == live.count)
            for tenant in tenants {
                let expected = live.values.filter { $0.tenant == tenant }.sorted { $0.id < $1.id }
                #expect(state.liveBlocks(of: tenant) == expected)
            }
        }
        #expect(state.nextSequence == 200)
    }

    @Test("impossible commits are refused and change nothing")
    func impossible() throws {
        var generator = SeededGenerator(seed: 2)
        var state = ManifestState()
        let generation = generator.generation()
        let first = generator.commit(adding: 2, covering: [generation])
        try state.apply(first, sequence: 0)
        let block = first.added[0]
        var wrongTenant = block.reference
        wrongTenant.tenant = try #require(TenantID("other"))
        let new = generator.block()
        var impossible = [
            generator.commit(removing: [new.reference]),
            generator.commit(removing: [wrongTenant]),
            generator.commit(removing: [block.reference, block.reference]),
            generator.commit(covering: [generation]),
        ]
        for added in [[block], [new, new]] {
            var commit = generator.commit()
            commit.added = added
            impossible.append(commit)
        }
        var both = generator.commit(removing: [block.reference])
        both.added = [block]
        impossible.append(both)
        let other = generator.generation()
        impossible.append(generator.commit(covering: [other, other]))
        for commit in impossible {
            let before = state
            let error = #expect(throws: ManifestError.self) { try state.apply(commit, sequence: 1) }
            #expect(error?.code == .conflict)
            #expect(state == before)
        }
        for sequence in [0, 2, 3] as [UInt64] {
            let error = #expect(throws: ManifestError.self) {
                try state.apply(generator.commit(), sequence: sequence)
            }
            #expect(error?.code == .corrupted)
        }
    }

    @Test("a set of generations holds what was inserted, in any order, and stays small")
    func generationSet() {
        let incarnations = [IncarnationID(high: 1, low: 0), IncarnationID(high: 2, low: 0)]
        for seed in 0..<300 as Range<UInt64> {
            var generator = SeededGenerator(seed: seed)
            var set = GenerationSet()
            var expected: Set<JournalGenerationID> = []
            for _ in 0..<40 {
                let edges: [UInt64] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, .max - 1, .max]
                let generation = JournalGenerationID(
                    incarnation: incarnations[generator.next(below: 2)], number: edges[generator.next(below: 12)])
                #expect(set.insert(generation) == expected.insert(generation).inserted)
                for incarnation in incarnations {
                    for number in edges {
                        let id = JournalGenerationID(incarnation: incarnation, number: number)
                        #expect(set.contains(id) == expected.contains(id))
                    }
                }
            }
            // Equal sets are equal values, whatever the order.
            var again = GenerationSet()
            for generation in expected.sorted() { again.insert(generation) }
            #expect(again == set)
        }
    }
}
