/* How far a transfer has come, on standard error, and what it came to. */
#ifndef COMMANDS_PROGRESS_H
#define COMMANDS_PROGRESS_H

#include "core/conversation.h"

struct progress {
    struct loop *loop;
    struct timer next;
    const uint64_t *moved_bytes;
    uint64_t total_bytes; /* 0: not known */
    int64_t began_ms;
    uint64_t shown_bytes; /* when it was shown last */
    int64_t shown_ms;
    bool terminal; /* redrawn in place; else a line per second */
    bool running;
};

/* Shows *moved_bytes, which must stay, until progress_stop(). total_bytes 0: it is
 * not known how many there will be. */
void progress_start(struct progress *p, struct loop *l, const uint64_t *moved_bytes,
                    uint64_t total_bytes);

/* Shows it for the last time. Harmless on one that was not started. */
void progress_stop(struct progress *p);

/* The on_closing of plans: with -v, tells the duration, the rate and what TCP
 * measured. */
void progress_tell_totals(struct conversation *c);

#endif
