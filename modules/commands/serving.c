/* Owns the life of a listening command. Leaves what clients get to the command. */
#include "commands/serving.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/num.h"

struct serving_client *serving_client_of(struct pump *p)
{
    struct conversation *talk = p->owner;

    return talk->owner;
}

static void bury(struct task *t)
{
    struct serving_client *c = container_of(t, struct serving_client, bury);

    error_clear(&c->talk.why);
    free(c->answer);
    free(c);
}

static void close_answer(struct serving_client *c)
{
    if (c->answer != NULL)
        stream_close(&c->answer->source, false);
}

static void tell_connected(const struct serving *s, const struct addr *peer)
{
    char text[ADDR_TEXT_SIZE];

    if (s->tells_clients)
        log_notice("%s connected", addr_format(peer, text));
}

static void tell_closed(const struct serving *s, const struct stream *net)
{
    char text[ADDR_TEXT_SIZE];

    if (s->tells_clients)
        log_notice("%s closed: %llu bytes in, %llu bytes out",
                   transport_name(&net->transport, text), (unsigned long long)net->in_bytes,
                   (unsigned long long)net->out_bytes);
}

void serving_closed(struct conversation *talk)
{
    struct serving_client *c = talk->owner;
    struct serving *s = c->serving;

    if (talk->output_failed)
        runtime_fail(&s->run, &talk->why);
    else if (error_is_set(&talk->why))
        runtime_report(&s->run, &talk->why);
    tell_closed(s, &talk->net);
    close_answer(c);
    loop_later(s->run.loop, &c->bury);
    server_remove(&s->server, &c->client);
}

static bool drop(struct client *client)
{
    struct serving_client *c = container_of(client, struct serving_client, client);
    bool undelivered =
        (c->answer != NULL && c->answer->pump.running) || !stream_is_delivered(&c->talk.net);

    tell_closed(c->serving, &c->talk.net);
    conversation_drop(&c->talk);
    close_answer(c);
    loop_later(c->serving->run.loop, &c->bury);
    return undelivered;
}

void serving_answer(struct serving_client *c, const struct transport *t)
{
    struct error why = {0};

    c->answer = calloc(1, sizeof(*c->answer));
    if (c->answer == NULL) {
        error_errno(&why, ENOMEM, "answering a client");
        conversation_fail(&c->talk, &why);
    } else if (stream_open(&c->answer->source, c->serving->run.loop, t, &why) < 0) {
        conversation_fail(&c->talk, &why);
    } else {
        conversation_speak(&c->talk, &c->answer->pump, &c->answer->source);
    }
}

/* A client that cannot be served costs nobody else anything. */
static void refuse_client(struct serving *s, struct error *why)
{
    runtime_report(&s->run, why);
    if (s->listen->once)
        loop_stop(s->run.loop);
}

static void on_client(void *arg, int fd, const struct addr *peer)
{
    struct serving *s = arg;
    struct serving_client *c = malloc(sizeof(*c));
    struct error why = {0};

    loop_cancel_timer(s->run.loop, &s->accept_limit);
    if (c == NULL || sock_configure(fd, &s->sock_options, &why) < 0) {
        if (c == NULL)
            error_errno(&why, ENOMEM, "serving a client");
        free(c);
        close(fd);
        refuse_client(s, &why);
        return;
    }
    c->serving = s;
    c->answer = NULL;
    c->client.drop = drop;
    task_init(&c->bury, bury);
    if (conversation_init(&c->talk, s->plan, &s->run.work, c, fd, peer, &why) < 0) {
        free(c);
        refuse_client(s, &why);
        return;
    }
    tell_connected(s, peer);
    server_add(&s->server, &c->client);
    s->begin(c);
}

static void on_done(void *arg)
{
    struct serving *s = arg;

    loop_stop(s->run.loop);
}

static void on_notice(void *arg, const char *text)
{
    (void)arg;
    log_notice("%s", text);
}

static const struct server_events server_events = {
    .on_client = on_client,
    .on_done = on_done,
    .on_notice = on_notice,
};

/* The first signal lets the clients end; the second ends at once. */
static void on_signal(void *arg, int number)
{
    struct serving *s = arg;
    char limit[32];

    if (s->signalled || (s->listen->once && s->server.accepted_count == 0)) {
        s->run.signal = number;
        loop_stop(s->run.loop);
        return;
    }
    s->signalled = true;
    if (s->on_leave != NULL) {
        s->on_leave(s);
        return;
    }
    num_format_duration(s->listen->drain_ms, limit, sizeof(limit));
    if (s->server.client_count > 0)
        log_notice("stopping: %llu connections have %s to end",
                   (unsigned long long)s->server.client_count, limit);
    server_stop(&s->server);
}

static void on_accept_limit(struct timer *t)
{
    struct serving *s = container_of(t, struct serving, accept_limit);
    struct error why = {0};
    char limit[32];

    num_format_duration(s->listen->accept_timeout_ms, limit, sizeof(limit));
    error_set(&why, EXITCODE_TIMEOUT, "no one has connected within %s (--accept-timeout)", limit);
    runtime_fail(&s->run, &why);
}

int serving_open(struct serving *s, struct error *err)
{
    s->server_options = listen_server_options(s->listen, s->shared);
    s->sock_options = shared_sock_options(s->shared, s->replies);
    s->tells_clients = s->shared->verbose || isatty(STDERR_FILENO);
    s->accept_limit.on_due = on_accept_limit;
    s->signalled = false;
    return runtime_init(&s->run, s->shared->deadline_ms, err);
}

static int start(struct serving *s, struct error *err)
{
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    if (server_open(&s->server, s->run.loop, &s->server_options, &server_events, s, err) < 0)
        return -1;
    if (loop_catch_signals(s->run.loop, &signals, on_signal, s, err) < 0 ||
        listen_announce(s->listen, &s->server, err) < 0 || server_start(&s->server, err) < 0) {
        server_clear(&s->server);
        return -1;
    }
    if (s->listen->accept_timeout_ms > 0)
        loop_set_timer(s->run.loop, &s->accept_limit, s->listen->accept_timeout_ms);
    return 0;
}

void serving_run(struct serving *s)
{
    struct error why = {0};

    if (start(s, &why) < 0) {
        runtime_fail(&s->run, &why);
        return;
    }
    runtime_run(&s->run);
    server_abort(&s->server);
    if (s->server.dropped_count > 0) {
        error_set(&why, EXITCODE_FAILED,
                  "%llu connections were closed before all was delivered to them",
                  (unsigned long long)s->server.dropped_count);
        runtime_report(&s->run, &why);
    }
    server_clear(&s->server);
}
