// SPDX-License-Identifier: Apache-2.0
//
// A bump allocator for protobuf-c that bounds what a message from outside can cost.
//
// protobuf-c allocates as much as the message asks for and recurses as deep as it is nested. Both
// go through its allocator: a nested message is allocated before its fields are read. So the arena
// refuses
//   - memory beyond `byte_limit` (what it has taken from malloc, not what it has given out), and
//   - any allocation made from too deep in the stack, which ends the recursion.
// protobuf-c answers a refusal by giving up the whole message; `failure` then tells why.
#ifndef VIVACE_ARENA_H
#define VIVACE_ARENA_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
    VIVACE_ARENA_OK = 0,
    VIVACE_ARENA_TOO_LARGE = 1,
    VIVACE_ARENA_TOO_DEEP = 2,
    VIVACE_ARENA_OUT_OF_MEMORY = 3,
} vivace_arena_failure;

typedef struct vivace_arena vivace_arena;

// NULL if malloc fails. An arena belongs to one thread at a time.
vivace_arena *vivace_arena_create(size_t byte_limit);

// Frees the arena with everything that was allocated from it.
void vivace_arena_destroy(vivace_arena *arena);

// Measures the stack of the calling thread. To be called right before every use of the allocator,
// on the same thread. From here a message may use 256 KiB of stack (about 90 AnyValues deep), or
// what the thread has left above a reserve.
void vivace_arena_enter(vivace_arena *arena);

// Zeroed memory aligned to 8 bytes, or NULL. Not guarded by stack depth.
void *vivace_arena_allocate(vivace_arena *arena, size_t byte_count);

ProtobufCAllocator *vivace_arena_allocator(vivace_arena *arena);
vivace_arena_failure vivace_arena_failure_of(const vivace_arena *arena);
size_t vivace_arena_byte_count(const vivace_arena *arena);

#endif
