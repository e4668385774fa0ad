/* Owns the listeners: when connections are accepted, and when not. */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/step.h"
#include "net/server_private.h"

enum {
    ACCEPT_BATCH = 64,     /* accepted before other events get their turn */
    RETRY_ACCEPT_MS = 100, /* descriptors may become free elsewhere in the system */
};

void server_accept_pause(struct server *s)
{
    for (size_t i = 0; i < s->listeners.count; i++)
        loop_unwatch(s->loop, &s->listeners.items[i].watch);
    if (!s->paused)
        server_limit_pause(s->limit, true);
    s->paused = true;
}

static bool may_accept(const struct server *s)
{
    if (s->stopping || loop_timer_is_set(&s->retry_accept) || !list_is_empty(&s->ready))
        return false;
    if (s->options->once)
        return !s->had_client && list_is_empty(&s->handshakes);
    return server_limit_allows(s->limit, s->client_count);
}

void server_resume(struct server *s)
{
    if (!may_accept(s))
        return;
    for (size_t i = 0; i < s->listeners.count; i++)
        loop_watch(s->loop, &s->listeners.items[i].watch, s->listeners.items[i].fd, EPOLLIN);
    if (s->paused)
        server_limit_pause(s->limit, false);
    s->paused = false;
}

/* A slot may become free between the look at the limit and the pause. */
void server_accept_pause_unless_possible(struct server *s)
{
    server_accept_pause(s);
    server_resume(s);
    if (s->paused && !s->options->once && !s->stopping && s->listeners.count > 0)
        step_report(&(struct step){
            .kind = STEP_PAUSE, .fd = s->listeners.items[0].fd, .size = (size_t)s->client_count});
}

void server_accept_stop_listening(struct server *s)
{
    server_accept_pause(s);
    if (list_is_empty(&s->ready))
        loop_cancel_timer(s->loop, &s->retry_accept);
    listeners_close(&s->listeners, s->loop);
}

/* Accepting again at once would fail again at once. */
void server_accept_pause_exhausted(struct server *s, int number)
{
    /* Once per shortage: the next client that is served ends it. */
    if (!s->exhausted)
        event_notice("paused accepting connections: %s", strerror(number));
    s->exhausted = true;
    server_accept_pause(s);
    loop_set_timer(s->loop, &s->retry_accept, RETRY_ACCEPT_MS);
}

static void on_acceptable(struct watch *w, uint32_t events)
{
    struct server *s = container_of(w, struct listener, watch)->owner;
    int batch = s->limit->loops > 1 ? 1 : ACCEPT_BATCH;

    if (events == 0) {
        server_accept_pause_exhausted(s, errno);
        return;
    }
    while (batch-- > 0 && w->fd >= 0) {
        bool needs_slot = s->options->stage_count == 0;
        struct addr peer;
        int fd, number;

        if (!may_accept(s) || (needs_slot && !server_limit_take(s->limit))) {
            server_accept_pause_unless_possible(s);
            return;
        }
        fd = socket_accept(w->fd, &container_of(w, struct listener, watch)->address, &peer);
        number = errno;
        if (fd >= 0) {
            server_accepted(s, fd, &peer);
            continue;
        }
        if (needs_slot)
            server_limit_release(s->limit);
        if (number == EAGAIN)
            return;
        if (socket_accept_can_go_on(number))
            continue;
        if (list_is_empty(&s->handshakes)) {
            server_accept_pause_exhausted(s, number);
            return;
        }
        server_drop_oldest_handshake(s); /* which had its chance */
    }
}

void server_accept_inherited(struct server *s)
{
    const struct listeners_plan *plan = &s->options->listen;
    struct error why = {0};
    struct addr peer;

    s->had_client = true;
    if (inherited_connect(plan->inherited.first, &plan->socket.socket, &peer, &why) < 0) {
        socket_close(plan->inherited.first, true);
        run_fail(s->service->run, &why);
        return;
    }
    step_report(
        &(struct step){.kind = STEP_INHERIT, .fd = plan->inherited.first, .address = &peer});
    if (s->options->stage_count == 0)
        server_limit_take(s->limit);
    server_accepted(s, plan->inherited.first, &peer);
}

static void on_retry_accept(struct timer *t)
{
    struct server *s = container_of(t, struct server, retry_accept);

    server_serve_ready(s);
    server_resume(s);
}

void server_accept_init(struct server *s)
{
    s->retry_accept.on_due = on_retry_accept;
    for (size_t i = 0; i < s->listeners.count; i++) {
        loop_init_watch(&s->listeners.items[i].watch, on_acceptable);
        s->listeners.items[i].owner = s;
    }
}
