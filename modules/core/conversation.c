/* Owns the order in which a connection's two directions end. Copies nothing itself. */
#include "core/conversation.h"

#include "base/num.h"
#include "net/socket.h"

static const struct pump_plan discard_plan = {.on_end = conversation_in_ended};

static void fail_first(struct conversation *c, struct error *why)
{
    if (error_is_set(&c->why))
        error_clear(why);
    else
        error_move(&c->why, why);
}

static void close_now(struct conversation *c, bool gracefully)
{
    c->over = true;
    pump_stop(&c->in);
    if (c->out != NULL)
        pump_stop(c->out);
    loop_cancel_timer(c->work->loop, &c->idle);
    stream_close(&c->net, gracefully);
}

static void finish(struct conversation *c)
{
    if (c->over)
        return;
    if (c->plan->on_closing != NULL)
        c->plan->on_closing(c);
    close_now(c, !error_is_set(&c->why));
    c->plan->on_closed(c);
}

/* A socket's own word on what became of it: a reset that no read or write met. */
static bool net_has_failed(struct conversation *c)
{
    struct error why = {0};
    int number;

    if (stream_is_broken(&c->net, &why)) {
        fail_first(c, &why);
        return true;
    }
    number = socket_error(c->net.transport.fd);
    if (number == 0)
        return false;
    transport_write_error(&c->net.transport, number, &why);
    fail_first(c, &why);
    return true;
}

static void on_delivered(struct stream *s)
{
    struct conversation *c = s->owner;

    if (stream_is_delivered(s) || net_has_failed(c))
        finish(c);
}

/* Both directions are done: what was sent has to arrive, then it is over. */
static void deliver(struct conversation *c)
{
    struct error why = {0};

    if (c->finishing)
        return;
    c->finishing = true;
    if (!error_is_set(&c->why) && stream_shut(&c->net, &why) < 0)
        fail_first(c, &why);
    if (error_is_set(&c->why) || stream_is_delivered(&c->net)) {
        finish(c);
        return;
    }
    stream_await_delivery(&c->net, on_delivered);
}

static void check_done(struct conversation *c)
{
    bool answered = c->in_done || !c->plan->answer_needed;

    if (!c->over && answered && (c->out == NULL || !c->out->running))
        deliver(c);
}

static void on_hangup(struct stream *s)
{
    struct conversation *c = s->owner;

    /* While the incoming direction goes on, its pump finds out, after everything
     * that can still be read. */
    if (!c->over && s->in_ended && net_has_failed(c))
        finish(c);
}

/* What waits in the kernel moves without us: so it is looked at a few times. */
static int64_t look_again_ms(const struct conversation *c)
{
    return c->plan->idle_ms / 4 + 1;
}

static void notice_acknowledged(struct conversation *c)
{
    uint32_t now = (uint32_t)socket_unacknowledged(c->net.transport.fd);

    if (now < c->unacknowledged)
        c->net.moved_ms = loop_now_ms(c->work->loop);
    c->unacknowledged = now;
}

static void on_idle(struct timer *t)
{
    struct conversation *c = container_of(t, struct conversation, idle);
    int64_t quiet_ms, look_ms = look_again_ms(c);
    struct error why = {0};
    char text[ADDR_TEXT_SIZE], limit[32];

    notice_acknowledged(c);
    quiet_ms = loop_now_ms(c->work->loop) - c->net.moved_ms;
    if (quiet_ms < c->plan->idle_ms) {
        int64_t left_ms = c->plan->idle_ms - quiet_ms;

        loop_set_timer(c->work->loop, t, left_ms < look_ms ? left_ms : look_ms);
        return;
    }
    num_format_duration(c->plan->idle_ms, limit, sizeof(limit));
    error_set(&why, EXITCODE_TIMEOUT, "%s: nothing moved for %s (--idle-timeout)",
              transport_name(&c->net.transport, text), limit);
    conversation_fail(c, &why);
}

void conversation_init(struct conversation *c, const struct conversation_plan *plan,
                       struct workspace *w, void *owner, int fd, const struct addr *peer)
{
    struct transport t;

    *c =
        (struct conversation){.plan = plan, .work = w, .owner = owner, .idle = {.on_due = on_idle}};
    pump_init(&c->in);
    transport_init_socket(&t, fd, peer);
    stream_init(&c->net, w->loop, &t);
    c->began_ms = loop_now_ms(w->loop);
    c->net.owner = c;
    c->net.on_hangup = on_hangup;
    if (plan->idle_ms > 0)
        loop_set_timer(w->loop, &c->idle, look_again_ms(c));
}

void conversation_watch(struct conversation *c)
{
    struct error why = {0};

    if (!c->over && stream_watch(&c->net, &why) < 0)
        conversation_fail(c, &why);
}

void conversation_listen(struct conversation *c, struct stream *to)
{
    if (!c->over)
        pump_start(&c->in, c->plan->in, c, c->work, &c->net, to);
}

void conversation_speak(struct conversation *c, struct pump *out, struct stream *from)
{
    c->out = out;
    pump_start(out, c->plan->out, c, c->work, from, &c->net);
}

void conversation_fail(struct conversation *c, struct error *why)
{
    fail_first(c, why);
    finish(c);
}

void conversation_end(struct conversation *c)
{
    finish(c);
}

void conversation_drop(struct conversation *c)
{
    if (!c->over) {
        if (c->plan->on_closing != NULL)
            c->plan->on_closing(c);
        close_now(c, false);
    }
    error_clear(&c->why);
}

/* Enough has come: the rest is dropped, so that a peer that sends on does not
 * stop taking what is sent to it. */
static void satisfied(struct conversation *c)
{
    c->in_done = c->plan->satisfied_is_enough;
    if (!c->in_done)
        stream_shut(&c->net, NULL);
    pump_start(&c->in, &discard_plan, c, c->work, &c->net, NULL);
}

static void peer_ended(struct conversation *c)
{
    char text[ADDR_TEXT_SIZE];
    bool was_done = c->in_done;

    c->in_done = true;
    if (c->plan->satisfied_is_enough && !was_done && !error_is_set(&c->why))
        error_set(&c->why, EXITCODE_FAILED, "receiving from %s: %s",
                  transport_name(&c->net.transport, text), c->plan->missing_answer);
    if (c->plan->on_peer_end != NULL && !was_done)
        c->plan->on_peer_end(c);
}

void conversation_in_ended(struct pump *p, enum pump_end end, struct error *why)
{
    struct conversation *c = p->owner;

    switch (end) {
    case PUMP_DELIVERED:
        peer_ended(c);
        break;
    case PUMP_SATISFIED:
        satisfied(c);
        break;
    case PUMP_READ_FAILED:
        /* Both directions of a connection fail together. */
        conversation_fail(c, why);
        return;
    case PUMP_FILTER_FAILED:
    case PUMP_WRITE_FAILED:
        c->output_failed = end == PUMP_WRITE_FAILED && p->to != &c->net;
        conversation_fail(c, why);
        return;
    }
    check_done(c);
}

void conversation_out_ended(struct pump *p, enum pump_end end, struct error *why)
{
    struct conversation *c = p->owner;

    if (end != PUMP_DELIVERED) {
        /* The peer may still be saying what it has to say. */
        fail_first(c, why);
        if (end != PUMP_WRITE_FAILED || !stream_is_broken(&c->net, NULL))
            stream_shut(&c->net, NULL);
    }
    check_done(c);
}
