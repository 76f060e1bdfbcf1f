// SPDX-License-Identifier: Apache-2.0
#include <stdint.h>

/// The first 48 bits of the commit that was built; 0 if it is not known.
uint64_t vivace_revision(void);
