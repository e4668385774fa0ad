/* Bytes in memory as a stream to be read. */
#ifndef CORE_MEMORY_H
#define CORE_MEMORY_H

#include "core/stream.h"

/* Creates a stream of length bytes, which are not copied, nor is name. Returns NULL with
 * err filled when there is no memory. */
struct stream *memory_open(struct loop *l, const char *bytes, size_t length, const char *name,
                           struct error *err);

#endif
