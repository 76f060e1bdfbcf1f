// SPDX-License-Identifier: Apache-2.0
//
// A read that never waits for a disk, which the Glibc module leaves out.
#include <linux/fs.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

// Reads what of the range the kernel has in memory, from its first byte on; -1 with errno EAGAIN if that is nothing,
// with EOPNOTSUPP where the file system can't tell.
static inline ssize_t vivace_resident_read(int descriptor, void *buffer, size_t count, long offset) {
  struct iovec part = {buffer, count};
  return syscall(SYS_preadv2, descriptor, &part, 1, offset, 0L, RWF_NOWAIT);
}
