// SPDX-License-Identifier: Apache-2.0

internal import BlockFormat
internal import ByteCoding
internal import Testing
internal import TraceModel

@Suite struct DamageTests {
    static let small: WrittenBlock = {
        guard let block = try? SmallBlock.written() else { fatalError("the small block can't be written") }
        return block
    }()

    /// Several index pages, row groups and local dictionaries.
    static let large: WrittenBlock = {
        var choices = Choices(seed: 12)
        let names = (0..<3000).map { "name \($0 * $0)" }
        return write([view(of: choices.spans(9000, traceCount: 4000, names: names, services: ["a", "b"]))])
    }()

    /// Opens and verifies a block; what goes wrong must be a ``BlockError``.
    static func isRefused(_ bytes: [UInt8], id: BlockID = someBlockID) async -> Bool {
        do {
            try await BlockReader(id: id, source: MemorySource(bytes: bytes)).verify()
            return false
        } catch let error as BlockError {
            return !error.message.isEmpty
        } catch {
            Issue.record("\(error) is no BlockError")
            return false
        }
    }

    @Test func `every single flipped bit is found`() async throws {
        let block = Self.small
        #expect(await !Self.isRefused(block.bytes))
        for position in block.bytes.indices {
            for bit in 0..<8 {
                var damaged = block.bytes
                damaged[position] ^= 1 << UInt8(bit)
                #expect(await Self.isRefused(damaged), "bit \(bit) of byte \(position)")
            }
        }
    }

