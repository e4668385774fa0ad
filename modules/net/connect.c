/* Owns the order of targets and tries. Leaves the race for one target to dialer.c. */
#include "net/connect.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/endpoint.h"
#include "net/dialer.h"
#include "net/resolver.h"

enum { RETRY_FIRST_MS = 50, RETRY_MAX_MS = 1000, STAGES_MAX = 5 };

struct connecting {
    struct deferred deferred;
    struct loop *loop;
    struct connect_plan plan;
    const struct connect_events *events;
    void *arg;
    struct endpoint bind;
    unsigned bind_port;
    struct resolver *resolver; /* of bind */
    struct addr local;
    bool has_local;
    struct connect_hop hop; /* where there is a proxy, for its stage */
    struct connect_hop_state hop_state;
    size_t target; /* that is tried, counted from the first */
    struct dialer *dialer;
    struct stream *stream; /* in its handshake */
    struct stage_plan stages[STAGES_MAX];
    struct handshake *handshake;
    struct error causes; /* of this try's targets so far */
    struct timer start;  /* of the next try */
    int64_t give_up_ms;
    int64_t retry_delay_ms;
};

static void dial(struct connecting *c);

/* The message may have a password. */
static void forget_hop(struct connecting *c)
{
    size_t length = buf_length(&c->hop_state.message);

    if (length > 0)
        explicit_bzero(buf_head(&c->hop_state.message), length);
    buf_free(&c->hop_state.message);
    c->hop_state = (struct connect_hop_state){.replied = false};
}

void connect_cancel(struct connecting *c)
{
    if (c == NULL)
        return;
    resolver_cancel(c->resolver);
    dialer_cancel(c->dialer);
    handshake_cancel(c->handshake);
    stream_close(c->stream, STREAM_ABORT);
    loop_cancel_timer(c->loop, &c->start);
    endpoint_clear(&c->bind);
    error_clear(&c->causes);
    forget_hop(c);
    loop_free_later(c->loop, &c->deferred);
}

static void fail(struct connecting *c, struct error *why)
{
    struct error last = *why;

    *why = (struct error){0};
    connect_cancel(c);
    c->events->on_failed(c->arg, &last);
    error_clear(&last);
}

/* All targets have failed: tries again, for the last time when the limit expires, or fails. */
static void try_failed(struct connecting *c)
{
    int64_t left_ms = c->give_up_ms - loop_now_ms(c->loop);
    int64_t delay_ms = c->retry_delay_ms < left_ms ? c->retry_delay_ms : left_ms;

    if (c->plan.retry_ms == 0 || left_ms <= 0) {
        fail(c, &c->causes);
        return;
    }
    if (c->events->on_retry != NULL)
        c->events->on_retry(c->arg, &c->causes, left_ms);
    error_clear(&c->causes);
    c->retry_delay_ms = 2 * c->retry_delay_ms < RETRY_MAX_MS ? 2 * c->retry_delay_ms : RETRY_MAX_MS;
    c->target = 0;
    loop_set_timer(c->loop, &c->start, delay_ms);
}

static const struct connect_target *target_of(const struct connecting *c)
{
    return &c->plan.targets[(c->plan.first + c->target) % c->plan.count];
}

/* The failure of a proxy names the proxy. */
static void name_target(const struct connecting *c, struct error *why)
{
    const struct connect_target *t = target_of(c);

    if (c->plan.proxy != NULL && !c->hop_state.connected && !c->plan.is_named)
        error_prefix(why,
                     strchr(t->host, ':') != NULL ? "cannot connect to [%s]:%u"
                                                  : "cannot connect to %s:%u",
                     t->host, t->port);
}

static void target_failed(struct connecting *c, struct error *why)
{
    name_target(c, why);
    forget_hop(c);
    if (!error_is_set(&c->causes)) {
        error_move(&c->causes, why);
    } else {
        struct error before = c->causes;

        c->causes = (struct error){0};
        error_set(&c->causes, before.status, "%s; %s", before.text, why->text);
        error_clear(&before);
        error_clear(why);
    }
    if (++c->target < c->plan.count)
        dial(c);
    else
        try_failed(c);
}

static void on_handshake_end(void *arg, enum handshake_end how, struct error *why)
{
    struct connecting *c = arg;
    struct stream *s = c->stream;

    c->handshake = NULL;
    c->stream = NULL;
    if (how == HANDSHAKE_DONE) {
        connect_cancel(c);
        c->events->on_connected(c->arg, s);
        return;
    }
    stream_close(s, STREAM_ABORT);
    if (how == HANDSHAKE_RECONNECT) {
        dial(c);
        return;
    }
    if (c->plan.proxy != NULL && !c->hop_state.replied)
        why->number = EAGAIN; /* nothing is known of the target */
    target_failed(c, why);
}

