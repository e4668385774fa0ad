/* Owns one connection at a time. Knows neither what its success means nor what follows. */
#include "commands/wait_try.h"

#include <errno.h>
#include <stdlib.h>

#include "core/memory.h"

struct wait_try {
    struct deferred deferred;
    struct wait_tries *all;
    struct connecting *connecting;
    struct conversation *conversation;
    void (*on_end)(void *arg, struct error *why);
    void *arg;
};

static struct filter *make_filter(void *owner, struct stream *from, struct error *err)
{
    struct wait_tries *all = ((struct wait_try *)owner)->all;

    (void)from;
    return filters_incoming(all->text, &all->format, &all->counts, err);
}

static void end(struct wait_try *t, struct error *why)
{
    loop_free_later(t->all->run->loop, &t->deferred);
    if (t->on_end != NULL)
        t->on_end(t->arg, why);
    error_clear(why);
}

static void on_over(void *owner, struct outcome *o)
{
    struct wait_try *t = owner;

    t->conversation = NULL;
    end(t, &o->why);
}

void wait_try_prepare(struct wait_tries *all)
{
    all->format = (struct text_format){.sought = all->expect};
    all->plan.from_near.make_filter = make_filter;
    all->plan.from_far.at_end = AT_END_KEEP;
    all->plan.goal = GOAL_ANSWERED;
    all->plan.unanswered = "the peer closed the connection, and its reply lacks the text";
    all->plan.on_over = on_over;
}

static void converse(struct wait_try *t, struct stream *peer)
{
    struct wait_tries *all = t->all;
    struct end near = {peer, peer, false}, far = {NULL, NULL, false};
    struct error why = {0};

    if (buf_length(all->message) > 0) {
        far.in = memory_open(all->run->loop, buf_head(all->message), buf_length(all->message),
                             "the message", &why);
        if (far.in == NULL) {
            stream_close(peer, STREAM_ABORT);
            end(t, &why);
            return;
        }
    }
    t->conversation = conversation_start(&all->plan, &all->run->work, &near, &far, t, &why);
    if (t->conversation == NULL)
        end(t, &why);
}

static void on_connected(void *arg, struct stream *peer)
{
    struct wait_try *t = arg;
    struct error none = {0};

    t->connecting = NULL;
    if (t->all->expect != NULL) {
        converse(t, peer);
        return;
    }
    stream_close(peer, STREAM_GRACEFULLY);
    end(t, &none);
}

static void on_failed(void *arg, struct error *why)
{
    struct wait_try *t = arg;

    t->connecting = NULL;
    end(t, why);
}

static const struct connect_events connect_events = {
    .on_connected = on_connected,
    .on_failed = on_failed,
};

struct wait_try *wait_try_start(struct wait_tries *all, const struct connect_plan *plan,
                                const struct connect_target *target,
                                void (*on_end)(void *arg, struct error *why), void *arg,
                                struct error *err)
{
    struct connect_plan own = *plan;
    struct wait_try *t = calloc(1, sizeof(*t));

    if (t == NULL) {
        error_errno(err, ENOMEM, "cannot connect to %s", target->host);
        return NULL;
    }
    own.targets = target;
    own.count = 1;
    own.is_named = true;
    t->all = all;
    t->on_end = on_end;
    t->arg = arg;
    t->connecting = connect_start(all->run->loop, &own, &connect_events, t, err);
    if (t->connecting == NULL) {
        free(t);
        return NULL;
    }
    return t;
}

bool wait_try_is_connected(const struct wait_try *t)
{
    return t->conversation != NULL;
}

void wait_try_cancel(struct wait_try *t)
{
    struct error none = {0};

    if (t == NULL)
        return;
    connect_cancel(t->connecting);
    t->on_end = NULL;
    if (t->conversation != NULL)
        conversation_end(t->conversation, CONVERSATION_STOP);
    else
        end(t, &none);
}
