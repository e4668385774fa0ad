/*
 * What the commands that listen have in common: the server with its signals,
 * limits and messages. What becomes of a client is the command's business.
 */
#ifndef COMMANDS_HOSTING_H
#define COMMANDS_HOSTING_H

#include <stdatomic.h>

#include "commands/common_options.h"
#include "commands/runtime.h"

struct hosting {
    /* Set by the command. */
    const struct listen_options *listen;
    const struct shared_options *shared;
    bool replies; /* the command answers its clients */
    /* A client: the callee owns fd. Returns 0 when it went on
     * to server_add(), or -1 with err filled and fd closed. */
    int (*on_client)(struct hosting *h, int fd, const struct addr *peer, struct error *err);
    /* NULL, or called at the first signal that asks to end, instead of letting the
     * clients end by themselves. */
    void (*on_leave)(struct hosting *h);
    /* With workers: makes another hosting that serves as this one does, in a thread of
     * its own, opened but not listening; NULL with err filled on failure. And takes it
     * back when its thread has ended. */
    struct hosting *(*make_worker)(struct hosting *h, struct error *err);
    void (*end_worker)(struct hosting *h, struct hosting *worker);
    void *command;

    /* The hosting's own. */
    struct workers *crew; /* NULL: it is alone */
    atomic_int order;     /* what a worker is to do: enum workers_order */
    struct runtime run;
    struct server server;
    struct server_options server_options;
    struct timer accept_limit;
    bool tells_clients;
    bool signalled;
    bool done; /* its own clients have ended, and no more will come */
};

struct workers;

/* What the servers of hosting call. */
extern const struct server_events hosting_server_events;

/* Prepares h, whose command's fields are set. Returns 0, or -1 with err filled. */
int hosting_open(struct hosting *h, struct error *err);

/* Listens and serves until the end. Failures are reported by runtime_end(). */
void hosting_run(struct hosting *h);

/* Say that a client has come and gone, where that is wanted. */
void hosting_tell_connected(const struct hosting *h, const struct addr *peer);
void hosting_tell_closed(const struct hosting *h, const struct stream *net);

#endif
