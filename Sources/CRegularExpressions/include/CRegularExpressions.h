// SPDX-License-Identifier: Apache-2.0
//
// RE2 as plain C: compile, match the whole text, free. Nothing here throws or keeps what it is given.
#ifndef VIVACE_C_REGULAR_EXPRESSIONS_H
#define VIVACE_C_REGULAR_EXPRESSIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vivace_re2;

// Compiles UTF-8 text, within `memory_limit` bytes for the program and its automata. NULL if it is not an expression
// of RE2 or too large; `message` then holds why, ending in a zero byte, cut to `message_capacity`.
struct vivace_re2 *vivace_re2_create(const char *pattern, size_t pattern_length, int64_t memory_limit,
                                     char *message, size_t message_capacity);

void vivace_re2_destroy(struct vivace_re2 *expression);

// Whether the whole text matches. May be called from several threads at once.
bool vivace_re2_matches(const struct vivace_re2 *expression, const char *text, size_t text_length);

// How large the compiled program is, in instructions.
int vivace_re2_program_size(const struct vivace_re2 *expression);

#ifdef __cplusplus
}
#endif
#endif
