/* Owns the life of one direction: when it copies, waits and ends. Leaves to its owner what the
 * end of it means. */
#include <stdlib.h>

#include "core/kernel_copy.h"
#include "core/pump_private.h"

enum { ROUNDS = 16 }; /* reads before other streams get their turn */

void pump_stop(struct pump *p)
{
    if (!p->running)
        return;
    p->running = false;
    list_remove(&p->waiting.link);
    if (!p->draining)
        stream_set_reader(p->from, NULL, NULL);
    if (p->extra == NULL)
        return;
    loop_cancel_timer(p->work->loop, &p->extra->flush);
    filter_free(p->extra->filter);
    throttle_free(p->extra->throttle);
    free(p->extra);
    p->extra = NULL;
}

static void end(struct pump *p, enum pump_end how, struct error *why)
{
    struct stream *failed = how == PUMP_READ_FAILED    ? p->from
                            : how == PUMP_WRITE_FAILED ? p->to
                                                       : NULL;
    const struct error *cause = failed != NULL ? stream_failure(failed) : NULL;

    if (cause == NULL && how == PUMP_READ_FAILED)
        cause = stream_truncation(p->from);
    if (cause != NULL && !error_is_set(why))
        error_copy(why, cause);
    pump_stop(p);
    p->on_end(p, how, why);
    error_clear(why);
}

void pump_on_pause(struct timer *t)
{
    struct pump *p = container_of(t, struct extra, flush)->pump;
    struct error err = {0};
    enum round result = pump_copy_unfinished(p, &err);

    if (result == ROUND_CONVERT_FAILED || result == ROUND_WRITE_FAILED)
        end(p, result == ROUND_WRITE_FAILED ? PUMP_WRITE_FAILED : PUMP_CONVERT_FAILED, &err);
}

/* Waits until the sink has taken everything; then the pump ends. */
static void drain(struct pump *p)
{
    enum at_end at_end = p->direction->at_end;
    bool shuts = at_end == AT_END_SHUT || at_end == AT_END_SHUT_IF_WHOLE ||
                 (at_end == AT_END_KEEP_IF_EMPTY && stream_counts(p->from)->in_bytes > 0);
    struct error err = {0};

    if (p->to != NULL && stream_unsent(p->to) > 0)
        stream_wait(p->to, &p->waiting);
    else if (p->to != NULL && p->how != PUMP_READ_FAILED &&
             (stream_failure(p->to) != NULL || (shuts && stream_shut(p->to) == IO_FAILED)))
        end(p, PUMP_WRITE_FAILED, &err);
    else
        end(p, p->how, &err);
}

/* Nothing more is read: what the filter kept goes out, then the sink empties. */
static void finish(struct pump *p, enum pump_end how, bool filter_is_done)
{
    struct error err = {0};
    enum round result = ROUND_MOVED;

    p->draining = true;
    p->how = how;
    stream_set_reader(p->from, NULL, NULL);
    if (p->extra != NULL) {
        throttle_free(p->extra->throttle);
        p->extra->throttle = NULL;
        loop_cancel_timer(p->work->loop, &p->extra->flush);
    }
    if (!filter_is_done)
        result = pump_copy_rest(p, &err);
    /* A failure to read is the reason for what the filter then misses. */
    if (result != ROUND_MOVED && result != ROUND_SATISFIED && how != PUMP_READ_FAILED) {
        end(p, result == ROUND_WRITE_FAILED ? PUMP_WRITE_FAILED : PUMP_CONVERT_FAILED, &err);
        return;
    }
    if (error_is_set(&err))
        error_clear(&err);
    drain(p);
}

static bool is_cut_off(const struct pump *p)
{
    return p->direction->at_end == AT_END_SHUT_IF_WHOLE && stream_truncation(p->from) != NULL;
}

static void on_readable(void *arg)
{
    struct pump *p = arg;
    struct error err = {0};

    for (int round = 0; round < ROUNDS; round++) {
        switch (pump_copy_once(p, &err)) {
        case ROUND_MOVED:
            if (p->direction->on_moved != NULL)
                p->direction->on_moved(p->owner);
            if (p->running && !p->draining && p->direction->first_is_enough)
                finish(p, PUMP_SATISFIED, false);
            if (!p->running || p->draining || !stream_has_more(p->from))
                return;
            break;
        case ROUND_BLOCKED:
            stream_set_reader(p->from, NULL, NULL);
            stream_wait(p->to, &p->waiting);
            return;
        case ROUND_PAUSED:
            stream_set_reader(p->from, NULL, NULL);
            return;
        case ROUND_STARVED:
            return;
        case ROUND_ENDED:
            finish(p, is_cut_off(p) ? PUMP_READ_FAILED : PUMP_ENDED, false);
            return;
        case ROUND_SATISFIED:
            finish(p, PUMP_SATISFIED, true);
            return;
        case ROUND_READ_FAILED:
            finish(p, PUMP_READ_FAILED, false);
            return;
        case ROUND_CONVERT_FAILED:
            end(p, PUMP_CONVERT_FAILED, &err);
            return;
        case ROUND_WRITE_FAILED:
            end(p, PUMP_WRITE_FAILED, &err);
            return;
        }
    }
}

void pump_resume(void *arg)
{
    struct pump *p = arg;

    stream_set_reader(p->from, on_readable, p);
    on_readable(p);
}

static void on_writable(struct stream_waiter *w)
{
    struct pump *p = container_of(w, struct pump, waiting);

    if (p->draining)
        drain(p);
    else
        pump_resume(p);
}

void pump_start(struct pump *p, const struct direction *d, void *owner, struct workspace *w,
                struct stream *from, struct stream *to,
                void (*on_end)(struct pump *p, enum pump_end how, struct error *why))
{
    *p = (struct pump){
        .direction = d,
        .owner = owner,
        .on_end = on_end,
        .work = w,
        .from = from,
        .to = to,
        .waiting.on_writable = on_writable,
        .running = true,
    };
    list_init(&p->waiting.link);
    if (d->make_filter == NULL && to == NULL)
        p->method = PUMP_DISCARDED;
    else if (d->make_filter == NULL && stream_can_borrow(from))
        p->method = PUMP_BORROWED;
    else if (d->make_filter == NULL && !d->one_send && kernel_copy_is_possible(from, to))
        p->method = PUMP_IN_KERNEL;
    stream_set_reader(from, on_readable, p);
}

void pump_discard_rest(struct pump *p)
{
    static const struct direction discard = {.at_end = AT_END_KEEP};

    pump_start(p, &discard, p->owner, p->work, p->from, NULL, p->on_end);
}

bool pump_is_blocked(const struct pump *p)
{
    return p->running && (p->waiting.link.next != &p->waiting.link || pump_is_paused(p));
}

bool pump_is_paused(const struct pump *p)
{
    return p->extra != NULL && p->extra->throttle != NULL &&
           throttle_is_waiting(p->extra->throttle);
}

void pump_try(struct pump *p)
{
    if (p->running && !p->draining && !pump_is_blocked(p))
        on_readable(p);
}

void pump_finish(struct pump *p, enum pump_end how)
{
    if (p->running && !p->draining) {
        list_remove(&p->waiting.link);
        finish(p, how, false);
    }
}
