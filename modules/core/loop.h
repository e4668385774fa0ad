/*
 * The event loop: descriptors, timers, signals and notifications. The loop knows
 * descriptors and callbacks only. One loop belongs to one thread; nothing here blocks
 * except loop_run().
 *
 * A round of the loop: tell epoll what the watches ask for, wait, then call back for events,
 * for notified watches and for timers that are due; last, free what was put off. Watches and
 * timers live inside the objects that use them, and need no memory of their own. They may be
 * stopped, and their memory freed, in any callback.
 */
#ifndef CORE_LOOP_H
#define CORE_LOOP_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/list.h"

struct loop;

/* A descriptor and the events of epoll_ctl(2) that its owner waits for. Set up with
 * loop_init_watch(); a watch without a descriptor can be notified. */
struct watch {
    struct list link; /* among the watches that the loop has to look at */
    int fd;           /* -1: none */
    uint32_t events;  /* asked for */
    uint32_t applied; /* known to epoll; WATCH_UNKNOWN: epoll does not know fd */
    uint32_t notified;
    /* events is 0 when fd cannot be watched; errno then says why. */
    void (*on_event)(struct watch *w, uint32_t events);
};

#define WATCH_UNKNOWN UINT32_MAX

/* A point in time. Set up with {.on_due = ...}. */
struct timer {
    int64_t due_ms;
    struct timer *child;    /* of the pairing heap */
    struct timer *next;     /* sibling */
    struct timer *previous; /* sibling, or parent; the timer itself at the root; NULL: not set */
    void (*on_due)(struct timer *t);
};

/* The first member of an object on the heap whose callbacks may still be on the stack
 * when the object ends: see loop_free_later(). */
struct deferred {
    struct deferred *next;
};

/* Returns a new loop, or NULL with err filled. loop_free() frees what was put off, and closes
 * no descriptor of a watch. NULL is allowed. */
struct loop *loop_new(struct error *err);
void loop_free(struct loop *l);

/* Runs rounds until loop_stop(). Returns 0, or -1 with err filled when waiting fails. */
int loop_run(struct loop *l, struct error *err);

/* Runs one round, which does not wait unless may_wait. Returns as loop_run(). */
int loop_round(struct loop *l, bool may_wait, struct error *err);

/* Makes loop_run() return when the present round is over. */
void loop_stop(struct loop *l);

/* Returns the monotonic time in milliseconds, which is read once per round. */
int64_t loop_now_ms(const struct loop *l);

/* For tests: from now on the time is now_ms, until it is set again. */
void loop_set_now(struct loop *l, int64_t now_ms);

void loop_init_watch(struct watch *w, void (*on_event)(struct watch *w, uint32_t events));

/* Watches fd for events from the next time the loop waits, until loop_unwatch(), which
 * must come before fd is closed. Changing events within a round costs nothing. */
void loop_watch(struct loop *l, struct watch *w, int fd, uint32_t events);

/* Tells epoll at once. Returns 0, or -1 with errno set: EPERM for files that are always
 * ready, such as regular ones. */
int loop_watch_now(struct loop *l, struct watch *w, int fd, uint32_t events);

/* Stops watching and drops a notification; w->fd is -1 afterwards. */
void loop_unwatch(struct loop *l, struct watch *w);

/* The same for a descriptor of which no duplicate exists and which is closed next: epoll
 * then forgets it by itself; epoll(7). */
void loop_forget(struct loop *l, struct watch *w);

/* From now on this process starts others, which have duplicates of all descriptors until they
 * execute a program: loop_forget() acts like loop_unwatch(). */
void loop_expect_duplicates(struct loop *l);

/* Calls w->on_event with events in this round or in the next, without epoll. Until then,
 * epoll is not told of changes to w. */
void loop_notify(struct loop *l, struct watch *w, uint32_t events);

/* Calls t->on_due once, delay_ms from now. A timer that was set is set anew. */
void loop_set_timer(struct loop *l, struct timer *t, int64_t delay_ms);
void loop_cancel_timer(struct loop *l, struct timer *t);
bool loop_timer_is_set(const struct timer *t);

/* Frees the heap object that d is the first member of, after this round's callbacks. */
void loop_free_later(struct loop *l, struct deferred *d);

/* From now on the signals of the set call on_signal instead of acting: they are blocked,
 * and read from a descriptor (signalfd(2)). Once per loop. Returns 0, or -1 with err
 * filled. */
int loop_catch_signals(struct loop *l, const sigset_t *signals,
                       void (*on_signal)(void *arg, int signal), void *arg, struct error *err);

/* The one thing that other threads may use: after loop_wake(), on_wake is called soon, and
 * at least once, in the loop's thread. */
struct waker {
    struct watch watch;
    void (*on_wake)(struct waker *w);
};

/* Returns 0, or -1 with err filled. loop_close_waker() is allowed on {.watch.fd = -1}. */
int loop_open_waker(struct loop *l, struct waker *w, void (*on_wake)(struct waker *w),
                    struct error *err);
void loop_close_waker(struct loop *l, struct waker *w);
void loop_wake(const struct waker *w);

#endif
