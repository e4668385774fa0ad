/* Owns epoll, the timer heap, the task queue and signalfd. Leaves the meaning of events alone. */
#include "core/loop.h"

#include <errno.h>
#include <stdbool.h>
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
    int64_t now_ms;
    struct list tasks;
    struct timer **heap; /* heap[0] is the next one due */
    size_t timer_count;
    size_t heap_size;
    struct watch signal_watch;
    void (*on_signal)(void *arg, int signal);
    void *signal_arg;
    struct watch wake_watch;
    void (*on_wake)(void *arg);
    void *wake_arg;
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

    if (l == NULL) {
        error_errno(err, ENOMEM, "starting the event loop");
        return NULL;
    }
    l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (l->epoll_fd < 0) {
        error_errno(err, errno, "starting the event loop");
        free(l);
        return NULL;
    }
    list_init(&l->tasks);
    l->signal_watch.fd = -1;
    l->wake_watch.fd = -1;
    l->now_ms = clock_ms();
    return l;
}

int64_t loop_now_ms(const struct loop *l)
{
    return l->now_ms;
}

void loop_stop(struct loop *l)
{
    l->stopped = true;
}

int loop_watch(struct loop *l, struct watch *w, int fd, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = w};

    if (epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
        return -1;
    w->fd = fd;
    return 0;
}

void loop_rewatch(struct loop *l, struct watch *w, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = w};

    if (w->fd >= 0)
        epoll_ctl(l->epoll_fd, EPOLL_CTL_MOD, w->fd, &event);
}

void loop_unwatch(struct loop *l, struct watch *w)
{
    if (w->fd < 0)
        return;
    epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, w->fd, NULL);
    w->fd = -1;
}

void loop_forget(struct watch *w)
{
    w->fd = -1;
}

/* The heap: a timer's children stand at 2 * place and 2 * place + 1. */

static void put_timer(struct loop *l, size_t place, struct timer *t)
{
    l->heap[place - 1] = t;
    t->place = place;
}

static void sift_up(struct loop *l, struct timer *t, size_t place)
{
    while (place > 1 && l->heap[place / 2 - 1]->due_ms > t->due_ms) {
        put_timer(l, place, l->heap[place / 2 - 1]);
        place /= 2;
    }
    put_timer(l, place, t);
}

static void sift_down(struct loop *l, struct timer *t, size_t place)
{
    for (;;) {
        size_t child = 2 * place;

        if (child > l->timer_count)
            break;
        if (child < l->timer_count && l->heap[child]->due_ms < l->heap[child - 1]->due_ms)
            child++;
        if (l->heap[child - 1]->due_ms >= t->due_ms)
            break;
        put_timer(l, place, l->heap[child - 1]);
        place = child;
    }
    put_timer(l, place, t);
}

void loop_cancel_timer(struct loop *l, struct timer *t)
{
    size_t place = t->place;
    struct timer *last;

    if (place == 0)
        return;
    t->place = 0;
    last = l->heap[--l->timer_count];
    if (last == t)
        return;
    sift_up(l, last, place);
    sift_down(l, last, last->place);
}

bool timer_is_set(const struct timer *t)
{
    return t->place != 0;
}

int loop_set_timer(struct loop *l, struct timer *t, int64_t delay_ms)
{
    loop_cancel_timer(l, t);
    if (l->timer_count == l->heap_size) {
        size_t size = l->heap_size == 0 ? 16 : 2 * l->heap_size;
        struct timer **heap = reallocarray(l->heap, size, sizeof(*heap));

        if (heap == NULL)
            return -1;
        l->heap = heap;
        l->heap_size = size;
    }
    t->due_ms = l->now_ms + delay_ms;
    l->timer_count++;
    sift_up(l, t, l->timer_count);
    return 0;
}

static void run_timers(struct loop *l)
{
    while (l->timer_count > 0 && l->heap[0]->due_ms <= l->now_ms && !l->stopped) {
        struct timer *t = l->heap[0];

        loop_cancel_timer(l, t);
        t->on_due(t);
    }
}

