/*
 * One listening socket: accepts in batches while it may. Pausing it leaves
 * newcomers in the backlog: nobody is accepted only to be dropped.
 */
#ifndef NET_LISTENER_H
#define NET_LISTENER_H

#include "core/loop.h"
#include "net/socket.h"

struct listener;

struct listener_events {
    /* Asked before each accept: may there be one more? When not, newcomers wait until
     * listener_resume(). */
    bool (*may_accept)(struct listener *l);
    /* There was none after all. */
    void (*on_none)(struct listener *l);
    /* The callee owns fd. It may pause or close the listener. */
    void (*on_connection)(struct listener *l, int fd, const struct addr *peer);
    /* The system has no descriptor or memory for a connection that waits (number is
     * the errno): accepting would fail again at once. The callee pauses it. */
    void (*on_exhausted)(struct listener *l, int number);
};

struct listener {
    struct loop *loop;
    struct watch watch;
    int fd;    /* owned; -1 when closed */
    int batch; /* how many to accept before other events get their turn */
    const struct listener_events *events;
    void *owner;
};

/* Takes over the listening socket fd; it starts paused. shared: other loops accept
 * from the same socket, and each leaves the others their share. */
void listener_init(struct listener *l, struct loop *loop, int fd, bool shared,
                   const struct listener_events *events, void *owner);

/* Accepts, or leaves newcomers waiting. Doing either twice is fine. */
int listener_resume(struct listener *l, struct error *err);
void listener_pause(struct listener *l);

/* Closes the socket: newcomers are refused. Accepted connections are not touched. */
void listener_close(struct listener *l);

#endif
