// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding
internal import TraceModel

/// The shapes of all owners, flat, so that hot loops touch no arrays of arrays.
struct ShapeTable: ~Copyable {
    /// An attribute column, and whether its values are strings.
    struct Slot: BitwiseCopyable {
        private let bits: UInt32

        init(column: UInt32, isString: Bool) { bits = column << 1 | (isString ? 1 : 0) }

        /// Index into the schema's columns; behind the last for an attribute in the rest columns.
        @inline(__always) var column: Int { Int(bits &>> 1) }
        @inline(__always) var isString: Bool { bits & 1 != 0 }
    }

    /// By owner: the place of its first shape in `starts`.
    private var firstShapes = FlatBuffer<Int>()
    /// Where each shape's slots begin, and behind the last shape how many there are.
    private(set) var starts = FlatBuffer<UInt32>()
    private(set) var slots = FlatBuffer<Slot>()
    /// By place in `starts`: how many attributes of the shape are in the rest columns.
    private(set) var restCounts = FlatBuffer<UInt32>()
    /// Whether a shape has such attributes.
    private(set) var hasRest = false

    init() {}

    /// - Parameter tellsRestByOwner: Whether the attributes of events and links in the rest columns have a column index
    ///   of their own: one and two behind that of spans.
    init(_ schema: BlockSchema, tellsRestByOwner: Bool = false) {
        for (owner, list) in schema.shapes.enumerated() {
            let rest = UInt32(schema.columns.count + (tellsRestByOwner ? owner : 0))
            firstShapes.append(starts.count)
            for shape in list {
                starts.append(UInt32(slots.count))
                var restCount: UInt32 = 0
                for column in shape {
                    if column == BlockSchema.rest {
                        restCount += 1
                        slots.append(Slot(column: rest, isString: false))
                    } else {
                        slots.append(Slot(column: column, isString: schema.columns[Int(column)].type.isByteString))
                    }
                }
                restCounts.append(restCount)
                hasRest = hasRest || restCount > 0
            }
        }
        starts.append(UInt32(slots.count))
    }

    /// The place in `starts` of an owner's shape 0; the others follow.
    @inline(__always) func firstShape(of owner: AttributeOwner) -> Int { firstShapes[Int(owner.rawValue)] }

    /// The places in `slots` of a shape.
    @inline(__always) func range(_ shape: Int) -> Range<Int> { Int(starts[shape])..<Int(starts[shape &+ 1]) }
}
