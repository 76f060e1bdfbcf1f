// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ByteCoding
internal import TraceModel

// A checkpoint object: the state that all commits below a sequence make together. Little-endian but for IDs:
//
//  0   8  "VIVACEK1"
//  8   4  version, 1
// 12   4  b, count of blocks
// 16   4  g, count of runs of generations
// 20   4  zero
// 24   8  sequence: of the first commit that is not in it
// 32   8  when the newest commit in it was made, Unix nanoseconds
// 40      b blocks, as a commit has those that it adds, by tenant (bytes of the name) and block ID
//         g runs, by incarnation and number: incarnation (16), first number (8), last number (8)
//  …   8  XXH3 of all before, seeded with the sequence; the object ends here
//
// The same commits make the same bytes, whoever writes them.
//
// docs/FORMAT-JOURNAL.md, "Checkpoint".
private enum CheckpointLayout {
    static let magic: UInt64 = 0x314B_4543_4156_4956
    static let version: UInt32 = 1
    static let headerByteCount = 40
    static let blockByteCount = 108 + 1
    static let runByteCount = 32
    static let checksumByteCount = 8
}

extension ManifestState {
    /// A checkpoint's bytes; its sequence is ``nextSequence``.
    package func encodedCheckpoint() -> [UInt8] {
        let tenants = blocksByTenant.keys.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        let runs = coveredGenerations.sortedRuns
        var out = ByteWriter(capacity: 64 + blockCount * 160 + runs.count * CheckpointLayout.runByteCount)
        out.append(littleEndian: CheckpointLayout.magic)
        out.append(littleEndian: CheckpointLayout.version)
        out.append(littleEndian: UInt32(blockCount))
        out.append(littleEndian: UInt32(runs.count))
        out.append(littleEndian: UInt32(0))
        out.append(littleEndian: nextSequence)
        out.append(littleEndian: newestCommitNanoseconds)
        for tenant in tenants {
            for block in liveBlocks(of: tenant) { out.append(block) }
        }
        for run in runs {
            out.append(id: run.incarnation.high, run.incarnation.low)
            out.append(littleEndian: run.numbers.lowerBound)
            out.append(littleEndian: run.numbers.upperBound)
        }
        out.append(littleEndian: XXH3.hash(out.bytes, seed: nextSequence))
        return out.array()
    }

    /// Reads a checkpoint's bytes.
    /// - Parameter sequence: Of its key.
    /// - Throws: `.corrupted`; `.unsupported` if a newer program wrote it.
    package init(decodingCheckpoint object: [UInt8], sequence: UInt64) throws(ManifestError) {
        let bytes = object.rawSpan
        do throws(ByteCodingError) {
            let end = bytes.byteCount - CheckpointLayout.checksumByteCount
            var trailer = try ByteCursor(position: end, end: bytes.byteCount, in: bytes)
            let body = bytes.extracting(0..<end)
            guard XXH3.hash(body, seed: sequence) == (try trailer.littleEndian(bytes, as: UInt64.self)) else {
                throw ByteCodingError(.corrupted, "checkpoint checksum")
            }
            self = try Self.decoded(body, sequence: sequence)
        } catch {
            if bytes.byteCount >= CheckpointLayout.headerByteCount,
                bytes.littleEndianWord(at: 0) == CheckpointLayout.magic,
                UInt32(truncatingIfNeeded: bytes.littleEndianWord(at: 8)) > CheckpointLayout.version
            {
                throw ManifestError(
                    .unsupported, "checkpoint \(sequence) was written by a newer program: start that one")
            }
            throw ManifestError(.corrupted, "checkpoint \(sequence) is damaged", cause: error)
        }
    }

    private static func decoded(_ bytes: RawSpan, sequence: UInt64) throws(ByteCodingError) -> ManifestState {
        var cursor = ByteCursor(over: bytes)
        guard try cursor.littleEndian(bytes, as: UInt64.self) == CheckpointLayout.magic,
            try cursor.littleEndian(bytes, as: UInt32.self) == CheckpointLayout.version
        else { throw ByteCodingError(.corrupted, "checkpoint header") }
        let blockCount = Int(try cursor.littleEndian(bytes, as: UInt32.self))
        let runCount = Int(try cursor.littleEndian(bytes, as: UInt32.self))
        _ = try cursor.littleEndian(bytes, as: UInt32.self)
        // Before anything is allocated: the counts have to fit into what is there.
        let least = blockCount * CheckpointLayout.blockByteCount + runCount * CheckpointLayout.runByteCount
        guard CheckpointLayout.headerByteCount + least <= bytes.byteCount,
            try cursor.littleEndian(bytes, as: UInt64.self) == sequence
        else { throw ByteCodingError(.corrupted, "checkpoint counts") }
        let newest = try cursor.littleEndian(bytes, as: UInt64.self)
        var blocks: [BlockSummary] = []
        blocks.reserveCapacity(blockCount)
        for _ in 0..<blockCount {
            let block = try BlockSummary(&cursor, bytes)
            guard blocks.last.map({ $0.precedesInCheckpoint(block) }) ?? true else {
                throw ByteCodingError(.corrupted, "order of blocks")
            }
            blocks.append(block)
        }
        var generations = GenerationSet()
        var last: IncarnationID?
        for _ in 0..<runCount {
            let incarnation: IncarnationID = try cursor.randomID(bytes)
            guard last.map({ ($0.high, $0.low) <= (incarnation.high, incarnation.low) }) ?? true,
                generations.append(try cursor.integers(bytes), of: incarnation)
            else { throw ByteCodingError(.corrupted, "generations") }
            last = incarnation
        }
        guard cursor.isAtEnd,
            let state = ManifestState(
                blocks: blocks, coveredGenerations: generations, nextSequence: sequence,
                newestCommitNanoseconds: newest)
        else { throw ByteCodingError(.corrupted, "checkpoint") }
        return state
    }
}

extension BlockSummary {
    fileprivate func precedesInCheckpoint(_ other: BlockSummary) -> Bool {
        if tenant == other.tenant { return id < other.id }
        return tenant.name.utf8.lexicographicallyPrecedes(other.tenant.name.utf8)
    }
}
