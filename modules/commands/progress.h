/* How far a transfer has come, on standard error, and its totals. */
#ifndef COMMANDS_PROGRESS_H
#define COMMANDS_PROGRESS_H

#include "core/stream.h"

struct progress {
    struct loop *loop;
    struct timer next;
    struct stream *stream;
    bool sending;         /* counts sent data; else received data */
    uint64_t total_bytes; /* 0: not known */
    int64_t began_ms;
    uint64_t shown_bytes; /* when it was shown last */
    int64_t shown_ms;
    bool terminal; /* redrawn in place; else a line per second */
    bool running;
};

/* Shows how many bytes have moved through s, until progress_stop(), which must come before s
 * is closed. total_bytes 0: it is not known how many there will be. */
void progress_start(struct progress *p, struct stream *s, bool sending, uint64_t total_bytes);

/* Shows the totals instead. Allowed on one that was not started. */
void progress_stop(struct progress *p);

/* With -v, reports the duration, the rate and what TCP measured of a connection, where it is one
 * of TCP. */
void progress_report_totals(struct stream *near, int64_t duration_ms);

#endif
