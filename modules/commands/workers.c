/* Owns the worker threads. The service decides what they serve. */
#include "commands/workers.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "commands/text_options.h"

struct worker {
    struct workers *all;
    struct run run;
    struct service *service;
    struct server *server;
    struct waker waker;
    pthread_t thread;
    bool started;
};

struct workers {
    struct listening *listening;
    struct waker waker; /* of the first loop */
    atomic_int order;
    atomic_bool failed; /* a worker's run has: it is over for all */
    atomic_size_t working;
    size_t count;
    struct worker items[];
};

/* Called in any thread, when a loop that is paused may accept again. */
static void wake_all(void *arg)
{
    struct workers *w = arg;

    loop_wake(&w->waker);
    for (size_t i = 0; i < w->count; i++)
        loop_wake(&w->items[i].waker);
}

static void on_first_wake(struct waker *waker)
{
    struct workers *w = container_of(waker, struct workers, waker);

    if (atomic_load(&w->failed))
        loop_stop(w->listening->run.loop);
    server_resume(w->listening->server);
    listening_stop_if_idle(w->listening);
}

static void on_wake(struct waker *waker)
{
    struct worker *w = container_of(waker, struct worker, waker);

    switch (atomic_load(&w->all->order)) {
    case WORKERS_STOP:
        server_stop(w->server);
        break;
    case WORKERS_ABORT:
        loop_stop(w->run.loop);
        break;
    default:
        server_resume(w->server);
        break;
    }
}

static void on_idle(void *arg)
{
    loop_stop(((struct worker *)arg)->run.loop);
}

static void *work(void *arg)
{
    struct worker *w = arg;

    server_start(w->server);
    run_loop(&w->run);
    if (run_is_over(&w->run))
        atomic_store(&w->all->failed, true);
    atomic_fetch_sub(&w->all->working, 1);
    loop_wake(&w->all->waker);
    return NULL;
}

static int prepare(struct worker *w, struct error *err)
{
    struct listening *l = w->all->listening;

    if (run_init_worker(&w->run, err) < 0 ||
        loop_open_waker(w->run.loop, &w->waker, on_wake, err) < 0)
        return -1;
    w->service = service_new(l->ops, l->config, &l->plan, &w->run, err);
    if (w->service == NULL)
        return -1;
    w->server = server_open(&l->server_options, l->server, w->service, on_idle, w, err);
    return w->server != NULL ? 0 : -1;
}

static int start(struct worker *w, struct error *err)
{
    int failure;

    atomic_fetch_add(&w->all->working, 1);
    failure = pthread_create(&w->thread, NULL, work, w);
    w->started = failure == 0;
    if (w->started)
        return 0;
    atomic_fetch_sub(&w->all->working, 1);
    error_errno(err, failure, "cannot start a worker");
    return -1;
}

int workers_start(struct listening *l, size_t count, struct error *err)
{
    struct workers *w = calloc(1, sizeof(*w) + count * sizeof(w->items[0]));

    if (w == NULL) {
        error_errno(err, ENOMEM, "cannot start workers");
        return -1;
    }
    l->workers = w;
    w->listening = l;
    w->waker.watch.fd = -1;
    if (loop_open_waker(l->run.loop, &w->waker, on_first_wake, err) < 0 ||
        event_writer_share(&l->run.events, err) < 0)
        return -1;
    /* All of them exist before the first thread may wake them. */
    for (size_t i = 0; i < count; i++) {
        w->items[i].all = w;
        w->items[i].waker.watch.fd = -1;
        w->count++;
        if (prepare(&w->items[i], err) < 0)
            return -1;
    }
    l->limit.loops = count + 1;
    l->limit.wake = wake_all;
    l->limit.arg = w;
    for (size_t i = 0; i < count; i++)
        if (start(&w->items[i], err) < 0)
            return -1;
    return 0;
}

void workers_order(struct workers *w, enum workers_order order)
{
    if (w == NULL)
        return;
    atomic_store(&w->order, order);
    for (size_t i = 0; i < w->count; i++)
        if (w->items[i].started)
            loop_wake(&w->items[i].waker);
}

bool workers_are_done(const struct workers *w)
{
    return w == NULL || atomic_load(&w->working) == 0;
}

static void clear(struct listening *l, struct worker *w)
{
    if (w->server != NULL)
        l->cut += server_cut(w->server);
    server_free(w->server);
    if (w->service != NULL)
        text_options_add_counts(&l->counts, &w->service->counts);
    service_free(w->service);
    run_mark(&l->run, w->run.status);
    if (error_is_set(&w->run.fatal))
        run_fail(&l->run, &w->run.fatal);
    if (w->run.loop != NULL)
        loop_close_waker(w->run.loop, &w->waker);
    run_clear(&w->run);
}

void workers_end(struct listening *l)
{
    struct workers *w = l->workers;

    if (w == NULL)
        return;
    if (run_is_over(&l->run) || atomic_load(&w->failed))
        workers_order(w, WORKERS_ABORT);
    for (size_t i = 0; i < w->count; i++)
        if (w->items[i].started)
            pthread_join(w->items[i].thread, NULL);
    /* A server that ends wakes the loops of all others: none is freed before. */
    for (size_t i = 0; i < w->count; i++)
        if (w->items[i].server != NULL)
            server_end(w->items[i].server);
    server_end(l->server);
    for (size_t i = 0; i < w->count; i++)
        clear(l, &w->items[i]);
    loop_close_waker(l->run.loop, &w->waker);
    l->limit.wake = NULL;
    l->workers = NULL;
    free(w);
}