    @Test func `every truncation is found, and so is every byte too many`() async throws {
        let bytes = Self.small.bytes
        for length in bytes.indices {
            #expect(await Self.isRefused(Array(bytes[..<length])), "the first \(length) bytes")
            if length > 0 { #expect(await Self.isRefused(Array(bytes[length...])), "all but the first \(length)") }
        }
        #expect(await Self.isRefused(bytes + [0]))
        #expect(await Self.isRefused([0] + bytes))
        #expect(await Self.isRefused(bytes + bytes))
    }

    @Test(arguments: 0..<8 as Range<UInt64>)
    func `random damage to many bytes is found`(seed: UInt64) async throws {
        var choices = Choices(seed: seed)
        for round in 0..<150 {
            let block = round % 10 == 0 ? Self.large : Self.small
            let damaged = Self.mutated(block.bytes, &choices)
            if damaged != block.bytes { #expect(await Self.isRefused(damaged), "round \(round)") }
        }
    }

    @Test func `a block under another ID is refused`() async throws {
        for id in [BlockID(high: 0, low: 0), BlockID(high: someBlockID.high, low: someBlockID.low ^ 1)] {
            #expect(await Self.isRefused(Self.small.bytes, id: id))
        }
    }

    @Test func `the error names the part that is damaged`() async throws {
        let block = Self.small
        for part in try BlockSurgery(block).parts where !part.range.isEmpty {
            var damaged = block.bytes
            damaged[part.range.lowerBound] ^= 1
            do {
                try await BlockReader(id: block.id, source: MemorySource(bytes: damaged)).verify()
                Issue.record("damage to the \(part.name) was not found")
            } catch let error as BlockError {
                #expect(error.code == .corrupted)
                let name = part.name.hasPrefix("directory") ? "column list of row group" : part.name
                #expect(error.description.contains(name), "\(error)")
            }
        }
    }

    @Test func `bytes that belong to nothing are found`() async throws {
        let block = Self.small
        let surgery = try BlockSurgery(block)
        for offset in [32, surgery.footer.range.lowerBound] {
            #expect(await Self.isRefused(Array(block.bytes[..<offset]) + [0] + Array(block.bytes[offset...])))
        }
    }

    @Test func `padding between chunks must be zeros`() async throws {
        let block = Self.large
        let surgery = try BlockSurgery(block)
        var end = 32
        var padding: [Int] = []
        for chunk in surgery.chunks {
            // Chunks of one group follow one another; before a group's first lies a directory.
            if !surgery.directories.contains(where: { $0.range.lowerBound == end }) { padding += end..<chunk.range.lowerBound }
            end = chunk.range.upperBound
        }
        #expect(!padding.isEmpty)
        for position in padding {
            var damaged = block.bytes
            damaged[position] = 1
            #expect(await Self.isRefused(damaged))
        }
    }

    @Test func `a damaged block gives right spans by ID or an error`() async throws {
        let block = Self.small
        let whole = try await Answers(block.open())
        var choices = Choices(seed: 3)
        for position in block.bytes.indices {
            for _ in 0..<2 {
                var damaged = block.bytes
                damaged[position] ^= 1 << UInt8(choices.below(8))
                await Self.expect(damaged, gives: whole)
            }
        }
        for _ in 0..<500 { await Self.expect(Self.mutated(block.bytes, &choices), gives: whole) }
    }

    @Test(arguments: 0..<8 as Range<UInt64>)
    func `damage behind right checksums never traps`(bit: UInt64) async throws {
        let surgery = try BlockSurgery(Self.small)
        for position in surgery.bytes.indices {
            var damaged = surgery
            damaged.bytes[position] ^= 1 << UInt8(bit)
            damaged.reseal()
            await Self.survive(damaged.bytes)
        }
    }

    @Test(arguments: ["name ", "", "GET /cart/item-", "10.0.0."])
    func `damage to strings without a dictionary never traps`(prefix: String) async throws {
        var choices = Choices(seed: 9)
        let names = (0..<70).map { prefix.count == 7 ? "\(prefix)\($0)" : "\(prefix)\(choices.next())" }
        let spans = choices.spans(70, traceCount: 5, names: names, services: ["a"])
        var distinct = spans
        for index in distinct.indices { distinct[index].name = names[index] }
        let surgery = try BlockSurgery(write([view(of: distinct)]))
        let chunk = try #require(surgery.chunks.first { $0.column == FixedColumn.name.rawValue })
        #expect(!surgery.sections.contains { $0.name == "section 2.9" })
        for position in chunk.range {
            for bit in [0, UInt8(1 + choices.below(7))] {
                var damaged = surgery
                damaged.bytes[position] ^= 1 << bit
                damaged.reseal()
                await Self.survive(damaged.bytes)
            }
        }
    }

    @Test(arguments: 0..<8 as Range<UInt64>)
    func `extreme numbers behind right checksums never trap`(seed: UInt64) async throws {
        var choices = Choices(seed: seed)
        let small = try BlockSurgery(Self.small)
        let large = try BlockSurgery(Self.large)
        for round in 0..<400 {
            var damaged = round % 16 == 0 ? large : small
            let part = choices.pick(damaged.parts.filter { !$0.range.isEmpty })
            for _ in 0...choices.below(4) {
                let position = part.range.lowerBound + choices.below(part.range.count)
                damaged.bytes[position] = choices.pick([0, 1, 2, 3, 4, 5, 6, 7, 0x7f, 0x80, 0xff, UInt8(choices.below(256))])
            }
            if choices.oneIn(4) {
                // A varint of ten bytes.
                let position = part.range.lowerBound + choices.below(part.range.count)
                let varint: [UInt8] = choices.oneIn(2)
                    ? [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1] : [0xff, 0xff, 0xff, 0xff, 0x07]
                for (index, byte) in varint.enumerated() where position + index < part.range.upperBound {
                    damaged.bytes[position + index] = byte
                }
            }
            damaged.reseal()
            await Self.survive(damaged.bytes)
        }
    }

    // MARK: - Helpers

    /// Everything that a reader can be asked.
    struct Answers {
        var all: [FlatSpan: Int]
        var traces: [TraceID: [FlatSpan: Int]?] = [:]

        init(_ reader: BlockReader) async throws {
            all = try multiset(flatSpans(try await reader.readAll()))
            for id in SmallBlock.traceIDs {
                let trace = try await reader.readTrace(id)
                traces[id] = try trace.map { try multiset(flatSpans($0)) }
            }
        }
    }

    /// Asks each trace on its own: the answer is right, or a ``BlockError``.
    static func expect(_ damaged: [UInt8], gives whole: Answers) async {
        guard let reader = try? await BlockReader(id: someBlockID, source: MemorySource(bytes: damaged)) else { return }
        for id in SmallBlock.traceIDs {
            do {
                let trace = try await reader.readTrace(id)
                let found = try trace.map { try multiset(flatSpans($0)) }
                #expect(found == whole.traces[id])
            } catch {
                #expect(error is BlockError)
            }
        }
    }

    /// Asks a block everything; whatever it answers, nothing traps and all errors are ``BlockError``s.
    static func survive(_ bytes: [UInt8]) async {
        do {
            let reader = try await BlockReader(id: someBlockID, source: MemorySource(bytes: bytes))
            await attempt { _ = try await reader.verify() }
            await attempt { _ = try await reader.columnUsage() }
            let middle = reader.footer.indexPages.map(\.firstTraceID)
            for id in SmallBlock.traceIDs + middle.prefix(3) { await attempt { _ = try await reader.readTrace(id) } }
            for conditions in [[], [.status(2), .name([]), .serviceName([])]] as [[ScanRequest.Condition]] {
                await attempt {
                    var matches = LongestMatches(limit: 3)
                    _ = try await reader.scan(ScanRequest(conditions: conditions, limit: 3), into: &matches)
                }
            }
        } catch {
            #expect(error is BlockError, "\(error)")
        }
    }

    private static func attempt(_ body: () async throws -> Void) async {
        do { try await body() } catch { #expect(error is BlockError, "\(error)") }
    }

    /// Some bytes changed, moved, doubled or cut out.
    private static func mutated(_ bytes: [UInt8], _ choices: inout Choices) -> [UInt8] {
        var damaged = bytes
        let start = choices.below(bytes.count)
        let end = min(bytes.count, start + 1 + choices.below(choices.pick([2, 40, 5000])))
        switch choices.below(5) {
        case 0: for index in start..<end { damaged[index] = UInt8(choices.below(256)) }
        case 1: for index in start..<end { damaged[index] = 0 }
        case 2: damaged.removeSubrange(start..<end)
        case 3: damaged.insert(contentsOf: bytes[start..<end], at: choices.below(bytes.count))
        default:
            let target = choices.below(bytes.count - (end - start) + 1)
            damaged.replaceSubrange(target..<(target + end - start), with: bytes[start..<end])
        }
        return damaged
    }
}
