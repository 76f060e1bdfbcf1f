// SPDX-License-Identifier: Apache-2.0

/// Every limit of the server's edge, with its reason. Limits of other parts stand with those parts.
///
/// Tests make them smaller; whoever changes one keeps the relations that the initializer asserts.
package struct ServerLimits: Sendable {
    /// Bytes of one OTLP request as it is on the wire: what OTLP recommends for HTTP. Anything larger is answered
    /// 413 or RESOURCE_EXHAUSTED and is not read into memory.
    package var requestByteCount = 20 << 20

    /// What a request is charged at least against the memory for requests in flight, whatever its size: a call
    /// costs its stream, its buffers and its task.
    package var minimumReservationByteCount = 4 << 10

    /// By how much the charge of a body of unknown length grows at first; it doubles from there, like the array
    /// that holds it.
    package var firstReservationByteCount = 64 << 10

    /// How many bytes of a body that is refused are read and thrown away, so that a client that sends everything
    /// before it reads still gets the answer; a longer one is cut off.
    package var discardedByteCount = 64 << 20

    /// Unused memory for bodies that is kept for the next ones: those of two dozen requests of average size.
    package var retainedBodyByteCount = 16 << 20

    /// How long a body may take from its first byte to its last, and a gRPC call from its head to its message, so that slow senders don't hold memory for ever.
    package var bodySeconds = 60

    /// How long an answer may take to be read, so that who does not read does not hold a query's memory for ever.
    package var answerSeconds = 300

    /// What a body whose length was announced is charged before any of it has come; more as it comes.
    package var announcedReservationByteCount = 1 << 20

    /// How long an HTTP connection may be idle: longer than the 90 s for which Go's client pools connections, so
    /// that it is not the server that closes under a request.
    package var idleSeconds = 120

    /// Requests of an HTTP connection that wait for their turn, after which it ends with the last one: a read of
    /// 256 KiB can hold ten thousand, and each takes half a kilobyte that no budget knows.
    package var waitingRequestCount = 256

    /// Bytes of all HTTP/1.1 header fields of a request.
    package var headerByteCount = 32 << 10

    /// Bytes of an HTTP/2 header list: what gRPC's own servers allow.
    package var headerListByteCount = 16 << 10

    /// Concurrent calls on an HTTP/2 connection.
    package var concurrentStreamCount = 256

    /// Requests in protobuf of up to so many bytes are decoded on the event loop that received them, which saves two
    /// switches of threads: half a millisecond of work. What is compressed could be much more.
    package var shortCallByteCount = 256 << 10

    /// Short calls that each event loop performs at the same time; most wait for the journal. More go to other threads.
    package var eventLoopCallCount = 16

    /// Calls that are performed at the same time, each by a task that waits for it; more wait in a queue. They
    /// mostly wait for the journal, so that this is also how many of them one fsync acknowledges.
    package var concurrentCallCount = 256

    /// HTTP/2 flow-control window of a connection and of a stream. A request of average size then needs no
    /// round trip for window updates.
    package var windowByteCount = 4 << 20

    /// HTTP/2 frame size: fewer, larger frames cost less.
    package var frameByteCount = 256 << 10

    /// PING, SETTINGS, PRIORITY and RST_STREAM frames in 30 s before a connection is closed as hostile. gRPC
    /// clients that probe bandwidth send up to ten PINGs a second.
    package var controlFrameCount = 2_000

    /// After this many seconds without a byte a gRPC client is pinged. Who shows no sign of life for twice as long,
    /// and for the time of an answer, is dropped.
    package var keepaliveSeconds = 120
    package var keepaliveAnswerSeconds = 20

    /// Connections at one listener. The file descriptors that the system allows may make it fewer.
    package var connectionCount = 2_048

    /// Connections that the kernel holds until they are accepted.
    package var backlog = 512

    /// How often the files of certificates, keys and tokens are looked at.
    package var credentialsMilliseconds = 1_000

    /// How long requests under way may go on after SIGTERM, so that the process is gone within two seconds.
    package var drainMilliseconds = 1_500

    /// Spans that `/api/slow` answers at most.
    package var slowSpanCount = 262_144
    package var defaultSlowSpanCount = 20

    /// Traces that `/api/search` answers at most, and matching spans of each: Tempo's limits and defaults.
    package var searchTraceCount = 262_144
    package var defaultSearchTraceCount = 20
    package var spansPerTrace = 100
    package var defaultSpansPerTrace = 3

    /// An answer that is made piece by piece is sent in pieces of about this size, each when the client has taken
    /// the one before.
    package var answerChunkByteCount = 256 << 10

    /// Bytes of a trace's answer that are not counted against the memory for queries once it is made: with those of
    /// all connections they stay below what a connection has in buffers anyway.
    package var uncountedAnswerByteCount = 64 << 10

    /// Spans of a trace that are encoded in one go: a few milliseconds of work.
    package var spansPerSlice = 4_096

    /// Bytes of a trace in memory that are encoded in one go, if it has large spans: a slice is made while the one
    /// before waits for the client.
    package var sliceByteCount = 512 << 10

    /// Bytes of a query's URL, below what the headers may have.
    package var urlByteCount = 16 << 10

    package init() { assertRelations() }

    /// Stops the program where limits contradict each other: that is a mistake of ours.
    package func assertRelations() {
        precondition(minimumReservationByteCount <= firstReservationByteCount)
        precondition(firstReservationByteCount <= requestByteCount || requestByteCount < 64 << 10)
        precondition(discardedByteCount >= requestByteCount, "a body just over the limit gets its answer")
        precondition(windowByteCount >= frameByteCount, "a frame fits into an empty window")
        precondition((1 << 14...(1 << 24) - 1).contains(frameByteCount), "RFC 9113, SETTINGS_MAX_FRAME_SIZE")
        precondition(windowByteCount < 1 << 31, "RFC 9113, section 6.9.1")
        precondition(urlByteCount <= headerByteCount)
        precondition(defaultSlowSpanCount <= slowSpanCount)
        precondition(defaultSearchTraceCount <= searchTraceCount)
        precondition(defaultSpansPerTrace <= spansPerTrace)
        precondition(keepaliveAnswerSeconds < keepaliveSeconds)
    }
}
