// SPDX-License-Identifier: Apache-2.0

/// One simulated file: what readers see, what a power cut leaves for certain, and the changes
/// between the two.
struct SimulatedContents {
    private enum Change {
        case write(offset: Int, bytes: [UInt8])
        case resize(byteCount: Int)
    }

    /// What reads see.
    private(set) var bytes: [UInt8] = []
    private var durableBytes: [UInt8] = []
    private var pending: [Change] = []

    mutating func write(_ new: [UInt8], at offset: Int) {
        apply(.write(offset: offset, bytes: new))
    }

    mutating func resize(to byteCount: Int) {
        apply(.resize(byteCount: byteCount))
    }

    private mutating func apply(_ change: Change) {
        Self.apply(change, to: &bytes)
        pending.append(change)
    }

    /// Makes everything durable.
    mutating func synchronize() {
        for change in pending { Self.apply(change, to: &durableBytes) }
        pending = []
    }

    /// What Linux does when writing back fails: some of it reached the disk, the rest is taken for
    /// written, stays readable till the power cut, and no later synchronize writes it.
    mutating func failToSynchronize(_ generator: inout SeededGenerator) {
        resolvePending(&generator)
        pending = []
    }

    /// The power cut: what was not synchronized is kept, lost or torn.
    mutating func losePower(_ generator: inout SeededGenerator) {
        resolvePending(&generator)
        pending = []
        bytes = durableBytes
    }

    private mutating func resolvePending(_ generator: inout SeededGenerator) {
        // One mood for a whole file, so that "all of it" and "a clean prefix" happen too.
        let mood = generator.next(below: 4)
        var prefix = mood == 2 ? generator.next(below: pending.count + 1) : 0
        for change in pending {
            switch mood {
            case 0: return  // nothing survives
            case 1: Self.apply(change, to: &durableBytes)
            case 2 where prefix > 0:
                Self.apply(change, to: &durableBytes)
                prefix -= 1
            case 2:
                Self.tear(change, &durableBytes, &generator)
                return
            default: Self.tear(change, &durableBytes, &generator)
            }
        }
    }

    private static func apply(_ change: Change, to bytes: inout [UInt8]) {
        switch change {
        case .resize(let byteCount) where byteCount < bytes.count:
            bytes.removeLast(bytes.count - byteCount)
        case .resize(let byteCount):
            bytes.append(contentsOf: repeatElement(0, count: byteCount - bytes.count))
        case .write(let offset, let new):
            let overlap = min(new.count, max(0, bytes.count - offset))
            if bytes.count < offset {
                bytes.append(contentsOf: repeatElement(0, count: offset - bytes.count))
            }
            if overlap > 0 {
                bytes.replaceSubrange(offset..<offset + overlap, with: new[..<overlap])
            }
            bytes.append(contentsOf: new[overlap...])
        }
    }

    /// Applies some sectors of a write: each is new, old (zeroes where the file grew), or rarely
    /// garbage.
    private static func tear(
        _ change: Change, _ bytes: inout [UInt8], _ generator: inout SeededGenerator
    ) {
        guard case .write(let offset, let new) = change else {
            if generator.next(below: 2) == 0 { apply(change, to: &bytes) }
            return
        }
        let sectorByteCount = 512
        var start = offset
        while start < offset + new.count {
            let end = min(offset + new.count, (start / sectorByteCount + 1) * sectorByteCount)
            var sector = Array(new[start - offset..<end - offset])
            switch generator.next(below: 16) {
            case 0:
                for index in sector.indices { sector[index] = UInt8(generator.next(below: 256)) }
                apply(.write(offset: start, bytes: sector), to: &bytes)
            case 1...8: apply(.write(offset: start, bytes: sector), to: &bytes)
            default: break
            }
            start = end
        }
    }
}
