/* The inside of a server, for server.c and for server_accept.c, which accepts its clients. */
#ifndef NET_SERVER_PRIVATE_H
#define NET_SERVER_PRIVATE_H

#include "net/service.h"

struct server {
    struct loop *loop;
    const struct server_options *options;
    struct server_limit *limit;
    struct service *service;
    void (*on_idle)(void *arg);
    void *arg;
    struct listeners listeners;
    struct list handshakes; /* the oldest first */
    struct list ready;      /* clients that wait for a slot */
    struct list clients;    /* that are served */
    uint64_t handshake_count;
    uint64_t client_count;
    uint64_t cut_count;
    struct timer drain;
    struct timer retry_accept;
    bool had_client;
    bool paused;
    bool exhausted; /* of descriptors or memory, and reported so */
    bool stopping;  /* no client will come */
    bool draining;  /* server_stop() was called */
    bool ending;    /* clients are cut off */
};

/* Prepares the listeners, which accept nothing before server_resume(). */
void server_accept_init(struct server *s);

/* Accepts nothing until server_resume(). */
void server_accept_pause(struct server *s);

/* The same, unless a slot has become free meanwhile. */
void server_accept_pause_unless_possible(struct server *s);

/* The same, because something has run out (errno), until a later try. */
void server_accept_pause_exhausted(struct server *s, int number);

void server_accept_stop_listening(struct server *s);

/* Takes over the connection that the program was started with, which is the only client. */
void server_accept_inherited(struct server *s);

/* Takes over an accepted connection. It has its slot unless it has to pass stages. */
void server_accepted(struct server *s, int fd, const struct addr *peer);

/* Makes room for a newer client. There is one in its handshake. */
void server_drop_oldest_handshake(struct server *s);

/* Gives the clients that wait to the service, while there are slots. */
void server_serve_ready(struct server *s);

#endif
