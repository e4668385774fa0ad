/* Owns the counting of bytes and time. Moves nothing. */
#include "core/throttle.h"

#include <stdlib.h>

enum {
    SECOND_MS = 1000,
    PIECE_MS = 20, /* an empty bucket gathers for so long: a wake-up costs more than a small piece
                    * is worth */
};

struct throttle {
    struct timer timer;
    struct loop *loop;
    int64_t rate;  /* bytes per second, or thousandths of a byte per millisecond */
    int64_t level; /* in thousandths of a byte; below 0: a debt */
    int64_t level_ms;
    struct stream *from;
    struct stream *to;
    uint64_t in_bytes; /* that were counted */
    uint64_t out_bytes;
    void (*on_allowed)(void *arg);
    void *arg;
};

static void on_due(struct timer *timer)
{
    struct throttle *t = container_of(timer, struct throttle, timer);

    t->on_allowed(t->arg);
}

static bool is_connection(const struct stream *s)
{
    return s != NULL && stream_peer(s)->sa.sa_family != 0;
}

/* Returns what the connections at both ends have moved since the last call: bytes that are
 * buffered here have been sent as far as their writer knows. */
static uint64_t count_moved(struct throttle *t)
{
    uint64_t in = is_connection(t->from) ? stream_counts(t->from)->in_bytes : 0;
    uint64_t out =
        is_connection(t->to) ? stream_counts(t->to)->out_bytes + stream_unsent(t->to) : 0;
    uint64_t in_moved = in - t->in_bytes;
    /* Less than before: the connection has failed, and what was buffered is lost. */
    uint64_t out_moved = out > t->out_bytes ? out - t->out_bytes : 0;

    t->in_bytes = in;
    t->out_bytes = out;
    return in_moved > out_moved ? in_moved : out_moved;
}

struct throttle *throttle_new(struct loop *l, uint64_t rate, struct stream *from, struct stream *to,
                              void (*on_allowed)(void *arg), void *arg)
{
    struct throttle *t = calloc(1, sizeof(*t));

    if (t == NULL)
        return NULL;
    t->timer.on_due = on_due;
    t->loop = l;
    t->rate = (int64_t)rate;
    t->level = t->rate * SECOND_MS;
    t->level_ms = loop_now_ms(l);
    t->from = from;
    t->to = to;
    t->on_allowed = on_allowed;
    t->arg = arg;
    count_moved(t);
    return t;
}

void throttle_free(struct throttle *t)
{
    if (t == NULL)
        return;
    loop_cancel_timer(t->loop, &t->timer);
    free(t);
}

/* The bytes moved after the last call: they are taken from the bucket before it fills. */
static void update(struct throttle *t)
{
    int64_t now_ms = loop_now_ms(t->loop), full = t->rate * SECOND_MS, missing_ms, elapsed_ms;

    t->level -= (int64_t)count_moved(t) * 1000;
    missing_ms = (full - t->level + t->rate - 1) / t->rate;
    elapsed_ms = now_ms - t->level_ms;
    t->level += t->rate * (elapsed_ms < missing_ms ? elapsed_ms : missing_ms);
    t->level_ms = now_ms;
    if (t->level > full)
        t->level = full;
}

size_t throttle_allows(struct throttle *t)
{
    int64_t enough = t->rate * PIECE_MS;

    update(t);
    if (t->level >= 1000)
        return (size_t)(t->level / 1000);
    if (enough < 1000)
        enough = 1000;
    loop_set_timer(t->loop, &t->timer, (enough - t->level + t->rate - 1) / t->rate);
    return 0;
}

bool throttle_is_waiting(const struct throttle *t)
{
    return loop_timer_is_set(&t->timer);
}
