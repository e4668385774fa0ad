/* Owns the order in which two directions end. Copies nothing itself, and leaves the state of both
 * ends, and their closing, to conversation_ends.c. */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "base/event.h"
#include "core/conversation_private.h"

static void on_delivered(void *owner);
static void on_forth_end(struct pump *p, enum pump_end how, struct error *why);

static void fail(struct conversation *c, enum fault whose, struct error *why)
{
    if (c->whose != FAULT_NONE) {
        error_clear(why);
        return;
    }
    c->whose = whose;
    error_move(&c->why, why);
}

static void fail_by(struct conversation *c, enum fault whose, const struct stream *s)
{
    struct error why = {0};

    error_copy(&why, stream_failure(s));
    fail(c, whose, &why);
}

/* A reply was sent to its end all the same: only now is near's data known to be cut off. */
static void note_truncation(struct conversation *c)
{
    const struct error *why = stream_truncation(c->forth.from);

    if (why != NULL && c->near_ended && !c->answered && c->whose == FAULT_NONE) {
        error_copy(&c->why, why);
        c->whose = FAULT_NEAR;
    }
}

/* Every conversation ends here. */
static void over(struct conversation *c)
{
    struct loop *l = c->forth.work->loop;
    struct outcome o;
    bool resets;

    if (c->over)
        return;
    c->over = true;
    note_truncation(c);
    o = (struct outcome){
        .whose = c->whose,
        .why = c->why,
        .name =
            c->whose != FAULT_NONE || event_is_shown(EVENT_CLOSED) || event_level() == EVENT_VERBOSE
                ? stream_name(c->near_out)
                : NULL,
        .in_bytes = stream_counts(c->forth.from)->in_bytes,
        .out_bytes = stream_counts(c->near_out)->out_bytes,
        .duration_ms = loop_now_ms(l) - c->began_ms,
        .dropped = c->dropped,
        .cut = conversation_ends_are_cut(c),
        .truncated = c->whose == FAULT_NEAR && stream_truncation(c->forth.from) != NULL,
        .near_ended = c->near_ended,
        .unanswered = c->unanswered,
    };
    resets = o.cut || (o.whose != FAULT_NONE && conversation_ends_are_unfinished(c));
    if (c->plan->on_closing != NULL)
        c->plan->on_closing(c->forth.owner, c->near_out, o.duration_ms);
    pump_stop(&c->forth);
    if (c->back != NULL) {
        pump_stop(&c->back->pump);
        loop_free_later(l, &c->back->deferred);
    }
    conversation_limits_stop(c);
    conversation_ends_close(c, resets);
    loop_free_later(l, &c->deferred);
    c->plan->on_over(c->forth.owner, &o);
    error_clear(&o.why);
}

void conversation_time_out(struct conversation *c, struct error *why)
{
    fail(c, FAULT_NEAR, why);
    c->dropped = true;
    over(c);
}

/* Far's data has ended while near's goes on. */
static void begin_last_words(struct conversation *c)
{
    if (c->finishing || c->plan->last_words_ms == 0)
        return;
    c->finishing = true;
    on_delivered(c);
}

/* Returns whether what was sent, and the end of it, may still arrive, and waits for that. */
static bool await_delivery(struct stream *out)
{
    bool waits = out != NULL && stream_failure(out) == NULL && !stream_is_delivered(out);

    if (out != NULL)
        stream_await_delivery(out, waits ? on_delivered : NULL);
    return waits;
}

/* Returns true when near ended before its answer was complete. */
static bool lacks_answer(const struct conversation *c)
{
    bool begun = stream_counts(c->forth.from)->in_bytes > 0;

    return c->plan->goal == GOAL_ANSWERED && !c->answered && !(begun && c->plan->quiet_ms > 0);
}

/* When the goal is reached, what was sent has to arrive; then it is over. */
static void check_goal(struct conversation *c)
{
    enum goal goal = c->plan->goal;
    bool reached = far_is_done(c);

    if (c->over || c->cutting || c->delivering)
        return;
    if (goal == GOAL_BOTH_END || goal == GOAL_NEAR_END)
        reached = reached && c->near_ended;
    if (goal == GOAL_ANSWERED)
        reached = reached && (c->answered || c->near_ended);
    if (!reached) {
        if (far_is_done(c))
            begin_last_words(c);
        return;
    }
    c->delivering = true;
    if (c->whose == FAULT_NONE && stream_shut(c->near_out) == IO_FAILED)
        fail_by(c, FAULT_NEAR, c->near_out);
    if (c->whose != FAULT_NONE) {
        over(c);
        return;
    }
    on_delivered(c);
}

