// SPDX-License-Identifier: Apache-2.0

package import FileIO

/// The limits and choices of a local journal, with their reasons.
package struct JournalOptions: Sendable {
    /// A segment that has this many bytes is followed by another: small enough to be read into
    /// memory when it is replayed, large enough that new ones are rare. A larger record gets a
    /// segment of its own.
    package var segmentByteCount = 64 << 20

    /// Segments that are kept to be written again when their records are needed no more: overwriting is synchronized
    /// without a change to the file system's own books. Two last through one cut after the other; 0 keeps none.
    package var spareSegmentCount = 2

    /// Bytes of records that may wait for the disk, those being written included; more are refused
    /// as `.overloaded`. The requests' own bytes are limited elsewhere; this bounds their copies.
    package var queueByteLimit = 64 << 20

    /// Measured on requests of 120 KB, nanoseconds a raw byte with all of encoding, and stored size:
    /// none 0.40, 100 %; acceleration 1 0.92, 22 %; 4 0.83, 25 %; 8 0.73, 30 %; 32 0.55, 52 %. In instructions
    /// of lz4 alone, 16 saves 9 % against 8 and stores 22 % more; 4 costs 10 % and stores 14 % less.
    package var compression = JournalCompression.lz4(acceleration: 8)

    /// From one synchronize to the next, at least. Each costs some 100 µs of CPU, most of it on the way to the disk, and
    /// as much again for the switches of threads; none is saved where requests come less often.
    package var groupInterval = Duration.milliseconds(3)

    package init() {}
}

/// What a journal has done since it began, for metrics.
package struct JournalFigures: Sendable, Equatable {
    /// Groups made durable, each by one synchronize.
    package var groupCount = 0
    /// Records in these groups.
    package var recordCount = 0
    /// Bytes of these records, as stored.
    package var byteCount = 0
    /// How long synchronize calls of files took, those that failed included.
    package var synchronizeLatency = LatencyFigures()
    /// Segments that were begun, and those among them that were begun in a file of an earlier one.
    package var segmentCount = 0
    package var recycledSegmentCount = 0
    /// Groups that could not be made durable; each costs the segment.
    package var failureCount = 0
    /// Bytes of records that wait for the disk now.
    package var queuedByteCount = 0

    package init() {}
}
