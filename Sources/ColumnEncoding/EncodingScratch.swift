// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

/// Memory that the encoders use again from chunk to chunk: one a writing thread.
package struct EncodingScratch: ~Copyable {
    var integers = IntegerScratch()
    var strings = StringScratch()

    package init() {}
}

/// What an integer chunk needs.
struct IntegerScratch: ~Copyable {
    var deltas = FlatBuffer<UInt64>()
    var codes = FlatBuffer<UInt32>()
    var distinct = DistinctTable()
    var runs = RunScratch()
    var ranked = RankedScratch()
}

/// What a ranked chunk needs.
struct RankedScratch: ~Copyable {
    var ranking = ContextRanking()
    var bytes = ByteWriter()
    var flat = FlatScratch()
}

/// What an encoding needs that may stand inside of another.
struct RunScratch: ~Copyable {
    var values = FlatBuffer<UInt64>()
    var lengths = FlatBuffer<UInt64>()
    var flat = FlatScratch()
}

/// What a flat chunk needs.
struct FlatScratch: ~Copyable {
    var gaps = FlatBuffer<UInt64>()
    var values = FlatBuffer<UInt64>()
    var plain = PlainScratch()
}

/// What the innermost encodings need.
struct PlainScratch: ~Copyable {
    var bins = BinBuilder()
}
