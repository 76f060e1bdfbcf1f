// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import TraceModel

/// Identifies a block; random, so that two writers never choose the same.
package struct BlockID: Hashable, Sendable, BitwiseCopyable, Comparable, CustomStringConvertible {
    package var high: UInt64
    package var low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    package static func < (a: Self, b: Self) -> Bool { a.high != b.high ? a.high < b.high : a.low < b.low }

    /// 32 lower-case hexadecimal digits.
    package var description: String { hexadecimalString(high) + hexadecimalString(low) }
}

/// Numbers that the block format fixes.
///
/// ```
/// header │ row group 0 │ row group 1 │ … │ sections │ footer │ trailer
/// ```
/// - SeeAlso: docs/FORMAT.md
package enum BlockLayout {
    /// "VIVACEB1", little-endian.
    static let magic: UInt64 = 0x3142_4543_4156_4956
    package static let version: UInt16 = 1
    static let headerByteCount = 32
    static let trailerByteCount = 32
    /// Feature bits that a block may demand of its reader, of those that this one knows; none yet.
    static let understoodFeatures: UInt16 = 0

    /// Rows in a row group at most.
    package static let rowGroupRowLimit = 8192
    /// Attribute values (and events, and links) in a row group at most; one span may exceed it alone.
    static let rowGroupValueLimit = 1 << 18
    /// Bytes of long strings in a row group at most, before encoding; one span may exceed it alone. With the short
    /// ones, ``rowGroupValueLimit`` of them, a chunk stays below what a reader takes (256 MiB).
    static let rowGroupStringByteLimit = 32 << 20
    /// Strings above this length are long.
    static let shortStringByteLimit = 512
    /// Traces in a page of the trace index.
    static let indexPageTraceCount = 1024
    /// Uncompressed chunks of at least this size begin at a multiple of 64 in the block.
    static let alignedChunkByteCount = 4096
    static let chunkAlignment = 64

    /// Values of a column stand once for the whole block if there are at most this many distinct ones …
    static let dictionaryEntryLimit = 65_536
    /// … of at most so many bytes together.
    static let dictionaryByteLimit = 4 << 20

    /// A footer that claims to be longer is not read.
    static let footerByteLimit = 64 << 20
}

/// The columns that every row group may have. Raw values are part of the format; a column that is missing holds its
/// default (0 or the empty string) in every row.
package enum FixedColumn: UInt32, CaseIterable, Sendable {
    /// Rows of each trace in the group.
    case traceRun = 0
    case spanID = 1
    /// 0 no parent, 1 the next of `explicitParent`, 2 the next of `unusualParent`, k + 3: row k of
    /// those that the trace has in this group.
    case parent = 2
    /// IDs of the parents that are no row of the trace in this group.
    case explicitParent = 3
    /// First row of a trace in the group: since the trace's first start; other rows: since the row before.
    case start = 4
    /// End minus start, wrapping.
    case duration = 5
    case kind = 6
    case status = 7
    case presence = 8
    case name = 9
    case statusMessage = 10
    case traceState = 11
    case flags = 12
    case droppedAttributes = 13
    case droppedEvents = 14
    case droppedLinks = 15
    case resource = 16
    case scope = 17
    case arrivalSeconds = 18
    case shape = 19
    /// Nanoseconds on the critical path: 0, 1 for all of the duration, else time + 1. Derived.
    case critical = 20
    /// Bytes of the parents that are not an ID: all zeros, or not eight bytes.
    case unusualParent = 21
    /// Events of each row.
    case eventCount = 32
    /// Since the span's start, wrapping, zig-zag.
    case eventTime = 33
    case eventName = 34
    case eventDropped = 35
    case eventShape = 36
    case linkCount = 40
    case linkTraceID = 41
    case linkSpanID = 42
    case linkTraceState = 43
    case linkDropped = 44
    case linkFlags = 45
    case linkShape = 46
    /// The rest columns, four for each kind of owner: see ``RestColumns``.
    case spanRestKey = 48
    case spanRestType = 49
    case spanRestNumber = 50
    case spanRestString = 51
    case eventRestKey = 52
    case eventRestType = 53
    case eventRestNumber = 54
    case eventRestString = 55
    case linkRestKey = 56
    case linkRestType = 57
    case linkRestNumber = 58
    case linkRestString = 59

    /// Attribute column *i* has this number plus *i*.
    package static let firstAttribute: UInt32 = 64

    /// Columns of byte strings, whose values may stand in a dictionary of the block.
    static let strings: [FixedColumn] = [
        .name, .statusMessage, .traceState, .unusualParent, .eventName, .linkTraceID, .linkSpanID, .linkTraceState,
        .spanRestKey, .spanRestString, .eventRestKey, .eventRestString, .linkRestKey, .linkRestString,
    ]

    var isString: Bool { Self.strings.contains(self) }
}

/// Whose attribute a column holds.
package enum AttributeOwner: UInt8, Sendable, CaseIterable {
    case span = 0
    case event = 1
    case link = 2
}

/// Parts of a block besides row groups, in a registry: a reader passes over kinds that it does not know.
enum SectionKind: UInt16, Sendable {
    /// Attribute columns, services, resources, scopes, shapes.
    case schema = 1
    /// Sorted distinct values of one string column; the section's number is the column's.
    case dictionary = 2
    /// One page of the trace index; the section's number is the page's.
    case traceIndexPage = 3
    case bloomFilter = 4
    /// A bloom filter over the keys in the rest columns.
    case restKeyFilter = 5
}
