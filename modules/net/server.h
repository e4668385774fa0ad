/*
 * A server: listening sockets, the clients accepted from them, their limits, and the
 * shutdown. A client belongs to its server from accept(2) until client_over(): while its
 * handshake runs, while it waits for a slot, and while its service has it.
 */
#ifndef NET_SERVER_H
#define NET_SERVER_H

#include <stdatomic.h>

#include "core/conversation.h"
#include "core/stage.h"
#include "net/listeners.h"

struct service;
struct server;

struct client {
    struct deferred deferred;
    struct list link; /* among those in their handshake, those that wait, or those served */
    struct server *server;
    struct stream *stream;       /* NULL when a conversation has it */
    struct handshake *handshake; /* NULL when none runs */
    void *work;                  /* belongs to the service; NULL before it begins */
};

/*
 * The limit that the servers of all workers share. A loop above its share of the clients
 * leaves the listener to the others: the loop that is awake would get all of them otherwise.
 * Loops that are paused, for that reason or because of the limit, are woken when a slot
 * becomes free and when a client is accepted.
 */
struct server_limit {
    uint64_t max;   /* clients at a time; 0: no limit */
    uint64_t loops; /* servers that share it */
    atomic_uint_fast64_t clients;
    atomic_uint_fast64_t accepted; /* ever */
    atomic_uint_fast64_t paused;   /* servers */
    void (*wake)(void *arg);       /* has server_resume() called in every loop; may be NULL
                                    * for one */
    void *arg;
};

struct server_options {
    struct listeners_plan listen;
    bool once; /* one client, then no more listening */
    int64_t drain_ms;
    int64_t handshake_ms;
    const struct stage_plan *stages;
    size_t stage_count;
    /* Clients in their handshake are not counted. They have a bound of the same size; at
     * that bound, the oldest is disconnected. */
    struct server_limit *limit;
};

/*
 * Listen as the options say, or on the sockets of another server. The options have to stay.
 * No client is accepted before server_start(). on_idle is called when no client is left and
 * none will come. Return NULL with err filled on failure.
 */
struct server *server_open(const struct server_options *o, struct service *v,
                           void (*on_idle)(void *arg), void *arg, struct error *err);
struct server *server_share(const struct server *opened, struct service *v,
                            void (*on_idle)(void *arg), void *arg, struct error *err);

void server_start(struct server *s);

/* For services: calls on_idle if nothing is left to do. */
void server_check_idle(struct server *s);

/* Accepts again, if the limit permits. */
void server_resume(struct server *s);

/* Returns the sockets; how many clients are served; how many were cut off by the server
 * with data undelivered; how many were refused by a rule. */
const struct listeners *server_listeners(const struct server *s);
uint64_t server_clients(const struct server *s);
uint64_t server_cut(const struct server *s);
uint64_t server_refused(const struct server *s);

/* Returns the service that a client was given to. */
struct service *client_service(const struct client *c);

/* Ends a client; every client ends here. Counts it out, reports it, and frees it. Moves
 * o->why. */
void client_over(struct client *c, struct outcome *o);

/* Stops listening and starts the drain time, after which the clients that are left are
 * disconnected. */
void server_stop(struct server *s);

/* Disconnects the clients that are left; closes the sockets; frees the server. server_end()
 * is the first half of it, and allowed while other loops still share the limit. */
void server_end(struct server *s);
void server_free(struct server *s);

#endif
