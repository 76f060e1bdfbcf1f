// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "arena.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
    alignment = 8,
    first_chunk_size = 16 * 1024,
    largest_chunk_size = 1024 * 1024,
    // One nested message takes just under 1 KiB of stack (protobuf_c_message_unpack and what it
    // calls), one level of AnyValue up to three messages (value, key-value list, key-value).
    stack_budget = 256 * 1024,
    // Left for what runs below the deepest refused allocation: freeing and merging descend again,
    // in smaller frames but no deeper, and signal handlers need room too.
    stack_reserve = 64 * 1024,
};

typedef struct chunk {
    struct chunk *next;
    size_t size;
} chunk;

_Static_assert(sizeof(chunk) % alignment == 0, "a chunk's memory begins right behind its header");

struct vivace_arena {
    ProtobufCAllocator allocator;
    chunk *chunks;
    char *free_start;
    size_t free_size;
    size_t byte_count;
    size_t byte_limit;
    uintptr_t stack_floor;
    vivace_arena_failure failure;
};

static void *fail(vivace_arena *arena, vivace_arena_failure failure) {
    // The first refusal is the cause; later ones are consequences.
    if (arena->failure == VIVACE_ARENA_OK) arena->failure = failure;
    return NULL;
}

static size_t next_chunk_size(const vivace_arena *arena, size_t needed) {
    size_t size = first_chunk_size;
    if (arena->chunks) {
        size = arena->chunks->size * 2;
        if (size > largest_chunk_size) size = largest_chunk_size;
    }
    size_t left = arena->byte_limit - arena->byte_count;
    if (size > left) size = left;
    return size < needed ? needed : size;
}

static void *allocate(vivace_arena *arena, size_t byte_count) {
    if (byte_count > arena->byte_limit) return fail(arena, VIVACE_ARENA_TOO_LARGE);
    byte_count = (byte_count + alignment - 1) & ~(size_t)(alignment - 1);
    if (arena->free_size < byte_count) {
        size_t needed = byte_count + sizeof(chunk);
        if (needed > arena->byte_limit - arena->byte_count) {
            return fail(arena, VIVACE_ARENA_TOO_LARGE);
        }
        size_t size = next_chunk_size(arena, needed);
        chunk *fresh = malloc(size);
        if (!fresh) return fail(arena, VIVACE_ARENA_OUT_OF_MEMORY);
        fresh->next = arena->chunks;
        fresh->size = size;
        arena->chunks = fresh;
        arena->byte_count += size;
        arena->free_start = (char *)(fresh + 1);
        arena->free_size = size - sizeof(chunk);
    }
    void *memory = arena->free_start;
    arena->free_start += byte_count;
    arena->free_size -= byte_count;
    return memory;
}

static void *guarded_allocate(void *context, size_t byte_count) {
    vivace_arena *arena = context;
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    if (here < arena->stack_floor) return fail(arena, VIVACE_ARENA_TOO_DEEP);
    return allocate(arena, byte_count);
}

static void free_nothing(void *context, void *memory) {
    (void)context;
    (void)memory;
}

// The lowest address of the calling thread's stack, 0 if the system does not tell.
static uintptr_t stack_lowest_address(void) {
    static _Thread_local uintptr_t lowest;
    static _Thread_local int is_known;
    if (is_known) return lowest;
    is_known = 1;
    pthread_attr_t attributes;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0) return 0;
    void *address = NULL;
    size_t size = 0, guard_size = 0;
    if (pthread_attr_getstack(&attributes, &address, &size) == 0 && size > 0) {
        pthread_attr_getguardsize(&attributes, &guard_size);
        lowest = (uintptr_t)address + guard_size;
    }
    pthread_attr_destroy(&attributes);
    return lowest;
}

vivace_arena *vivace_arena_create(size_t byte_limit) {
    vivace_arena *arena = calloc(1, sizeof *arena);
    if (!arena) return NULL;
    // Half of the address space, so that sizes can be rounded and added without overflow.
    arena->byte_limit = byte_limit < SIZE_MAX / 2 ? byte_limit : SIZE_MAX / 2;
    arena->allocator.alloc = guarded_allocate;
    arena->allocator.free = free_nothing;
    arena->allocator.allocator_data = arena;
    arena->stack_floor = UINTPTR_MAX; // until entered, everything is too deep
    return arena;
}

void vivace_arena_destroy(vivace_arena *arena) {
    chunk *next = arena->chunks;
    while (next) {
        chunk *current = next;
        next = current->next;
        free(current);
    }
    free(arena);
}

void vivace_arena_enter(vivace_arena *arena) {
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    uintptr_t by_budget = here > stack_budget ? here - stack_budget : 0;
    uintptr_t lowest = stack_lowest_address();
    // A stack address outside of the thread's own stack (a coroutine) leaves the budget alone to
    // decide.
    uintptr_t by_thread = lowest != 0 && lowest < here ? lowest + stack_reserve : 0;
    arena->stack_floor = by_budget > by_thread ? by_budget : by_thread;
    arena->failure = VIVACE_ARENA_OK;
}

void *vivace_arena_allocate(vivace_arena *arena, size_t byte_count) {
    void *memory = allocate(arena, byte_count);
    return memory ? memset(memory, 0, byte_count) : NULL;
}

ProtobufCAllocator *vivace_arena_allocator(vivace_arena *arena) { return &arena->allocator; }
vivace_arena_failure vivace_arena_failure_of(const vivace_arena *arena) { return arena->failure; }
size_t vivace_arena_byte_count(const vivace_arena *arena) { return arena->byte_count; }
