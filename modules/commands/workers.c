/* Owns the worker threads. What they serve is the command's. */
#include "commands/workers.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

struct worker {
    struct hosting *host;
    pthread_t thread;
    bool started;
};

struct workers {
    struct hosting *main;
    struct server_limit crowd;
    atomic_size_t working;
    size_t count;
    struct worker workers[];
};

/* Called in whichever thread the last place became free: all may wait for it. */
static void on_room(void *arg)
{
    struct workers *c = arg;

    loop_wake(c->main->run.loop);
    for (size_t i = 0; i < c->count; i++)
        loop_wake(c->workers[i].host->run.loop);
}

static void on_wake(void *arg)
{
    struct hosting *h = arg;

    switch (atomic_load(&h->order)) {
    case WORKERS_STOP:
        server_stop(&h->server);
        break;
    case WORKERS_ABORT:
        loop_stop(h->run.loop);
        break;
    default:
        server_resume(&h->server);
        break;
    }
    if (h->done && workers_lets_go(h->crew, h))
        loop_stop(h->run.loop);
}

static void *work(void *arg)
{
    struct hosting *h = arg;

    runtime_run(&h->run);
    if (error_is_set(&h->run.fatal)) /* then it is over for all */
        atomic_store(&h->crew->main->order, WORKERS_ABORT);
    atomic_fetch_sub(&h->crew->working, 1);
    loop_wake(h->crew->main->run.loop);
    return NULL;
}

static int start_worker(struct workers *c, struct worker *w, struct error *err)
{
    struct hosting *h = w->host;
    int failure;

    if (server_share(&h->server, h->run.loop, &c->main->server, &h->server_options,
                     &hosting_server_events, h, err) < 0 ||
        server_start(&h->server, err) < 0)
        return -1;
    atomic_fetch_add(&c->working, 1);
    failure = pthread_create(&w->thread, NULL, work, h);
    if (failure != 0) {
        atomic_fetch_sub(&c->working, 1);
        error_errno(err, failure, "starting a worker");
        return -1;
    }
    w->started = true;
    return 0;
}

struct workers *workers_start(struct hosting *h, size_t count, struct error *err)
{
    struct workers *c = calloc(1, sizeof(*c) + count * sizeof(c->workers[0]));

    if (c == NULL) {
        error_errno(err, ENOMEM, "starting workers");
        return NULL;
    }
    c->main = h;
    c->crowd.servers = count + 1;
    c->crowd.on_room = on_room;
    c->crowd.arg = c;
    h->crew = c;
    h->server_options.crowd = &c->crowd;
    if (loop_accept_wakes(h->run.loop, on_wake, h, err) < 0)
        goto fail;
    /* All of them exist before the first thread may wake them. */
    for (; c->count < count; c->count++) {
        c->workers[c->count].host = h->make_worker(h, err);
        if (c->workers[c->count].host == NULL)
            goto fail;
        c->workers[c->count].host->crew = c;
        c->workers[c->count].host->server_options.crowd = &c->crowd;
        if (loop_accept_wakes(c->workers[c->count].host->run.loop, on_wake,
                              c->workers[c->count].host, err) < 0) {
            c->count++;
            goto fail;
        }
    }
    for (size_t i = 0; i < count; i++)
        if (start_worker(c, &c->workers[i], err) < 0)
            goto fail;
    return c;
fail:
    workers_order(c, WORKERS_ABORT);
    workers_end(c, h);
    return NULL;
}

void workers_order(struct workers *c, enum workers_order order)
{
    for (size_t i = 0; i < c->count; i++) {
        atomic_store(&c->workers[i].host->order, order);
        loop_wake(c->workers[i].host->run.loop);
    }
}

/* A worker's failures were reported when they came; what is left is its status. */
static void add_outcome(struct hosting *h, struct hosting *worker)
{
    h->server.dropped_count += worker->server.dropped_count;
    if (h->run.status == EXITCODE_OK)
        h->run.status = worker->run.status;
    if (error_is_set(&worker->run.fatal))
        runtime_fail(&h->run, &worker->run.fatal);
}

void workers_end(struct workers *c, struct hosting *h)
{
    if (c == NULL)
        return;
    for (size_t i = 0; i < c->count; i++)
        if (c->workers[i].started)
            pthread_join(c->workers[i].thread, NULL);
    /* Each that drops a client may wake all others: none goes before all are done. */
    for (size_t i = 0; i < c->count; i++)
        if (c->workers[i].started)
            server_abort(&c->workers[i].host->server);
    for (size_t i = 0; i < c->count; i++) {
        struct hosting *worker = c->workers[i].host;

        server_clear(&worker->server);
        add_outcome(h, worker);
        h->end_worker(h, worker);
    }
    h->crew = NULL;
    free(c);
}

bool workers_lets_go(struct workers *c, const struct hosting *h)
{
    return h != c->main || atomic_load(&c->working) == 0;
}

struct server_limit *workers_crowd(struct workers *c)
{
    return &c->crowd;
}
