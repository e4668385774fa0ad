/* Owns clients from accept to end, and the limits on them. Reads and writes nothing. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "net/server_private.h"

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
static void mark_failure(struct server *s, struct error *why)
{
    if (s->options->once)
        run_mark(s->service->run, why->status);
    error_clear(why);
}

/* The client, which may be NULL, never got as far as its service. */
static void report_failure(struct server *s, struct client *c, struct error *why)
{
    event_report(&(struct event){
        .kind = EVENT_FAILED, .peer = c != NULL ? stream_name(c->stream) : NULL, .why = why});
    mark_failure(s, why);
}

static void free_client(struct client *c)
{
    list_remove(&c->link);
    stream_close(c->stream, STREAM_ABORT);
    free(c->request);
    host_limit_release(c->host);
    loop_free_later(c->server->loop, &c->deferred);
}

static void release_slot(struct server *s)
{
    s->client_count--;
    server_limit_release(s->limit);
}

void client_over(struct client *c, struct outcome *o)
{
    struct server *s = c->server;

    event_report(&(struct event){.kind = o->dropped ? EVENT_DROPPED : EVENT_CLOSED,
                                 .peer = o->name,
                                 .in_bytes = o->in_bytes,
                                 .out_bytes = o->out_bytes,
                                 .duration_ms = o->duration_ms,
                                 .why = &o->why});
    mark_failure(s, &o->why);
    /* The only client that was wanted is not over before it has ended. */
    s->cut_count += s->ending && (o->cut || (s->options->once && o->dropped && !o->near_ended));
    free_client(c);
    release_slot(s);
    if (!s->ending) {
        server_serve_ready(s);
        server_resume(s);
        server_check_idle(s);
    }
}

/* What is missing may become free. */
static bool is_shortage(int number)
{
    return number == EMFILE || number == ENFILE || number == EAGAIN;
}

/* The client is the first that will be served, when there is enough of what is missing. */
static void postpone(struct client *c, struct error *why)
{
    struct server *s = c->server;

    list_remove(&c->link);
    list_append(s->ready.next, &c->link);
    release_slot(s);
    server_accept_pause_exhausted(s, why->number);
    error_clear(why);
}

/* Gives the client, which has its slot, to the service. Returns false when it has to wait. */
static bool serve(struct client *c)
{
    struct server *s = c->server;
    struct outcome o = {0};

    list_remove(&c->link);
    list_append(&s->clients, &c->link);
    s->client_count++;
    server_limit_accepted(s->limit);
    if (event_is_shown(EVENT_CONNECTED)) {
        o.name = stream_name(c->stream);
        if (!c->is_reported)
            event_report(&(struct event){.kind = EVENT_CONNECTED, .peer = o.name});
        c->is_reported = true;
    }
    if (s->service->ops->begin(s->service, c, &o.why) < 0) {
        if (is_shortage(o.why.number) && c->stream != NULL) {
            postpone(c, &o.why);
            return false;
        }
        client_over(c, &o);
        return true;
    }
    s->exhausted = false;
    return true;
}

void server_serve_ready(struct server *s)
{
    while (!list_is_empty(&s->ready) && server_limit_take(s->limit))
        if (!serve(container_of(s->ready.next, struct client, link)))
            return;
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
        server_limit_refuse(s->limit);
        free_client(c);
        server_resume(s);
        server_check_idle(s);
        return;
    }
    s->had_client = true;
    if (s->options->once)
        server_accept_stop_listening(s);
    if (how == HANDSHAKE_FAILED) {
        report_failure(s, c, why);
        free_client(c);
        server_check_idle(s);
        return;
    }
    list_append(&s->ready, &c->link);
    server_serve_ready(s);
    if (!list_is_empty(&s->ready))
        server_accept_pause_unless_possible(s);
}

void server_drop_oldest_handshake(struct server *s)
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
        server_drop_oldest_handshake(s);
    if (o->once)
        server_accept_pause(s);
}

void server_accepted(struct server *s, int fd, const struct addr *peer)
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
            server_accept_stop_listening(s);
        report_failure(s, NULL, &why);
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
        server_accept_stop_listening(s);
    serve(c);
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
    list_init(&s->handshakes);
    list_init(&s->ready);
    list_init(&s->clients);
    v->server = s;
    server_accept_init(s);
    return s;
}

void server_start(struct server *s)
{
    if (s->options->listen.inherited.is_connection)
        server_accept_inherited(s);
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

struct service *client_service(const struct client *c)
{
    return c->server->service;
}

void server_finish(struct server *s)
{
    s->stopping = true;
    server_accept_stop_listening(s);
    server_check_idle(s);
}

void server_stop(struct server *s)
{
    if (s->draining || s->ending)
        return;
    s->draining = s->stopping = true;
    server_accept_stop_listening(s);
    if (s->service->ops->stop != NULL)
        s->service->ops->stop(s->service);
    loop_set_timer(s->loop, &s->drain, s->options->drain_ms);
    server_check_idle(s);
}

/* Only a server that was stopped ends its clients in order. */
static void drop(struct server *s, struct client *c)
{
    bool failed = error_is_set(&s->service->run->fatal);

    if (s->service->ops->drop != NULL)
        s->service->ops->drop(s->service, c);
    else
        conversation_end(c->work, failed ? CONVERSATION_ABORT : CONVERSATION_STOP);
}

void server_end(struct server *s)
{
    s->stopping = s->ending = true;
    server_accept_stop_listening(s);
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
