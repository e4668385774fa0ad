/* Owns the time limits of a conversation. Ends it, but decides nothing else about it. */
#include <stdlib.h>

#include "base/num.h"
#include "core/conversation_private.h"

enum {
    LOOK_MS = 50,           /* how often an ending without an event is looked at */
    CUT_PATIENCE_MS = 2000, /* how long a cut-off message may take to be delivered */
};

/* Near's data has ended: far's goes on as long as some comes within each last_words_ms. */
static void end_far(struct conversation *c, struct timer *t)
{
    struct pump *back = &c->back->pump;
    struct loop *l = c->forth.work->loop;
    int64_t left_ms = stream_counts(back->from)->moved_ms + c->plan->last_words_ms - loop_now_ms(l);

    if (left_ms <= 0 && (pump_is_blocked(back) || stream_has_unread(back->from)))
        left_ms = c->plan->last_words_ms;
    if (left_ms > 0)
        loop_set_timer(l, t, left_ms);
    else
        pump_finish(back, PUMP_ENDED);
}

/* Last words are over when all of them that have arrived were passed on; a message that is
 * cut off, when what was sent of it has arrived, or will not. */
static void on_ending(struct timer *t)
{
    struct limits *limits = container_of(t, struct limits, ending);
    struct conversation *c = limits->conversation;
    bool waits;

    if (c->near_ended && !far_is_done(c) && !c->cutting) {
        end_far(c, t);
        return;
    }
    waits = c->cutting ? conversation_ends_are_arriving(c) &&
                             loop_now_ms(c->forth.work->loop) < limits->until_ms
                       : c->forth.running &&
                             (pump_is_blocked(&c->forth) || stream_has_unread(c->forth.from));

    if (waits)
        loop_set_timer(c->forth.work->loop, t, LOOK_MS);
    else
        conversation_end(c, CONVERSATION_STOP);
}

static bool is_paused(const struct conversation *c)
{
    return pump_is_paused(&c->forth) || (c->back != NULL && pump_is_paused(&c->back->pump));
}

/* What the peer takes out of the kernel's queue moves without an event: so the limit is
 * looked at a few times. */
static void on_idle(struct timer *t)
{
    struct conversation *c = container_of(t, struct limits, idle)->conversation;
    struct loop *l = c->forth.work->loop;
    int64_t limit_ms = c->plan->idle_ms, out_ms = stream_moved_ms(c->near_out);
    int64_t in_ms = stream_moved_ms(c->forth.from);
    int64_t far_ms =
        conversation_ends_far_peer(c) != NULL ? stream_moved_ms(conversation_ends_far_peer(c)) : 0;
    int64_t last_ms = in_ms > out_ms ? in_ms : out_ms;
    int64_t left_ms = (last_ms > far_ms ? last_ms : far_ms) + limit_ms - loop_now_ms(l);
    struct error why = {0};
    char limit[32];

    if (is_paused(c)) /* by the rate, not by the peer */
        left_ms = limit_ms;
    if (left_ms > 0) {
        loop_set_timer(l, t, left_ms < limit_ms / 4 + 1 ? left_ms : limit_ms / 4 + 1);
        return;
    }
    num_format_duration(limit_ms, limit, sizeof(limit));
    error_set(&why, EXITCODE_TIMEOUT, "%s: idle for %s (--idle-timeout)", stream_name(c->near_out),
              limit);
    conversation_time_out(c, &why);
}

/* Data that waits for its sink, here or in the kernel, is no sign of a quiet peer. */
static void on_quiet(struct timer *t)
{
    struct conversation *c = container_of(t, struct limits, quiet)->conversation;
    struct loop *l = c->forth.work->loop;
    const struct stream_counts *counts = stream_counts(c->forth.from);
    int64_t left_ms = counts->moved_ms + c->plan->quiet_ms - loop_now_ms(l);

    if (counts->in_bytes == 0 || !far_is_done(c) || pump_is_blocked(&c->forth) ||
        (left_ms <= 0 && stream_has_unread(c->forth.from)))
        left_ms = c->plan->quiet_ms;
    if (left_ms > 0)
        loop_set_timer(l, t, left_ms);
    else
        pump_finish(&c->forth, PUMP_SATISFIED);
}

static struct limits *get_limits(struct conversation *c)
{
    if (c->limits == NULL && (c->limits = calloc(1, sizeof(*c->limits))) != NULL) {
        c->limits->conversation = c;
        c->limits->idle.on_due = on_idle;
        c->limits->quiet.on_due = on_quiet;
        c->limits->ending.on_due = on_ending;
    }
    return c->limits;
}

int conversation_limits_start(struct conversation *c)
{
    const struct conversation_plan *plan = c->plan;
    struct loop *l = c->forth.work->loop;

    if (plan->idle_ms == 0 && plan->quiet_ms == 0 && plan->last_words_ms == 0)
        return 0;
    if (get_limits(c) == NULL)
        return -1;
    if (plan->idle_ms > 0)
        loop_set_timer(l, &c->limits->idle, plan->idle_ms / 4 + 1);
    if (plan->quiet_ms > 0)
        loop_set_timer(l, &c->limits->quiet, plan->quiet_ms);
    return 0;
}

int conversation_limits_begin_cutting(struct conversation *c)
{
    struct loop *l = c->forth.work->loop;

    if (get_limits(c) == NULL)
        return -1;
    c->limits->until_ms = loop_now_ms(l) + CUT_PATIENCE_MS;
    loop_set_timer(l, &c->limits->ending, 0);
    return 0;
}

void conversation_limits_stop(struct conversation *c)
{
    struct loop *l = c->forth.work->loop;

    if (c->limits == NULL)
        return;
    loop_cancel_timer(l, &c->limits->idle);
    loop_cancel_timer(l, &c->limits->quiet);
    loop_cancel_timer(l, &c->limits->ending);
    loop_free_later(l, &c->limits->deferred);
}
