/*
 * A listener on every address asked for, the clients that it accepted, their
 * limits, and the way down: stop listening, let them end, close the rest. What
 * clients are given is the business of the service.
 */
#ifndef NET_SERVER_H
#define NET_SERVER_H

#include <stdatomic.h>

#include "base/list.h"
#include "net/listener.h"

struct server;

/* A client as the server sees it; part of the service's own struct. */
struct client {
    struct list link;
    /* Ends it at once, without server_remove(): its struct is freed later. Returns
     * true when something that was meant for the client had not been delivered. */
    bool (*drop)(struct client *c);
};

struct server_events {
    /* A client has connected; the callee owns fd and calls server_add(), or
     * closes fd. */
    void (*on_client)(void *arg, int fd, const struct addr *peer);
    /* No client is left and no more will come: the loop can stop. */
    void (*on_done)(void *arg);
    /* Something that the person may want to know; a sentence. */
    void (*on_notice)(void *arg, const char *text);
};

/* What servers in several threads that share their listening sockets have in common. */
struct server_limit {
    atomic_uint_fast64_t clients;  /* connected, or about to be accepted */
    atomic_uint_fast64_t accepted; /* ever */
    atomic_uint_fast64_t waiting;  /* servers that leave new clients to the others for now */
    uint64_t servers;              /* that share: none takes many more clients than the others */
    /* There is room again after there was none, or it may be the turn of one who waits;
     * called from any of the threads. Each server is to be resumed. */
    void (*on_room)(void *arg);
    void *arg;
};

struct server_options {
    const char *const *binds; /* "ADDR" or "ADDR:PORT"; none: every address */
    size_t bind_count;
    unsigned port;
    int family;
    int backlog;
    bool once;                  /* one client, then no more listening */
    uint64_t max_conns;         /* 0: no limit */
    struct socket_options sock; /* of every connection */
    struct server_limit *crowd; /* NULL: this server is alone */
    int64_t drain_ms;           /* how long clients have to end by themselves */
};

struct server {
    struct loop *loop;
    const struct server_options *options;
    const struct server_events *events;
    void *arg;
    struct listener *listeners; /* owned */
    struct addr *addresses;     /* owned: where each listens */
    size_t listener_count;
    struct list clients;
    uint64_t client_count;
    uint64_t accepted_count;
    uint64_t dropped_count; /* cut off with something undelivered */
    struct timer drain;
    struct timer retry_accept;
    bool stopping;
    bool listening;
    bool exhausted; /* out of descriptors, and said so */
    bool waiting;   /* for its turn */
};

/* Listens on every address that the options ask for; options and events must
 * stay. Returns 0, or -1 with err filled (a usage error for a malformed word)
 * and nothing open. Nobody is accepted before server_start(). */
int server_open(struct server *s, struct loop *l, const struct server_options *options,
                const struct server_events *events, void *arg, struct error *err);

/* The same, from the sockets that another server has opened; options have a crowd. */
int server_share(struct server *s, struct loop *l, const struct server *opened,
                 const struct server_options *options, const struct server_events *events,
                 void *arg, struct error *err);

/* Accepts again after a pause that the crowd's limit has caused. */
void server_resume(struct server *s);

/* Begins to accept. */
int server_start(struct server *s, struct error *err);

/* Counts a client in, and out again; server_remove() may call on_done. */
void server_add(struct server *s, struct client *c);
void server_remove(struct server *s, struct client *c);

/* Says instead of server_add() that the connection could not be served. */
void server_forgo(struct server *s);

/* Stops listening at once, and drops who has not ended after the drain time.
 * on_done comes when nobody is left, perhaps at once. */
void server_stop(struct server *s);

/* Stops listening and drops every client now. on_done does not come. */
void server_abort(struct server *s);

/* Frees what server_open() made. */
void server_clear(struct server *s);

#endif