/* What was sent so far is delivered, and then peers are reset: a message that is cut off must
 * not look whole. */
static void cut_off(struct conversation *c)
{
    c->cutting = true;
    if (conversation_limits_begin_cutting(c) < 0)
        over(c);
}

static void end_faulty(struct conversation *c)
{
    if (conversation_ends_are_arriving(c))
        cut_off(c);
    else
        over(c);
}

/* Near's data has ended: its goal, or an input of which nothing has come, may be that far's
 * data ends, too. */
static void end_back(struct conversation *c)
{
    struct pump *back = c->back != NULL ? &c->back->pump : NULL;

    if (back == NULL)
        return;
    if (c->plan->goal == GOAL_NEAR_END) {
        pump_finish(back, PUMP_ENDED);
    } else if (c->plan->from_far.at_end == AT_END_KEEP_IF_EMPTY) {
        pump_try(back);
        if (stream_counts(back->from)->in_bytes == 0)
            pump_finish(back, PUMP_ENDED);
    } else if (back->running && c->plan->last_words_ms > 0) {
        loop_set_timer(c->forth.work->loop, &c->limits->ending, c->plan->last_words_ms);
    }
}

static void on_forth_end(struct pump *p, enum pump_end how, struct error *why)
{
    struct conversation *c = container_of(p, struct conversation, forth);

    switch (how) {
    case PUMP_ENDED:
        c->near_ended = true;
        c->unanswered = stream_counts(p->from)->in_bytes == 0 &&
                        stream_counts(c->near_out)->out_bytes > 0 && far_is_done(c) &&
                        c->plan->from_far.at_end == AT_END_SHUT;
        if (lacks_answer(c)) {
            error_set(why, EXITCODE_FAILED, "error receiving from %s: %s", stream_name(c->near_out),
                      c->plan->unanswered);
            fail(c, FAULT_NEAR, why);
        }
        end_back(c);
        check_goal(c);
        return;
    case PUMP_SATISFIED:
        c->answered = true;
        pump_discard_rest(p); /* a peer that cannot go on sending may stop reading */
        check_goal(c);
        return;
    case PUMP_CONVERT_FAILED:
        fail(c, FAULT_DATA, why);
        break;
    case PUMP_WRITE_FAILED:
        if (c->plan->far_may_close && why->number == EPIPE) {
            stream_close(c->far_out, STREAM_AT_ONCE);
            c->far_out = NULL;
            pump_discard_rest(p);
            return;
        }
        fail(c, p->to != c->near_out ? FAULT_FAR_OUT : FAULT_NEAR, why);
        if (conversation_ends_far_peer(c) != NULL && !far_is_done(c) &&
            stream_failure(p->to) != NULL) {
            stream_wake(p->to, EPOLLIN); /* what came before is still read */
            return;
        }
        break;
    case PUMP_READ_FAILED:
        fail(c, FAULT_NEAR, why);
        break;
    }
    end_faulty(c);
}

static void on_back_end(struct pump *p, enum pump_end how, struct error *why)
{
    struct conversation *c = container_of(p, struct back, pump)->conversation;

    if (c->cutting)
        return;
    if (how == PUMP_READ_FAILED || how == PUMP_CONVERT_FAILED) {
        fail(c, how == PUMP_READ_FAILED ? FAULT_FAR_IN : FAULT_DATA, why);
        cut_off(c);
        return;
    }
    if (how == PUMP_WRITE_FAILED) {
        fail(c, FAULT_NEAR, why);
        if (stream_failure(c->near_out) == NULL)
            stream_shut(c->near_out); /* a short send: the peer may still reply */
        else if (c->forth.running)
            stream_wake(c->forth.from, EPOLLIN); /* what came before is still read */
        else
            over(c);
    }
    check_goal(c);
}

static void on_delivered(void *owner)
{
    struct conversation *c = owner;
    struct stream *far_out = c->delivering ? conversation_ends_far_peer(c) : NULL;

    bool near_waits = await_delivery(c->near_out), far_waits = await_delivery(far_out);

    if (near_waits || far_waits)
        return;
    if (!c->delivering) {
        loop_set_timer(c->forth.work->loop, &c->limits->ending, c->plan->last_words_ms);
        return;
    }
    if (stream_failure(c->near_out) != NULL)
        fail_by(c, FAULT_NEAR, c->near_out);
    else if (far_out != NULL && stream_failure(far_out) != NULL)
        fail_by(c, FAULT_FAR_OUT, far_out);
    else
        c->delivered = true;
    over(c);
}

