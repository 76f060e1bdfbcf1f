// SPDX-License-Identifier: Apache-2.0

import Testing
import TraceServer

@Suite struct BodyBuffersTests {
    private func filled(_ buffers: BodyBuffers, _ byteCount: Int) -> [UInt8] {
        var array = buffers.take(capacity: byteCount)
        array.append(contentsOf: repeatElement(7, count: byteCount))
        return array
    }

    @Test func `an array that was given back is the next one that is taken, empty`() {
        let buffers = BodyBuffers(retainedByteLimit: 1 << 20)
        var first = filled(buffers, 100_000)
        let capacity = first.capacity
        buffers.giveBack(&first)
        #expect(first.isEmpty && first.capacity == 0)
        #expect(buffers.retainedByteCount == capacity)
        let second = buffers.take(capacity: 90_000)
        #expect(second.isEmpty && second.capacity == capacity)
        #expect(buffers.retainedByteCount == 0)
    }

    @Test func `who still holds the bytes keeps them`() {
        let buffers = BodyBuffers(retainedByteLimit: 1 << 20)
        var first = filled(buffers, 100_000)
        let holder = first
        buffers.giveBack(&first)
        var second = buffers.take(capacity: 100_000)
        second.append(contentsOf: repeatElement(8, count: 100_000))
        #expect(holder.allSatisfy { $0 == 7 } && holder.count == 100_000)
    }

    @Test func `the smallest that will do is taken`() {
        let buffers = BodyBuffers(retainedByteLimit: 8 << 20)
        var arrays = [400_000, 100_000, 200_000].map { filled(buffers, $0) }
        let capacities = arrays.map(\.capacity)
        for index in arrays.indices { buffers.giveBack(&arrays[index]) }
        #expect(buffers.take(capacity: 90_000).capacity == capacities[1])
        #expect(buffers.take(capacity: 190_000).capacity == capacities[2])
        #expect(buffers.take(capacity: 300_000).capacity == capacities[0])
        #expect(buffers.retainedByteCount == 0)
    }

    @Test func `a small body does not get a large one's array`() {
        let buffers = BodyBuffers(retainedByteLimit: 8 << 20)
        var large = filled(buffers, 3 << 20)
        buffers.giveBack(&large)
        #expect(buffers.take(capacity: 32 << 10).capacity < 64 << 10)
        #expect(buffers.take(capacity: 2 << 20).capacity >= 3 << 20)
    }

    @Test func `where there is no room the oldest array goes`() {
        let buffers = BodyBuffers(retainedByteLimit: 500_000)
        var arrays = [100_000, 100_000, 100_000, 400_000].map { filled(buffers, $0) }
        for index in arrays.indices { buffers.giveBack(&arrays[index]) }
        #expect(buffers.take(capacity: 400_000).capacity >= 400_000 && buffers.retainedByteCount < 110_000)
    }

    @Test func `no more is kept than the limit says, and nothing small or huge`() {
        let buffers = BodyBuffers(retainedByteLimit: 500_000)
        var arrays = (0..<20).map { _ in filled(buffers, 100_000) }
        for index in arrays.indices { buffers.giveBack(&arrays[index]) }
        #expect((400_000...500_000).contains(buffers.retainedByteCount))
        let others = BodyBuffers(retainedByteLimit: 64 << 20)
        for byteCount in [0, 1, 1_000, 5 << 20] {
            var array = filled(others, byteCount)
            others.giveBack(&array)
        }
        #expect(others.retainedByteCount == 0)
    }
}
