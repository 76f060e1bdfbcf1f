// SPDX-License-Identifier: Apache-2.0

// The settings of the allocator, which the Glibc module leaves out.
#include <malloc.h>
