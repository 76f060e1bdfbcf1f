// SPDX-License-Identifier: Apache-2.0
//
// zlib's initialisers are macros that Swift does not see; the window bits choose the format.
#include <string.h>
#include <zlib.h>

// Gzip or zlib, told by the first bytes.
static inline int vivace_inflate_init(z_stream *stream) {
    memset(stream, 0, sizeof *stream);
    return inflateInit2(stream, MAX_WBITS + 32);
}

// Back to the start of a stream, keeping the memory.
static inline int vivace_inflate_reset(z_stream *stream) {
    return inflateReset2(stream, MAX_WBITS + 32);
}

// The same, for a further gzip member.
static inline int vivace_inflate_reset_gzip(z_stream *stream) {
    return inflateReset2(stream, MAX_WBITS + 16);
}

static inline int vivace_inflate(z_stream *stream) {
    return inflate(stream, Z_NO_FLUSH);
}

static inline int vivace_deflate_init_gzip(z_stream *stream, int level) {
    memset(stream, 0, sizeof *stream);
    return deflateInit2(stream, level, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY);
}

static inline int vivace_deflate(z_stream *stream, int is_last) {
    return deflate(stream, is_last ? Z_FINISH : Z_NO_FLUSH);
}
