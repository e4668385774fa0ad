/*
 * One listening socket: accepts in batches while it may. Pausing it leaves
 * newcomers in the backlog: nobody is accepted only to be dropped.
 */
#ifndef CORE_LISTENER_H
#define CORE_LISTENER_H

#include "core/loop.h"
#include "core/sock.h"

struct listener;

struct listener_events {
    /* The callee owns fd. It may pause or close the listener. */
    void (*on_connection)(struct listener *l, int fd, const struct addr *peer);
    /* The system has no descriptor or memory for a connection that waits (number is
     * the errno): accepting would fail again at once. The callee pauses it. */
    void (*on_exhausted)(struct listener *l, int number);
};

struct listener {
    struct loop *loop;
    struct watch watch;
    int fd; /* owned; -1 when closed */
    const struct listener_events *events;
    void *owner;
};

/* Takes over the listening socket fd; it starts paused. */
void listener_init(struct listener *l, struct loop *loop, int fd,
                   const struct listener_events *events, void *owner);

/* Accepts, or leaves newcomers waiting. Doing either twice is fine. */
int listener_resume(struct listener *l, struct error *err);
void listener_pause(struct listener *l);

/* Closes the socket: newcomers are refused. Accepted connections are not touched. */
void listener_close(struct listener *l);

#endif