/* One of the streams is gone. It has no failure yet while data of it is unread. */
static void on_hangup(void *owner)
{
    struct conversation *c = owner;
    const struct pump *back = c->back != NULL ? &c->back->pump : NULL;

    if (stream_failure(c->near_out) != NULL)
        fail_by(c, FAULT_NEAR, c->near_out);
    else if (stream_failure(c->forth.from) != NULL)
        fail_by(c, FAULT_NEAR, c->forth.from);
    else if (back != NULL && stream_failure(back->from) != NULL)
        fail_by(c, FAULT_FAR_IN, back->from);
    else if (c->heeds_far_out && stream_failure(c->far_out) != NULL)
        fail_by(c, FAULT_FAR_OUT, c->far_out);
    else if (c->plan->on_near_hangup != NULL)
        c->plan->on_near_hangup(c->forth.owner);
    if (c->whose != FAULT_NONE && !c->cutting)
        end_faulty(c);
}

static int start_back(struct conversation *c, struct stream *in)
{
    c->back = calloc(1, sizeof(*c->back));
    if (c->back == NULL) {
        stream_close(in, STREAM_ABORT);
        return -1;
    }
    c->back->conversation = c;
    pump_start(&c->back->pump, &c->plan->from_far, c->forth.owner, c->forth.work, in, c->near_out,
               on_back_end);
    if (in == c->far_out)
        stream_on_hangup(in, on_hangup, c);
    return 0;
}

struct conversation *conversation_start(const struct conversation_plan *plan, struct workspace *w,
                                        const struct end *near, const struct end *far, void *owner,
                                        struct error *err)
{
    struct conversation *c = calloc(1, sizeof(*c));

    if (c == NULL) {
        error_errno(err, ENOMEM, "cannot serve %s", stream_name(near->out));
        conversation_ends_drop(near, far);
        return NULL;
    }
    c->plan = plan;
    c->forth.owner = owner;
    c->near_out = near->out;
    c->far_is_lent = far->lent;
    c->heeds_far_out = far->out != NULL && !far->lent && !plan->far_may_close;
    c->began_ms = loop_now_ms(w->loop);
    c->forth.work = w;
    c->far_out = far->out;
    if (conversation_limits_start(c) < 0 || (far->in != NULL && start_back(c, far->in) < 0)) {
        error_errno(err, ENOMEM, "cannot serve %s", stream_name(near->out));
        conversation_ends_drop(near, &(struct end){.out = far->out, .lent = far->lent});
        conversation_limits_stop(c);
        loop_free_later(w->loop, &c->deferred);
        return NULL;
    }
    stream_on_hangup(near->out, on_hangup, c);
    if (plan->on_near_hangup != NULL)
        stream_report_hangup_early(near->out);
    if (c->heeds_far_out)
        stream_on_hangup(far->out, on_hangup, c);
    pump_start(&c->forth, &plan->from_near, owner, w, near->in, far->out, on_forth_end);
    return c;
}

void conversation_set_far_input(struct conversation *c, struct stream *in)
{
    struct error why = {0};

    if (start_back(c, in) == 0)
        return;
    error_errno(&why, ENOMEM, "cannot reply to %s", stream_name(c->near_out));
    conversation_fail(c, &why);
}

bool conversation_has_far_input(const struct conversation *c)
{
    return c->back != NULL;
}

void conversation_fail(struct conversation *c, struct error *why)
{
    fail(c, FAULT_FAR_IN, why);
    cut_off(c);
}

void conversation_end(struct conversation *c, enum conversation_ending how)
{
    if (how == CONVERSATION_STOP || how == CONVERSATION_ABORT) {
        c->cutting =
            c->cutting || (how == CONVERSATION_ABORT && conversation_ends_are_unfinished(c));
        c->dropped = true;
        over(c);
    } else if (c->back != NULL && c->back->pump.running) {
        pump_finish(&c->back->pump, PUMP_ENDED);
    } else if (!c->delivering) {
        stream_shut(c->near_out);
        begin_last_words(c);
    }
}
