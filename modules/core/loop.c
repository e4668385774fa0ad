/* Owns epoll, the heap of timers and signalfd. Leaves the meaning of
 * events to the callbacks. */
#include "core/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 128 };

struct loop {
    int epoll_fd;
    bool stopped;
    bool clock_is_set; /* by a test */
    bool timers_run;
    bool has_duplicates; /* of watched descriptors, in processes that begin */
    int64_t now_ms;
    struct list changed;  /* watches of which epoll has to be told */
    struct list notified; /* watches that are called without epoll */
    struct timer *timers; /* the root of the heap: the timer due next */
    struct deferred *deferred;
    struct epoll_event events[BATCH];
    int event_count; /* of the events that are being handled */
    int event_next;
    struct watch signal_watch;
    void (*on_signal)(void *arg, int signal);
    void *signal_arg;
};

static int64_t clock_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct loop *loop_new(struct error *err)
{
    struct loop *l = calloc(1, sizeof(*l));

    if (l == NULL || (l->epoll_fd = epoll_create1(EPOLL_CLOEXEC)) < 0) {
        error_errno(err, l == NULL ? ENOMEM : errno, "cannot start the event loop");
        free(l);
        return NULL;
    }
    list_init(&l->changed);
    list_init(&l->notified);
    loop_init_watch(&l->signal_watch, NULL);
    l->now_ms = clock_ms();
    return l;
}

int64_t loop_now_ms(const struct loop *l)
{
    return l->now_ms;
}

void loop_set_now(struct loop *l, int64_t now_ms)
{
    l->clock_is_set = true;
    l->now_ms = now_ms;
}

void loop_stop(struct loop *l)
{
    l->stopped = true;
}

void loop_init_watch(struct watch *w, void (*on_event)(struct watch *w, uint32_t events))
{
    *w = (struct watch){.fd = -1, .applied = WATCH_UNKNOWN, .on_event = on_event};
    list_init(&w->link);
}

static int apply(struct loop *l, struct watch *w)
{
    struct epoll_event event = {.events = w->events, .data.ptr = w};
    int operation = w->applied == WATCH_UNKNOWN ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;

    if (epoll_ctl(l->epoll_fd, operation, w->fd, &event) < 0)
        return -1;
    w->applied = w->events;
    return 0;
}

void loop_watch(struct loop *l, struct watch *w, int fd, uint32_t events)
{
    w->fd = fd;
    w->events = events;
    if (events != w->applied && list_is_empty(&w->link))
        list_append(&l->changed, &w->link);
}

int loop_watch_now(struct loop *l, struct watch *w, int fd, uint32_t events)
{
    w->fd = fd;
    w->events = events;
    if (apply(l, w) == 0)
        return 0;
    w->fd = -1;
    return -1;
}

void loop_expect_duplicates(struct loop *l)
{
    l->has_duplicates = true;
}

/* Events that were already fetched must not reach a watch that may be freed by then. */
static void drop_events(struct loop *l, struct watch *w)
{
    list_remove(&w->link);
    w->notified = 0;
    w->fd = -1;
    w->applied = WATCH_UNKNOWN;
    for (int i = l->event_next; i < l->event_count; i++)
        if (l->events[i].data.ptr == w)
            l->events[i].data.ptr = NULL;
}

void loop_unwatch(struct loop *l, struct watch *w)
{
    if (w->applied != WATCH_UNKNOWN)
        epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, w->fd, NULL);
    drop_events(l, w);
}

void loop_forget(struct loop *l, struct watch *w)
{
    if (l->has_duplicates)
        loop_unwatch(l, w);
    else
        drop_events(l, w);
}

void loop_notify(struct loop *l, struct watch *w, uint32_t events)
{
    if (w->notified == 0) {
        list_remove(&w->link);
        list_append(&l->notified, &w->link);
    }
    w->notified |= events;
}

/* Tells epoll of all changes, just before the loop waits: most have come and gone by then. */
static void apply_changes(struct loop *l)
{
    while (!list_is_empty(&l->changed)) {
        struct watch *w = container_of(l->changed.next, struct watch, link);

        list_remove(&w->link);
        if (w->fd >= 0 && w->events != w->applied && apply(l, w) < 0)
            w->on_event(w, 0);
    }
}

static void call_notified(struct loop *l)
{
    struct list ready;

    list_take_all(&ready, &l->notified);
    while (!list_is_empty(&ready)) {
        struct watch *w = container_of(ready.next, struct watch, link);
        uint32_t events = w->notified;

        list_remove(&w->link);
        w->notified = 0;
        if (w->fd >= 0)
            loop_watch(l, w, w->fd, w->events);
        w->on_event(w, events);
    }
}

/* The heap: each timer is due no later than its children. A pairing heap (Fredman and
 * others, 1986) needs no memory but its links. */

static struct timer *merge(struct timer *a, struct timer *b)
{
    if (b->due_ms < a->due_ms)
        return merge(b, a);
    b->previous = a;
    b->next = a->child;
    if (a->child != NULL)
        a->child->previous = b;
    a->child = b;
    return a;
}

/* Makes one heap of siblings: pairs from the left, then all from the right. */
static struct timer *merge_siblings(struct timer *first)
{
    struct timer *pairs = NULL, *heap;

    while (first != NULL) {
        struct timer *a = first, *b = a->next;

        first = b != NULL ? b->next : NULL;
        a->next = NULL;
        if (b != NULL) {
            b->next = NULL;
            a = merge(a, b);
        }
        a->next = pairs;
        pairs = a;
    }
    for (heap = pairs; heap != NULL && heap->next != NULL;) {
        struct timer *b = heap->next, *rest = b->next;

        heap->next = b->next = NULL;
        heap = merge(heap, b);
        heap->next = rest;
    }
    return heap;
}

