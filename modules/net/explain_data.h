/* What was sent or received, as a person can read it. */
#ifndef NET_EXPLAIN_DATA_H
#define NET_EXPLAIN_DATA_H

#include <sys/uio.h>

#include "base/buf.h"

/* Appends the first bytes of size bytes in pieces: as text in an encoding where they are text,
 * and as numbers where they are not ASCII. Ends out with a zero byte. */
void explain_data_add(struct buf *out, const struct iovec *pieces, int count, size_t size,
                      const char *encoding);

#endif