/* Sets the stages of the connection to the target of the moment; returns their number. */
static size_t set_stages(struct connecting *c)
{
    const struct connect_proxy *proxy = c->plan.proxy;
    size_t count = 0;

    if (proxy != NULL) {
        c->hop = (struct connect_hop){target_of(c), proxy->config, &c->hop_state};
        if (proxy->first.make != NULL)
            c->stages[count++] = proxy->first;
        c->stages[count++] = (struct stage_plan){proxy->make, &c->hop};
    }
    if (c->plan.first_stage.make != NULL)
        c->stages[count++] = c->plan.first_stage;
    if (target_of(c)->own_stage.make != NULL)
        c->stages[count++] = target_of(c)->own_stage;
    if (c->plan.last_stage.make != NULL)
        c->stages[count++] = c->plan.last_stage;
    return count;
}

static void on_dialed(void *arg, struct stream *s)
{
    struct connecting *c = arg;
    struct error why = {0};
    enum handshake_end how = HANDSHAKE_DONE;
    size_t stages = set_stages(c);

    c->dialer = NULL;
    c->stream = s;
    if (stages > 0)
        how = handshake_start(&c->handshake, s, c->stages, stages, c->plan.handshake_ms,
                              on_handshake_end, c, &why);
    if (how != HANDSHAKE_WAITS)
        on_handshake_end(c, how, &why);
}

static void on_dial_failed(void *arg, struct error *why)
{
    struct connecting *c = arg;

    c->dialer = NULL;
    if (c->plan.proxy != NULL) {
        error_prefix(why, "proxy");
        why->number = EAGAIN; /* nothing is known of the target */
    }
    target_failed(c, why);
}

static const char *refuses(void *arg, const struct addr *a)
{
    struct connecting *c = arg;

    return c->events->refuses != NULL ? c->events->refuses(c->arg, a) : NULL;
}

static const struct dialer_events dialer_events = {
    .on_connected = on_dialed,
    .on_failed = on_dial_failed,
    .refuses = refuses,
};

static void dial(struct connecting *c)
{
    const struct connect_target *t = c->plan.proxy != NULL ? &c->plan.proxy->at : target_of(c);
    struct dialer_target target = {
        .host = t->host,
        .port = t->port,
        .known = t->known,
        .is_named = c->plan.is_named && c->plan.proxy == NULL,
        .family = c->plan.family,
        .local = c->has_local ? &c->local : NULL,
        .local_port = c->bind_port,
        .timeout_ms = c->plan.timeout_ms,
        .socket = c->plan.socket,
    };
    struct error why = {0};

    c->dialer = dialer_start(c->loop, &target, &dialer_events, c, &why);
    if (c->dialer == NULL)
        target_failed(c, &why);
}

static void on_bind_found(void *arg, struct addr_list *list, struct error *why)
{
    struct connecting *c = arg;

    c->resolver = NULL;
    if (list->count == 0) {
        error_prefix(why, "--bind");
        fail(c, why);
        return;
    }
    c->local = list->items[0];
    c->has_local = true;
    dial(c);
}

static void on_start(struct timer *t)
{
    struct connecting *c = container_of(t, struct connecting, start);
    struct resolver_question q = {c->bind.host, c->bind_port, c->plan.family, false};
    struct error why = {0};

    if (c->bind.host == NULL || c->has_local) {
        dial(c);
        return;
    }
    c->resolver = resolver_start(c->loop, &q, on_bind_found, c, &why);
    if (c->resolver == NULL)
        fail(c, &why);
}

static int parse_bind(struct connecting *c, struct error *err)
{
    if (c->plan.bind == NULL)
        return 0;
    if (endpoint_parse_local(c->plan.bind, &c->bind, err) == 0 &&
        (c->bind.port == NULL || endpoint_parse_port(c->bind.port, 0, &c->bind_port, err) == 0))
        return 0;
    error_prefix(err, "--bind");
    return -1;
}

struct connecting *connect_start(struct loop *l, const struct connect_plan *plan,
                                 const struct connect_events *events, void *arg, struct error *err)
{
    struct connecting *c = calloc(1, sizeof(*c));

    if (c == NULL) {
        error_errno(err, ENOMEM, "cannot connect to %s", plan->targets[0].host);
        return NULL;
    }
    c->loop = l;
    c->plan = *plan;
    c->events = events;
    c->arg = arg;
    c->start.on_due = on_start;
    c->give_up_ms = loop_now_ms(l) + plan->retry_ms;
    c->retry_delay_ms = RETRY_FIRST_MS;
    if (parse_bind(c, err) < 0)
        goto fail;
    loop_set_timer(l, &c->start, 0);
    return c;
fail:
    endpoint_clear(&c->bind);
    free(c);
    return NULL;
}