static void set_root(struct loop *l, struct timer *t)
{
    l->timers = t;
    if (t != NULL)
        t->previous = t;
}

bool loop_timer_is_set(const struct timer *t)
{
    return t->previous != NULL;
}

void loop_cancel_timer(struct loop *l, struct timer *t)
{
    struct timer *rest;

    if (!loop_timer_is_set(t))
        return;
    if (t != l->timers) {
        if (t->previous->child == t)
            t->previous->child = t->next;
        else
            t->previous->next = t->next;
        if (t->next != NULL)
            t->next->previous = t->previous;
    }
    rest = merge_siblings(t->child);
    if (t == l->timers)
        set_root(l, rest);
    else if (rest != NULL)
        set_root(l, merge(l->timers, rest));
    t->child = t->next = t->previous = NULL;
}

void loop_set_timer(struct loop *l, struct timer *t, int64_t delay_ms)
{
    loop_cancel_timer(l, t);
    /* A timer that a timer sets for now waits, so that the others have their turn. */
    t->due_ms = l->now_ms + (delay_ms == 0 && l->timers_run ? 1 : delay_ms);
    set_root(l, l->timers == NULL ? t : merge(l->timers, t));
}

static void run_timers(struct loop *l)
{
    struct timer *t;

    l->timers_run = true;
    while ((t = l->timers) != NULL && t->due_ms <= l->now_ms) {
        loop_cancel_timer(l, t);
        t->on_due(t);
    }
    l->timers_run = false;
}

void loop_free_later(struct loop *l, struct deferred *d)
{
    d->next = l->deferred;
    l->deferred = d;
}

static void free_deferred(struct loop *l)
{
    while (l->deferred != NULL) {
        struct deferred *d = l->deferred;

        l->deferred = d->next;
        free(d);
    }
}

void loop_free(struct loop *l)
{
    if (l == NULL)
        return;
    free_deferred(l);
    if (l->signal_watch.fd >= 0)
        close(l->signal_watch.fd);
    close(l->epoll_fd);
    free(l);
}

static int wait_ms(const struct loop *l)
{
    int64_t left;

    if (l->stopped || !list_is_empty(&l->notified) || !list_is_empty(&l->changed))
        return 0;
    if (l->timers == NULL)
        return -1;
    left = l->timers->due_ms - clock_ms();
    return left < 0 ? 0 : left > INT32_MAX ? INT32_MAX : (int)left;
}

int loop_round(struct loop *l, bool may_wait, struct error *err)
{
    apply_changes(l);
    l->event_count = epoll_wait(l->epoll_fd, l->events, BATCH, may_wait ? wait_ms(l) : 0);
    if (l->event_count < 0 && errno != EINTR) {
        error_errno(err, errno, "cannot wait for events");
        return -1;
    }
    if (!l->clock_is_set)
        l->now_ms = clock_ms();
    for (l->event_next = 0; l->event_next < l->event_count;) {
        struct epoll_event e = l->events[l->event_next++];
        struct watch *w = e.data.ptr;

        if (w != NULL)
            w->on_event(w, e.events);
    }
    call_notified(l);
    run_timers(l);
    free_deferred(l);
    return 0;
}

int loop_run(struct loop *l, struct error *err)
{
    l->stopped = false;
    while (!l->stopped)
        if (loop_round(l, true, err) < 0)
            return -1;
    return 0;
}

static void on_signal_ready(struct watch *w, uint32_t events)
{
    struct loop *l = container_of(w, struct loop, signal_watch);
    struct signalfd_siginfo info;

    (void)events;
    while (read(w->fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
        l->on_signal(l->signal_arg, (int)info.ssi_signo);
}

int loop_catch_signals(struct loop *l, const sigset_t *signals,
                       void (*on_signal)(void *arg, int signal), void *arg, struct error *err)
{
    int fd = signalfd(-1, signals, SFD_NONBLOCK | SFD_CLOEXEC);

    l->on_signal = on_signal;
    l->signal_arg = arg;
    l->signal_watch.on_event = on_signal_ready;
    if (fd >= 0 && loop_watch_now(l, &l->signal_watch, fd, EPOLLIN) == 0 &&
        sigprocmask(SIG_BLOCK, signals, NULL) == 0)
        return 0;
    error_errno(err, errno, "cannot catch signals");
    if (fd >= 0) {
        loop_unwatch(l, &l->signal_watch);
        close(fd);
    }
    return -1;
}

static void on_woken(struct watch *watch, uint32_t events)
{
    struct waker *w = container_of(watch, struct waker, watch);
    uint64_t times;

    (void)events;
    if (read(watch->fd, &times, sizeof(times)) == (ssize_t)sizeof(times))
        w->on_wake(w);
}

int loop_open_waker(struct loop *l, struct waker *w, void (*on_wake)(struct waker *w),
                    struct error *err)
{
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

    loop_init_watch(&w->watch, on_woken);
    w->on_wake = on_wake;
    if (fd >= 0 && loop_watch_now(l, &w->watch, fd, EPOLLIN) == 0)
        return 0;
    error_errno(err, errno, "cannot prepare for other threads");
    if (fd >= 0)
        close(fd);
    return -1;
}

void loop_close_waker(struct loop *l, struct waker *w)
{
    int fd = w->watch.fd;

    if (fd < 0)
        return;
    loop_forget(l, &w->watch);
    close(fd);
}

void loop_wake(const struct waker *w)
{
    uint64_t once = 1;
    ssize_t written = TEMP_FAILURE_RETRY(write(w->watch.fd, &once, sizeof(once)));

    (void)written; /* a full counter wakes as well */
}
