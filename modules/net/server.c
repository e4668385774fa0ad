/* Owns clients from accept to end, and the limits on them. Reads and writes nothing. */
#include "net/server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "net/service.h"

enum {
    ACCEPT_BATCH = 64,     /* accepted before other events get their turn */
    RETRY_ACCEPT_MS = 100, /* descriptors may become free elsewhere in the system */
};

struct server {
    struct loop *loop;
    const struct server_options *options;
    struct server_limit *limit;
    struct service *service;
    void (*on_idle)(void *arg);
    void *arg;
    struct listeners listeners;
    struct list handshakes; /* the oldest first */
    struct list ready;      /* clients that wait for a slot */
    struct list clients;    /* that are served */
    uint64_t handshake_count;
    uint64_t client_count;
    uint64_t cut_count;
    uint64_t refused_count;
    struct timer drain;
    struct timer retry_accept;
    bool had_client;
    bool paused;
    bool exhausted; /* of descriptors or memory, and reported so */
    bool stopping;
    bool ending; /* clients are cut off */
};

/* Pausing and resuming. */

static void pause_accepting(struct server *s)
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
static void pause_unless_possible(struct server *s)
{
    pause_accepting(s);
    server_resume(s);
}

static void stop_listening(struct server *s)
{
    pause_accepting(s);
    loop_cancel_timer(s->loop, &s->retry_accept);
    listeners_close(&s->listeners, s->loop);
}

/* The life of a client. */

void server_check_idle(struct server *s)
{
    if (s->ending || s->client_count > 0 || !list_is_empty(&s->handshakes) ||
        !list_is_empty(&s->ready))
        return;
    if (s->options->once && s->had_client && !s->stopping) {
        server_stop(s); /* looks again */
    } else if (s->stopping && !s->service->busy) {
        loop_cancel_timer(s->loop, &s->drain);
        s->on_idle(s->arg);
    }
}

/* A client's failure decides the status of a server that serves only this one. */
static void report_failure(struct server *s, struct error *why)
{
    if (s->options->once) {
        run_report(s->service->run, why);
        return;
    }
    event_report(&(struct event){.kind = EVENT_FAILED, .why = why});
    error_clear(why);
}

static void free_client(struct client *c)
{
    list_remove(&c->link);
    stream_close(c->stream, STREAM_ABORT);
    free(c->request);
    loop_free_later(c->server->loop, &c->deferred);
}

static void serve_ready(struct server *s);

void client_over(struct client *c, struct outcome *o)
{
    struct server *s = c->server;

    if (error_is_set(&o->why))
        report_failure(s, &o->why);
    event_report(&(struct event){
        .kind = EVENT_CLOSED, .peer = o->name, .in_bytes = o->in_bytes, .out_bytes = o->out_bytes});
    s->cut_count += s->ending && o->cut;
    free_client(c);
    s->client_count--;
    server_limit_release(s->limit);
    if (!s->ending) {
        serve_ready(s);
        server_resume(s);
        server_check_idle(s);
    }
}

/* Gives the client, which has its slot, to the service. */
static void serve(struct client *c)
{
    struct server *s = c->server;
    struct outcome o = {0};

    list_remove(&c->link);
    list_append(&s->clients, &c->link);
    s->client_count++;
    server_limit_accepted(s->limit);
    s->exhausted = false;
    if (event_is_shown(EVENT_CONNECTED)) {
        o.name = stream_name(c->stream);
        event_report(&(struct event){.kind = EVENT_CONNECTED, .peer = o.name});
    }
    if (s->service->ops->begin(s->service, c, &o.why) < 0)
        client_over(c, &o);
}

static void serve_ready(struct server *s)
{
    while (!list_is_empty(&s->ready) && server_limit_take(s->limit))
        serve(container_of(s->ready.next, struct client, link));
}

/* The handshake is over, or there was none. */
static void on_handshake_end(void *arg, enum handshake_end how, struct error *why)
{
    struct client *c = arg;
    struct server *s = c->server;

    c->handshake = NULL;
    list_remove(&c->link);
    s->handshake_count--;
    if (how == HANDSHAKE_REFUSED) {
        event_report(
            &(struct event){.kind = EVENT_REFUSED, .peer = stream_name(c->stream), .why = why});
        error_clear(why);
        s->refused_count++;
        free_client(c);
        server_resume(s);
        server_check_idle(s);
        return;
    }
    s->had_client = true;
    if (s->options->once)
        stop_listening(s);
    if (how == HANDSHAKE_FAILED) {
        report_failure(s, why);
        free_client(c);
        server_check_idle(s);
        return;
    }
    list_append(&s->ready, &c->link);
    serve_ready(s);
    if (!list_is_empty(&s->ready))
        pause_unless_possible(s);
}

static void drop_oldest_handshake(struct server *s)
{
    struct client *c = container_of(s->handshakes.next, struct client, link);
    struct error why = {0};

    error_set(&why, EXITCODE_FAILED,
              "%s: disconnected during its handshake to make room for newer clients",
              stream_name(c->stream));
    handshake_cancel(c->handshake);
    on_handshake_end(c, HANDSHAKE_FAILED, &why);
}

static void begin_handshake(struct client *c)
{
    struct server *s = c->server;
    const struct server_options *o = s->options;
    struct error why = {0};
    enum handshake_end how;

    list_append(&s->handshakes, &c->link);
    s->handshake_count++;
    how = handshake_start(&c->handshake, c->stream, o->stages, o->stage_count, o->handshake_ms,
                          on_handshake_end, c, &why);
    if (how != HANDSHAKE_WAITS) {
        on_handshake_end(c, how, &why);
        return;
    }
    if (server_limit_is_share(s->limit, s->handshake_count - 1))
        drop_oldest_handshake(s);
    if (o->once)
        pause_accepting(s);
}

