// SPDX-License-Identifier: Apache-2.0
//
// What a terminal is asked for by a variadic call with a pointer, as a plain function.
#include <sys/ioctl.h>
#include <unistd.h>

// The cells in a line of the terminal behind the descriptor; 0 if there is none or it doesn't say.
static inline int vivace_terminal_width(int descriptor) {
  struct winsize size;
  if (!isatty(descriptor) || ioctl(descriptor, TIOCGWINSZ, &size) != 0) return 0;
  return size.ws_col;
}