void task_init(struct task *t, void (*run)(struct task *t))
{
    list_init(&t->link);
    t->run = run;
}

void loop_later(struct loop *l, struct task *t)
{
    if (list_is_empty(&t->link))
        list_append(&l->tasks, &t->link);
}

void task_cancel(struct task *t)
{
    list_remove(&t->link);
}

/* Runs what is queued now; what that queues waits for the next round. */
static void run_tasks(struct loop *l)
{
    struct list ready;

    list_take_all(&ready, &l->tasks);
    while (!list_is_empty(&ready)) {
        struct task *t = container_of(ready.next, struct task, link);

        list_remove(&t->link);
        t->run(t);
    }
}

void loop_free(struct loop *l)
{
    if (l == NULL)
        return;
    while (!list_is_empty(&l->tasks))
        run_tasks(l);
    if (l->signal_watch.fd >= 0)
        close(l->signal_watch.fd);
    if (l->wake_watch.fd >= 0)
        close(l->wake_watch.fd);
    close(l->epoll_fd);
    free(l->heap);
    free(l);
}

static int wait_ms(const struct loop *l)
{
    int64_t left;

    if (!list_is_empty(&l->tasks))
        return 0;
    if (l->timer_count == 0)
        return -1;
    left = l->heap[0]->due_ms - clock_ms();
    return left < 0 ? 0 : left > INT32_MAX ? INT32_MAX : (int)left;
}

int loop_run(struct loop *l, struct error *err)
{
    struct epoll_event events[BATCH];

    l->stopped = false;
    while (!l->stopped) {
        int count = epoll_wait(l->epoll_fd, events, BATCH, wait_ms(l));

        if (count < 0 && errno != EINTR) {
            error_errno(err, errno, "waiting for events");
            return -1;
        }
        l->now_ms = clock_ms();
        for (int i = 0; i < count; i++) {
            struct watch *w = events[i].data.ptr;

            if (w->fd >= 0)
                w->on_event(w, events[i].events);
        }
        run_timers(l);
        run_tasks(l);
    }
    return 0;
}

static void on_signal_ready(struct watch *w, uint32_t events)
{
    struct loop *l = container_of(w, struct loop, signal_watch);
    struct signalfd_siginfo info;

    (void)events;
    while (w->fd >= 0 && read(w->fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
        l->on_signal(l->signal_arg, (int)info.ssi_signo);
}

int loop_catch_signals(struct loop *l, const sigset_t *signals,
                       void (*on_signal)(void *arg, int signal), void *arg, struct error *err)
{
    int fd = signalfd(-1, signals, SFD_NONBLOCK | SFD_CLOEXEC);

    l->on_signal = on_signal;
    l->signal_arg = arg;
    l->signal_watch.on_event = on_signal_ready;
    if (fd < 0 || sigprocmask(SIG_BLOCK, signals, NULL) < 0 ||
        loop_watch(l, &l->signal_watch, fd, EPOLLIN) < 0) {
        error_errno(err, errno, "catching signals");
        if (fd >= 0)
            close(fd);
        return -1;
    }
    return 0;
}

static void on_woken(struct watch *w, uint32_t events)
{
    struct loop *l = container_of(w, struct loop, wake_watch);
    uint64_t times;

    (void)events;
    if (read(w->fd, &times, sizeof(times)) == (ssize_t)sizeof(times))
        l->on_wake(l->wake_arg);
}

int loop_accept_wakes(struct loop *l, void (*on_wake)(void *arg), void *arg, struct error *err)
{
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

    l->on_wake = on_wake;
    l->wake_arg = arg;
    l->wake_watch.on_event = on_woken;
    if (fd >= 0 && loop_watch(l, &l->wake_watch, fd, EPOLLIN) == 0)
        return 0;
    error_errno(err, errno, "starting a worker");
    if (fd >= 0)
        close(fd);
    return -1;
}

void loop_wake(struct loop *l)
{
    uint64_t once = 1;
    ssize_t written = write(l->wake_watch.fd, &once, sizeof(once));

    (void)written; /* full is as good: a wake is due then */
}