static void accept_client(struct server *s, int fd, const struct addr *peer)
{
    struct error why = {0};
    struct stream *stream = socket_open(s->loop, fd, peer, &why);
    struct client *c = stream != NULL ? malloc(sizeof(*c)) : NULL;
    bool has_slot = s->options->stage_count == 0;

    if (c == NULL) {
        if (stream != NULL)
            error_errno(&why, ENOMEM, "cannot serve %s", stream_name(stream));
        stream_close(stream, STREAM_ABORT);
        s->had_client = true;
        if (s->options->once)
            stop_listening(s);
        report_failure(s, &why);
        if (has_slot)
            server_limit_release(s->limit);
        server_check_idle(s);
        return;
    }
    *c = (struct client){.server = s, .stream = stream};
    list_init(&c->link);
    if (!has_slot) {
        begin_handshake(c);
        return;
    }
    s->had_client = true;
    if (s->options->once)
        stop_listening(s);
    serve(c);
}

/* Accepting again at once would fail again at once. */
static void pause_exhausted(struct server *s, int number)
{
    /* Once per shortage: the next client that is served ends it. */
    if (!s->exhausted)
        event_notice("paused accepting connections: %s", strerror(number));
    s->exhausted = true;
    pause_accepting(s);
    loop_set_timer(s->loop, &s->retry_accept, RETRY_ACCEPT_MS);
}

static void on_acceptable(struct watch *w, uint32_t events)
{
    struct server *s = container_of(w, struct listener, watch)->owner;
    int batch = s->limit->loops > 1 ? 1 : ACCEPT_BATCH;

    if (events == 0) {
        pause_exhausted(s, errno);
        return;
    }
    while (batch-- > 0 && w->fd >= 0) {
        bool needs_slot = s->options->stage_count == 0;
        struct addr peer;
        int fd, number;

        if (!may_accept(s) || (needs_slot && !server_limit_take(s->limit))) {
            pause_unless_possible(s);
            return;
        }
        fd = socket_accept(w->fd, &container_of(w, struct listener, watch)->address, &peer);
        number = errno;
        if (fd >= 0) {
            accept_client(s, fd, &peer);
            continue;
        }
        if (needs_slot)
            server_limit_release(s->limit);
        if (number == EAGAIN)
            return;
        if (socket_accept_can_go_on(number))
            continue;
        if (list_is_empty(&s->handshakes)) {
            pause_exhausted(s, number);
            return;
        }
        drop_oldest_handshake(s); /* which had its chance */
    }
}

static void on_retry_accept(struct timer *t)
{
    server_resume(container_of(t, struct server, retry_accept));
}

/* The life of the server. */

static void on_drained(struct timer *t)
{
    struct server *s = container_of(t, struct server, drain);

    server_end(s);
    s->on_idle(s->arg);
}

struct server *server_open(const struct server_options *o, const struct server *opened,
                           struct service *v, void (*on_idle)(void *arg), void *arg,
                           struct error *err)
{
    struct server *s = calloc(1, sizeof(*s));
    int result;

    if (s == NULL) {
        error_errno(err, ENOMEM, "cannot listen");
        return NULL;
    }
    result = opened != NULL ? listeners_share(&s->listeners, &opened->listeners, err)
                            : listeners_open(&s->listeners, &o->listen, err);
    if (result < 0) {
        free(s);
        return NULL;
    }
    s->loop = v->run->loop;
    s->options = o;
    s->limit = o->limit;
    s->service = v;
    s->on_idle = on_idle;
    s->arg = arg;
    s->drain.on_due = on_drained;
    s->retry_accept.on_due = on_retry_accept;
    list_init(&s->handshakes);
    list_init(&s->ready);
    list_init(&s->clients);
    v->server = s;
    for (size_t i = 0; i < s->listeners.count; i++) {
        loop_init_watch(&s->listeners.items[i].watch, on_acceptable);
        s->listeners.items[i].owner = s;
    }
    return s;
}

void server_start(struct server *s)
{
    server_resume(s);
}

const struct listeners *server_listeners(const struct server *s)
{
    return &s->listeners;
}

uint64_t server_cut(const struct server *s)
{
    return s->cut_count;
}

uint64_t server_refused(const struct server *s)
{
    return s->refused_count;
}

struct service *client_service(const struct client *c)
{
    return c->server->service;
}

void server_stop(struct server *s)
{
    if (s->stopping)
        return;
    s->stopping = true;
    stop_listening(s);
    if (s->service->ops->stop != NULL)
        s->service->ops->stop(s->service);
    loop_set_timer(s->loop, &s->drain, s->options->drain_ms);
    server_check_idle(s);
}

static void drop(struct server *s, struct client *c)
{
    if (s->service->ops->drop != NULL)
        s->service->ops->drop(s->service, c);
    else
        conversation_end(c->work, CONVERSATION_STOP);
}

void server_end(struct server *s)
{
    s->stopping = s->ending = true;
    stop_listening(s);
    loop_cancel_timer(s->loop, &s->drain);
    while (!list_is_empty(&s->handshakes)) {
        struct client *c = container_of(s->handshakes.next, struct client, link);

        handshake_cancel(c->handshake);
        free_client(c);
    }
    while (!list_is_empty(&s->ready))
        free_client(container_of(s->ready.next, struct client, link));
    while (!list_is_empty(&s->clients))
        drop(s, container_of(s->clients.next, struct client, link));
}

void server_free(struct server *s)
{
    if (s == NULL)
        return;
    server_end(s);
    listeners_free(&s->listeners, s->loop);
    free(s);
}
