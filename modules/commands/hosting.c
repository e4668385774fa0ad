/* Owns the life of a listening command: from the first address to the last signal. */
#include "commands/hosting.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "base/log.h"
#include "base/num.h"
#include "commands/workers.h"

void hosting_tell_connected(const struct hosting *h, const struct addr *peer)
{
    char text[ADDR_TEXT_SIZE];

    if (h->tells_clients)
        log_notice("%s connected", addr_format(peer, text));
}

void hosting_tell_closed(const struct hosting *h, const struct stream *net)
{
    char text[ADDR_TEXT_SIZE];

    if (h->tells_clients)
        log_notice("%s closed: %llu bytes in, %llu bytes out",
                   transport_name(&net->transport, text), (unsigned long long)net->in_bytes,
                   (unsigned long long)net->out_bytes);
}

/* A client that cannot be served costs nobody else anything. */
static void refuse_client(struct hosting *h, struct error *why)
{
    runtime_report(&h->run, why);
    server_forgo(&h->server);
    if (h->listen->once)
        loop_stop(h->run.loop);
}

static void on_client(void *arg, int fd, const struct addr *peer)
{
    struct hosting *h = arg;
    struct error why = {0};

    loop_cancel_timer(h->run.loop, &h->accept_limit);
    if (h->on_client(h, fd, peer, &why) < 0)
        refuse_client(h, &why);
}

static void on_done(void *arg)
{
    struct hosting *h = arg;

    h->done = true;
    if (h->crew == NULL || workers_lets_go(h->crew, h))
        loop_stop(h->run.loop);
}

static void on_notice(void *arg, const char *text)
{
    (void)arg;
    log_notice("%s", text);
}

const struct server_events hosting_server_events = {
    .on_client = on_client,
    .on_done = on_done,
    .on_notice = on_notice,
};

static void tell_stopping(const struct hosting *h)
{
    unsigned long long clients =
        h->crew != NULL ? atomic_load(&workers_crowd(h->crew)->clients) : h->server.client_count;
    char limit[32];

    num_format_duration(h->listen->drain_ms, limit, sizeof(limit));
    if (clients > 0)
        log_notice("stopping: %llu connection%s %s to end", clients,
                   clients == 1 ? " has" : "s have", limit);
}

/* The first signal lets the clients end; the second ends at once. */
static void on_signal(void *arg, int number)
{
    struct hosting *h = arg;

    if (h->signalled || (h->listen->once && h->server.accepted_count == 0)) {
        h->run.signal = number;
        loop_stop(h->run.loop);
        return;
    }
    h->signalled = true;
    if (h->on_leave != NULL) {
        h->on_leave(h);
        return;
    }
    tell_stopping(h);
    if (h->crew != NULL)
        workers_order(h->crew, WORKERS_STOP);
    server_stop(&h->server);
}

static void on_accept_limit(struct timer *t)
{
    struct hosting *h = container_of(t, struct hosting, accept_limit);
    struct error why = {0};
    char limit[32];

    if (h->crew != NULL && atomic_load(&workers_crowd(h->crew)->accepted) > 0)
        return;
    num_format_duration(h->listen->accept_timeout_ms, limit, sizeof(limit));
    error_set(&why, EXITCODE_TIMEOUT, "no one has connected within %s (--accept-timeout)", limit);
    runtime_fail(&h->run, &why);
}

int hosting_open(struct hosting *h, struct error *err)
{
    h->server_options = listen_server_options(h->listen, h->shared);
    h->server_options.sock = shared_sock_options(h->shared, h->replies);
    h->tells_clients = h->shared->verbose || isatty(STDERR_FILENO);
    h->accept_limit.on_due = on_accept_limit;
    h->signalled = false;
    return runtime_init(&h->run, h->shared->deadline_ms, err);
}

/* The other threads, where there are to be some. They inherit that signals are the
 * first one's. */
static int start_crew(struct hosting *h, struct error *err)
{
    if (h->listen->workers <= 1 || h->make_worker == NULL)
        return 0;
    return workers_start(h, h->listen->workers - 1, err) != NULL ? 0 : -1;
}

static int start(struct hosting *h, struct error *err)
{
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    if (server_open(&h->server, h->run.loop, &h->server_options, &hosting_server_events, h, err) <
        0)
        return -1;
    if (loop_catch_signals(h->run.loop, &signals, on_signal, h, err) < 0 ||
        listen_announce(h->listen, &h->server, err) < 0 || start_crew(h, err) < 0 ||
        server_start(&h->server, err) < 0) {
        if (h->crew != NULL)
            workers_order(h->crew, WORKERS_ABORT);
        workers_end(h->crew, h);
        server_clear(&h->server);
        return -1;
    }
    if (h->listen->accept_timeout_ms > 0)
        loop_set_timer(h->run.loop, &h->accept_limit, h->listen->accept_timeout_ms);
    return 0;
}

void hosting_run(struct hosting *h)
{
    struct error why = {0};

    if (start(h, &why) < 0) {
        runtime_fail(&h->run, &why);
        return;
    }
    runtime_run(&h->run);
    if (h->crew != NULL && (h->run.signal != 0 || error_is_set(&h->run.fatal) ||
                            atomic_load(&h->order) == WORKERS_ABORT))
        workers_order(h->crew, WORKERS_ABORT);
    server_abort(&h->server); /* while the crew, which counts clients, is there */
    workers_end(h->crew, h);
    if (h->server.dropped_count > 0) {
        error_set(&why, EXITCODE_FAILED,
                  "connections that were closed before all was delivered: %llu",
                  (unsigned long long)h->server.dropped_count);
        runtime_report(&h->run, &why);
    }
    server_clear(&h->server);
}
