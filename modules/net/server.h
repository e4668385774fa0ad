/*
 * A server: listening sockets, the clients accepted from them, their limits, and the
 * shutdown. A client belongs to its server from accept(2) until client_over(): while its
 * handshake runs, while it waits for a slot, and while its service has it.
 */
#ifndef NET_SERVER_H
#define NET_SERVER_H

#include "core/conversation.h"
#include "core/stage.h"
#include "net/host_limit.h"
#include "net/listeners.h"
#include "net/server_limit.h"

struct service;
struct server;

struct client {
    struct deferred deferred;
    struct list link; /* among those in their handshake, those that wait, or those served */
    struct server *server;
    struct stream *stream; /* NULL when a conversation has it */
    /* One after the other, since most clients are idle and cost what they take up here. */
    union {
        struct handshake *handshake; /* NULL when none runs */
        void *work;                  /* belongs to the service; NULL before it begins */
    };
    void *request;     /* what a stage has found out for the service; free() ends it */
    struct host *host; /* NULL, or counts this connection until it is over */
    bool is_reported;  /* as connected */
};

struct server_options {
    struct listeners_plan listen;
    bool once; /* one client, then no more listening; also for an inherited connection */
    int64_t drain_ms;
    int64_t handshake_ms;
    const struct stage_plan *stages;
    size_t stage_count;
    /* Clients in their handshake are not counted. They have a bound of the same size; at
     * that bound, the oldest is disconnected. */
    struct server_limit *limit;
};

/*
 * Listens as the options say, or on the sockets of another server that is open already. The
 * options have to stay. No client is accepted before server_start(). on_idle is called when
 * no client is left and none will come. Returns NULL with err filled on failure.
 */
struct server *server_open(const struct server_options *o, const struct server *opened,
                           struct service *v, void (*on_idle)(void *arg), void *arg,
                           struct error *err);

void server_start(struct server *s);

/* For services: calls on_idle if nothing is left to do. */
void server_check_idle(struct server *s);

/* Accepts again, if the limit permits. */
void server_resume(struct server *s);

/* Returns the sockets; how many clients the server cut off with data undelivered. */
const struct listeners *server_listeners(const struct server *s);
uint64_t server_cut(const struct server *s);

/* Returns the service that a client was given to. */
struct service *client_service(const struct client *c);

/* Ends a client; every client ends here. Counts it out, reports it, and frees it. Moves
 * o->why. */
void client_over(struct client *c, struct outcome *o);

/* Stops listening, and leaves the clients that are left all the time that they need: for a
 * service that has nothing more to give. */
void server_finish(struct server *s);

/* Stops listening and starts the drain time, after which the clients that are left are
 * disconnected. */
void server_stop(struct server *s);

/* Disconnects the clients that are left; closes the sockets; frees the server. server_end()
 * is the first half of it, and allowed while other loops still share the limit. */
void server_end(struct server *s);
void server_free(struct server *s);

#endif
