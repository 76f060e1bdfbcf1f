// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

/// What codes of several lists are in the block: of each source its strings, resources, scopes or shapes.
struct CodeMap: ~Copyable {
    /// By list: where its codes begin in `codes`.
    private var starts = FlatBuffer<Int>()
    private var codes: FlatBuffer<UInt32>

    /// - Parameter capacity: Codes of all lists together, about.
    init(capacity: Int = 16) { codes = FlatBuffer(capacity: capacity) }

    /// Begins the next list.
    mutating func beginList() { starts.append(codes.count) }

    /// Appends what the next code of the last list is in the block.
    mutating func append(_ code: UInt32) { codes.append(code) }

    /// How many codes a list has.
    func count(of list: Int) -> Int { (list + 1 < starts.count ? starts[list + 1] : codes.count) - starts[list] }

    /// The block's code for a code that `list` has.
    @inline(__always) subscript(list: Int, code: UInt32) -> UInt32 { codes[starts[list] &+ Int(code)] }
}
