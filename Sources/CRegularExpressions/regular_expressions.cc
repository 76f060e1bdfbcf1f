// SPDX-License-Identifier: Apache-2.0
#include "CRegularExpressions.h"

#include <re2/re2.h>

#include <cstring>
#include <new>

struct vivace_re2 {
    RE2 expression;
    vivace_re2(re2::StringPiece pattern, const RE2::Options &options) : expression(pattern, options) {}
};

static void say(const char *text, char *message, size_t capacity) {
    if (capacity == 0) return;
    strncpy(message, text, capacity - 1);
    message[capacity - 1] = 0;
}

extern "C" vivace_re2 *vivace_re2_create(const char *pattern, size_t pattern_length, int64_t memory_limit,
                                         char *message, size_t message_capacity) {
    RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(memory_limit);
    // As in PromQL, whose expressions TraceQL's follow: a dot is any character, a line's end too.
    options.set_dot_nl(true);
    // Nobody asks for the groups.
    options.set_never_capture(true);
    vivace_re2 *result = new (std::nothrow) vivace_re2(re2::StringPiece(pattern, pattern_length), options);
    if (result == nullptr) {
        say("no memory", message, message_capacity);
        return nullptr;
    }
    if (!result->expression.ok()) {
        say(result->expression.error().c_str(), message, message_capacity);
        delete result;
        return nullptr;
    }
    return result;
}

extern "C" void vivace_re2_destroy(vivace_re2 *expression) { delete expression; }

extern "C" bool vivace_re2_matches(const vivace_re2 *expression, const char *text, size_t text_length) {
    return RE2::FullMatch(re2::StringPiece(text, text_length), expression->expression);
}

extern "C" int vivace_re2_program_size(const vivace_re2 *expression) { return expression->expression.ProgramSize(); }
