// SPDX-License-Identifier: Apache-2.0
#include "CRevision.h"

// A number, so that nobody needs a pointer to read it. The Makefile says which.
#ifndef VIVACE_REVISION
#define VIVACE_REVISION 0
#endif

uint64_t vivace_revision(void) { return VIVACE_REVISION; }
