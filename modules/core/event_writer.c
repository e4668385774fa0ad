/* Owns the waiting for standard error. */
#include "core/event_writer.h"

#include <sys/epoll.h>
#include <unistd.h>

#include "core/local.h"

static ssize_t write_error_output(void *arg, const char *bytes, size_t n)
{
    struct event_writer *w = arg;
    struct iovec piece = {(char *)bytes, n};
    struct error why = {0};
    size_t put = 0;

    if (!w->opened)
        local_init_error_output(&w->error_output);
    w->opened = true;
    switch (w->error_output.ops->write(&w->error_output, &piece, 1, &put, &why)) {
    case IO_OK:
        return (ssize_t)put;
    case IO_AGAIN:
        return 0;
    default:
        error_clear(&why);
        return -1;
    }
}

static void wait_for_error_output(struct event_writer *w)
{
    loop_watch(w->loop, &w->watch, STDERR_FILENO, EPOLLOUT);
}

static void on_blocked(void *arg)
{
    struct event_writer *w = arg;

    if (pthread_equal(pthread_self(), w->thread))
        wait_for_error_output(w);
    else
        loop_wake(&w->waker);
}

static void on_wake(struct waker *waker)
{
    wait_for_error_output(container_of(waker, struct event_writer, waker));
}

/* Without a way to wait, what is left is tried again with the next event. */
static void on_event(struct watch *watch, uint32_t events)
{
    struct event_writer *w = container_of(watch, struct event_writer, watch);

    if (event_flush() || events == 0)
        loop_unwatch(w->loop, watch);
}

void event_writer_start(struct event_writer *w, struct loop *l)
{
    *w = (struct event_writer){
        .sink = {.write = write_error_output, .on_blocked = on_blocked, .arg = w},
        .loop = l,
        .thread = pthread_self(),
        .waker = {.watch.fd = -1},
    };
    loop_init_watch(&w->watch, on_event);
    event_attach(&w->sink);
}

int event_writer_share(struct event_writer *w, struct error *err)
{
    return loop_open_waker(w->loop, &w->waker, on_wake, err);
}

void event_writer_stop(struct event_writer *w)
{
    event_detach();
    loop_unwatch(w->loop, &w->watch);
    loop_close_waker(w->loop, &w->waker);
}
