/*
 * The dump: every piece of data of connections, on standard error or in a file. A piece is a
 * line with time, peer and direction, then lines as of hexdump -C. Pieces go out whole and
 * one after the other; on standard error messages stand between them.
 *
 * Writing never blocks, and nothing is lost for that: while the output takes no more,
 * connections stand still (core/tap.h). A failure of the output is reported once, and ends
 * the dump, but no connection.
 */
#ifndef CORE_HEXDUMP_H
#define CORE_HEXDUMP_H

#include "core/stream.h"

struct hexdump;

/* Dumps to the end of the file path, which is not copied; NULL or "-": to standard error, which
 * messages then reach through the dump. Returns NULL with err filled on failure. */
struct hexdump *hexdump_open(const char *path, struct loop *l, struct error *err);

/* Closes what was written. Returns 0, or -1 when a part of the dump is lost. d may be NULL. */
int hexdump_close(struct hexdump *d);

/* Returns how many bytes wait for the output. d may be NULL. */
size_t hexdump_unwritten(const struct hexdump *d);

/* Returns true when no piece may be added; w is then called once when one may. */
bool hexdump_is_blocked(struct hexdump *d, struct stream_waiter *w);

/* Dumps the first n bytes of iov as a piece of the connection, the first of which is at offset
 * of its direction: '<' in, '>' out. */
void hexdump_add(struct hexdump *d, struct stream *s, char direction, uint64_t offset,
                 const struct iovec *iov, size_t n);

#endif
