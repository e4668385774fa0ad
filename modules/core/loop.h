/*
 * The event loop: descriptors, timers, signals and work put off. It knows
 * callbacks only. One loop belongs to one thread; nothing here blocks except
 * loop_run().
 *
 * Watches, timers and tasks live inside the things that use them. Memory that
 * holds one may be freed only when it is unwatched, cancelled and not queued,
 * and, for a watch, from a task: events that were already fetched may still
 * point at it until the present round of callbacks is over (loop_later() runs
 * its tasks after that).
 */
#ifndef CORE_LOOP_H
#define CORE_LOOP_H

#include <signal.h>
#include <stdint.h>

#include "base/error.h"
#include "base/list.h"

struct loop;

/* A descriptor that epoll(7) looks at. */
struct watch {
    int fd; /* -1: not watched, or no longer */
    void (*on_event)(struct watch *w, uint32_t events);
};

/* A point in time. Set all to 0 before the first use. */
struct timer {
    int64_t due_ms;
    size_t place; /* in the loop's heap, counted from 1; 0: not set */
    void (*on_due)(struct timer *t);
};

/* Something to do when the present callbacks are done. */
struct task {
    struct list link;
    void (*run)(struct task *t);
};

/* A new loop, or NULL with err filled. Free it with loop_free(), which runs the
 * tasks that are left and does not touch what is still watched. */
struct loop *loop_new(struct error *err);
void loop_free(struct loop *l);

/* Calls back until loop_stop(). Returns 0, or -1 with err filled when waiting
 * for events itself fails. */
int loop_run(struct loop *l, struct error *err);

/* Makes loop_run() return when the present round is over. */
void loop_stop(struct loop *l);

/* The monotonic time in milliseconds, read once per round. */
int64_t loop_now_ms(const struct loop *l);

/*
 * Calls w->on_event whenever one of events (EPOLLIN, EPOLLET, …; see
 * epoll_ctl(2)) happens on fd, until loop_unwatch(), which must come before fd
 * is closed. Returns 0, or -1 with errno set; EPERM for files that are always
 * ready, such as regular ones.
 */
int loop_watch(struct loop *l, struct watch *w, int fd, uint32_t events);
void loop_unwatch(struct loop *l, struct watch *w);

/* The same as loop_unwatch() for a descriptor of which there is no copy and that is
 * closed next: the kernel then forgets it by itself; epoll(7). */
void loop_forget(struct watch *w);

/* Stops the events of w for a while, or wants them again. */
void loop_rewatch(struct loop *l, struct watch *w, uint32_t events);

/* Calls t->on_due once, delay_ms from now; a timer that was set is set anew.
 * Without memory the timer is not set and -1 returned. */
int loop_set_timer(struct loop *l, struct timer *t, int64_t delay_ms);
void loop_cancel_timer(struct loop *l, struct timer *t);
bool timer_is_set(const struct timer *t);

/* Makes t ready for use; afterwards, runs it once after this round. Queueing a
 * queued task does nothing. */
void task_init(struct task *t, void (*run)(struct task *t));
void loop_later(struct loop *l, struct task *t);
void task_cancel(struct task *t);

/*
 * From now on the signals of the set call on_signal instead of acting: they are
 * blocked and read from a descriptor (signalfd(2)). Returns 0, or -1 with err
 * filled. Once per loop.
 */
int loop_catch_signals(struct loop *l, const sigset_t *signals,
                       void (*on_signal)(void *arg, int signal), void *arg, struct error *err);

/*
 * Has on_wake called, soon and at least once, after loop_wake(), which is the one
 * call that other threads may make. Returns 0, or -1 with err filled. Once per
 * loop.
 */
int loop_accept_wakes(struct loop *l, void (*on_wake)(void *arg), void *arg, struct error *err);
void loop_wake(struct loop *l);

#endif
