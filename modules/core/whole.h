/* Reads a whole input into memory before anything else happens. */
#ifndef CORE_WHOLE_H
#define CORE_WHOLE_H

#include "core/run.h"

enum { WHOLE_MAX = 64 << 20 }; /* a larger input is refused */

/* Reads input to its end, running the loop of r meanwhile, so that time limits and signals
 * hold. Closes input. Returns 0 with the bytes appended to to, or -1 with err filled; err is
 * empty when the run has ended before. */
int whole_read(struct run *r, struct stream *input, struct buf *to, struct error *err);

#endif
