/*
 * The rate limit of one direction: a token bucket that holds the bytes of one second, and is
 * full at first. Idle time saves up no more than that. What a direction moves through a
 * connection counts; where both of its ends are connections, the end that moves more counts.
 */
#ifndef CORE_THROTTLE_H
#define CORE_THROTTLE_H

#include "core/stream.h"

/* The highest rate, in bytes per second. */
#define THROTTLE_RATE_MAX ((uint64_t)1 << 50)

struct throttle;

/* Makes the limit of a direction from from to to, which may be NULL: rate bytes per second.
 * on_allowed is called after throttle_allows() has returned 0, once it allows some. Returns NULL
 * when there is no memory. */
struct throttle *throttle_new(struct loop *l, uint64_t rate, struct stream *from, struct stream *to,
                              void (*on_allowed)(void *arg), void *arg);

/* Frees it; on_allowed is not called any more. t may be NULL. */
void throttle_free(struct throttle *t);

/* Returns how many bytes may move now; 0: none until on_allowed is called. */
size_t throttle_allows(struct throttle *t);

/* Returns true until on_allowed is called. */
bool throttle_is_waiting(const struct throttle *t);

#endif
