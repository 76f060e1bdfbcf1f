// SPDX-License-Identifier: Apache-2.0

internal import FileIO
internal import StoreTesting
internal import Testing
internal import TraceStorage

@Suite("A store through power cuts and faults", .timeLimit(.minutes(3))) struct StoreSimulationTests {
    @Test(
        "every acknowledged span is found once, wherever the power is cut", arguments: 0..<3 as Range<UInt64>
    )
    func everyPowerCut(seed: UInt64) async throws {
        // Two generations; the second is cut before the first is flushed, and holds spans of the first once more.
        let steps: [StoreHistory.Step] = [
            .append, .append, .cut, .append, .retry, .cut, .flush, .append, .flush, .retry, .read,
        ]
        var rehearsal = StoreHistory(seed: seed)
        try await rehearsal.live(steps)
        #expect(rehearsal.blockCount > 1)
        for step in 0...rehearsal.system.stepCount {
            var history = StoreHistory(seed: seed)
            history.system.cutPower(atStep: step)
            try await history.live(steps)
            try await history.restartAndCheck("power cut at step \(step)")
        }
    }

    @Test("so it is while blocks are merged and dropped", arguments: 10..<13 as Range<UInt64>)
    func everyPowerCutWhileMerging(seed: UInt64) async throws {
        let steps: [StoreHistory.Step] = [
            .append, .append, .append, .cut, .flush, .append, .retry, .append, .cut, .flush, .merge, .delete, .append,
            .retry, .cut, .flush, .merge, .drop, .delete, .read,
        ]
        var rehearsal = StoreHistory(seed: seed)
        try await rehearsal.live(steps)
        #expect(rehearsal.mergeCount > 0)
        for step in 0...rehearsal.system.stepCount {
            var history = StoreHistory(seed: seed)
            history.system.cutPower(atStep: step)
            try await history.live(steps)
            try await history.restartAndCheck("power cut at step \(step)")
        }
    }

    @Test("so it is through many lives with power cuts", arguments: 100..<124 as Range<UInt64>)
    func manyLives(seed: UInt64) async throws {
        var history = StoreHistory(seed: seed)
        for life in 0..<4 {
            let distance = history.generator.next(below: 300)
            history.system.cutPower(atStep: history.system.stepCount + distance)
            let steps = history.randomSteps(30)
            try await history.live(steps)
            try await history.restartAndFail(afterSteps: history.generator.next(below: 80))
            let flushes = history.generator.next(below: 2) == 0
            try await history.restartAndCheck("life \(life)", flushes: flushes)
        }
        try await history.restartAndCheck("end")
    }

    @Test("so it is on a disk that fails now and then", arguments: 200..<232 as Range<UInt64>)
    func failingDisk(seed: UInt64) async throws {
        let operations: [FileOperation] = [
            .open, .write, .truncate, .preallocate, .synchronize, .link, .rename, .unlink, .synchronizeDirectory,
            .read,
        ]
        var history = StoreHistory(seed: seed)
        history.mayLeaveRubbish = true
        for life in 0..<4 {
            for _ in 0..<history.generator.next(below: 8) {
                let operation = operations[history.generator.next(below: operations.count)]
                let code: FileIOError.Code = history.generator.next(below: 2) == 0 ? .ioFailure : .noSpace
                history.system.inject(
                    SimulatedFault(
                        operation, code, after: history.generator.next(below: 40),
                        times: 1 + history.generator.next(below: 4)))
            }
            let steps = history.randomSteps(30)
            try await history.live(steps)
            let flushes = history.generator.next(below: 2) == 0
            try await history.restartAndCheck("life \(life)", flushes: flushes)
        }
        try await history.restartAndCheck("end")
    }
}
