// SPDX-License-Identifier: Apache-2.0

internal import CProtobufMessages

/// The memory of protobuf-c's message structs while one message is decoded or encoded.
///
/// Everything that it hands out is a C pointer into the arena and dies with it; the types that use
/// it copy what they keep. It bounds the memory (`byteLimit`) and the depth (by the stack, see
/// arena.h) of what is decoded.
@safe struct MessageArena: ~Copyable {
    // Safe: created in `init`, destroyed in `deinit`, never given out.
    private let arena: OpaquePointer

    /// - Throws: `.outOfMemory`.
    init(byteLimit: Int) throws(ProtobufError) {
        guard let arena = unsafe vivace_arena_create(max(0, byteLimit)) else {
            throw ProtobufError(.outOfMemory, "no memory for a message arena")
        }
        unsafe self.arena = arena
    }

    deinit {
        // Safe: nothing that points into the arena outlives the function that made it.
        unsafe vivace_arena_destroy(arena)
    }

    /// Decodes bytes with one of the generated `unpack` functions.
    ///
    /// Safe if `unpack` is generated: it reads `bytes` only, and takes memory from the arena only.
    func unpack<Message>(
        _ bytes: RawSpan,
        _ unpack: (
            UnsafeMutablePointer<ProtobufCAllocator>?, Int, UnsafePointer<UInt8>?
        ) -> UnsafeMutablePointer<Message>?
    ) throws(ProtobufError) -> Message {
        let arena = unsafe arena
        let message = unsafe bytes.withUnsafeBytes { buffer in
            unsafe vivace_arena_enter(arena)
            return unsafe unpack(
                vivace_arena_allocator(arena), buffer.count,
                buffer.baseAddress?.assumingMemoryBound(to: UInt8.self))
        }
        guard let message = unsafe message else { throw failure() }
        return unsafe message.pointee
    }

    /// A message with every field absent. Safe if `initialise` is the generated `init` function.
    func make<Message>(
        _ initialise: (UnsafeMutablePointer<Message>?) -> Void
    ) throws(ProtobufError) -> UnsafeMutablePointer<Message> {
        let memory = unsafe try allocate(MemoryLayout<Message>.size).bindMemory(
            to: Message.self, capacity: 1)
        unsafe initialise(memory)
        return unsafe memory
    }

    /// A copy of the bytes.
    func bytes(_ bytes: [UInt8]) throws(ProtobufError) -> ProtobufCBinaryData {
        if bytes.isEmpty { return unsafe ProtobufCBinaryData() }
        // Safe: the memory is as large as what is copied there.
        let memory = unsafe try allocate(bytes.count)
        unsafe bytes.withUnsafeBytes {
            unsafe memory.copyMemory(
                from: $0.baseAddress ?? UnsafeRawPointer(memory), byteCount: $0.count)
        }
        return unsafe ProtobufCBinaryData(
            len: bytes.count, data: memory.assumingMemoryBound(to: UInt8.self))
    }

    /// The values of a repeated field: a C array of what `convert` gives for each element; nil for
    /// none.
    func list<Element, Value>(
        _ elements: [Element], _ convert: (Element) throws(ProtobufError) -> Value
    ) throws(ProtobufError) -> UnsafeMutablePointer<Value>? {
        if elements.isEmpty { return nil }
        let stride = MemoryLayout<Value>.stride
        let list = unsafe try allocate(stride * elements.count).bindMemory(
            to: Value.self, capacity: elements.count)
        for (index, element) in elements.enumerated() {
            // Safe: `list` has room for `elements.count` values.
            unsafe (list + index).initialize(to: try convert(element))
        }
        return unsafe list
    }

    /// The encoded bytes of a message.
    ///
    /// Safe if `Message` is a generated type: each begins with its `ProtobufCMessage`, which knows
    /// the fields.
    func packed<Message>(_ message: UnsafeMutablePointer<Message>) -> [UInt8] {
        let base = unsafe UnsafeRawPointer(message).assumingMemoryBound(to: ProtobufCMessage.self)
        let byteCount = unsafe protobuf_c_message_get_packed_size(base)
        return unsafe [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, initializedCount in
            unsafe initializedCount = protobuf_c_message_pack(base, buffer.baseAddress)
        }
    }

    private func allocate(_ byteCount: Int) throws(ProtobufError) -> UnsafeMutableRawPointer {
        guard let memory = unsafe vivace_arena_allocate(arena, byteCount) else {
            throw failure()
        }
        return unsafe memory
    }

    /// Why the arena refused memory; if it did not, the bytes were not the message.
    private func failure() -> ProtobufError {
        switch unsafe vivace_arena_failure_of(arena) {
        case VIVACE_ARENA_TOO_LARGE:
            ProtobufError(.tooLarge, "the message needs more memory than it may have")
        case VIVACE_ARENA_TOO_DEEP: ProtobufError(.tooDeep, "the message is nested too deeply")
        case VIVACE_ARENA_OUT_OF_MEMORY: ProtobufError(.outOfMemory, "no memory for the message")
        default: ProtobufError(.malformed, "the bytes are not the protobuf message expected")
        }
    }
}

extension [UInt8] {
    /// A copy of the bytes of a string or bytes field.
    init(_ field: ProtobufCBinaryData) {
        // Safe: a decoded field has `len` bytes at `data`.
        unsafe self.init(
            UnsafeBufferPointer(start: field.data, count: field.data == nil ? 0 : field.len))
    }
}

/// What `convert` gives for each message of a repeated field.
///
/// Safe if `count` and `messages` are the two members of one decoded field.
func elements<Message, Element>(
    _ count: Int, _ messages: UnsafeMutablePointer<UnsafeMutablePointer<Message>?>?,
    _ convert: (Message) throws(ProtobufError) -> Element
) throws(ProtobufError) -> [Element] {
    var elements: [Element] = []
    elements.reserveCapacity(count)
    let messages = unsafe UnsafeBufferPointer(start: messages, count: count)
    for index in 0..<count {
        guard let message = unsafe messages[index] else { continue }
        elements.append(try unsafe convert(message.pointee))
    }
    return elements
}

/// The byte strings of a repeated field; safe as ``elements(_:_:_:)`` is.
func byteStrings(_ count: Int, _ fields: UnsafeMutablePointer<ProtobufCBinaryData>?) -> [[UInt8]] {
    unsafe UnsafeBufferPointer(start: fields, count: count).map { unsafe [UInt8]($0) }
}
