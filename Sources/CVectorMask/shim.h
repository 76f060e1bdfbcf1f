// SPDX-License-Identifier: Apache-2.0

// The one vector operation that Swift has no word for: the first bits of sixteen bytes as one number, byte 0 as its
// lowest bit. A single instruction on x86-64; clang finds the best sequence elsewhere.
#include <stdint.h>

typedef uint8_t vector_mask_bytes __attribute__((ext_vector_type(16)));

static inline __attribute__((always_inline)) uint16_t vector_mask_bits(vector_mask_bytes bytes) {
    typedef int8_t signed_bytes __attribute__((ext_vector_type(16)));
    typedef _Bool bits __attribute__((ext_vector_type(16)));
    return __builtin_bit_cast(uint16_t, __builtin_convertvector((signed_bytes)bytes < 0, bits));
}
