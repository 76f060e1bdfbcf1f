// SPDX-License-Identifier: Apache-2.0
// Header-only: the hash is inlined into its callers, which matters for the short keys of a dictionary.
#define XXH_INLINE_ALL
#include <xxhash.h>

// The library renames its functions by macros, which Swift does not import.
static inline XXH64_hash_t vivace_xxh3(const void *bytes, size_t count, XXH64_hash_t seed) {
  return XXH3_64bits_withSeed(bytes, count, seed);
}
