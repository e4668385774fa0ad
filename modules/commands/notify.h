/*
 * What a service manager is told of a server: sd_notify(3), without its library. Where
 * NOTIFY_SOCKET is not set, nothing is opened and nothing is done. A manager that cannot be
 * reached changes nothing for the server.
 */
#ifndef COMMANDS_NOTIFY_H
#define COMMANDS_NOTIFY_H

#include "core/loop.h"
#include "net/server_limit.h"

struct notify {
    struct loop *loop; /* NULL: no manager */
    struct server_limit *limit;
    int fd;
    unsigned due;        /* lines that are to be sent */
    struct timer pause;  /* until then no more of the status is sent */
    struct timer beat;   /* of the watchdog */
    int64_t beat_ms;     /* 0: none */
    struct waker waker;  /* any loop has another count of clients */
    atomic_bool changed; /* since the status was last sent */
    bool is_ready;
    bool is_stopping;
};

/* Reads the microseconds of WATCHDOG_USEC and the process of WATCHDOG_PID; either may be NULL.
 * Returns how often to report to the watchdog, in milliseconds, or 0 for never. */
int64_t notify_beat_ms(const char *usec, const char *pid, pid_t own);

/* Connects to the manager; the counts of the limit are the status. The limit and the loop have
 * to stay until notify_close(). */
void notify_open(struct notify *n, struct loop *l, struct server_limit *limit);

/* The server listens; or it has read its files again, which notify_reloading() began. From the
 * first time on, the status is sent at most once per second, and the watchdog is served. */
void notify_ready(struct notify *n);
void notify_reloading(struct notify *n);

/* The server stops. Only the first time counts. */
void notify_stopping(struct notify *n);

/* Allowed on {0}. */
void notify_close(struct notify *n);

#endif
