/*
 * A service: what a server gives each client. A service owns the client from begin to
 * client_over(). Most services start a conversation.
 *
 *   services/print.c   print, --discard         services/answer.c  --reply, --reply-file
 *   services/echo.c    --echo, upper            services/program.c PROGRAM
 *   services/broadcast.c   --broadcast, --broker
 *   chat/talk.c        chat --listen            chat/room_service.c  chat --listen --room
 */
#ifndef NET_SERVICE_H
#define NET_SERVICE_H

#include "core/run.h"
#include "net/server.h"
#include "text/filters.h"

struct service {
    const struct service_ops *ops;
    const void *config;    /* what the command has set, the same for all loops */
    struct run *run;       /* of this loop */
    struct server *server; /* set once it listens */
    bool busy;             /* the server is not idle while the service has work of its own;
                            * server_check_idle() when that is over */
    struct text_counts counts;
    struct conversation_plan plan; /* filled by prepare, from a copy of what the command set */
};

struct service_ops {
    size_t size; /* of the struct that begins with struct service */
    /* Called once per loop, before the server listens: completes the plan, opens standard
     * output. NULL: nothing to do. Returns 0, or -1 with err filled; clear is called then,
     * too. */
    int (*prepare)(struct service *v, struct error *err);
    /* Takes over the client. Returns 0, or -1 with err filled; after -1 the caller calls
     * client_over(). It tries again later where only descriptors or processes are missing
     * (EMFILE, ENFILE, EAGAIN), unless the client's stream was taken. */
    int (*begin)(struct service *v, struct client *c, struct error *err);
    /* NULL, or called when the server is told to stop, before the drain time begins. */
    void (*stop)(struct service *v);
    /* Called when the drain time is over: client_over() is called before drop returns. NULL:
     * the client's work is a conversation, which is stopped. */
    void (*drop)(struct service *v, struct client *c);
    /* NULL, or frees what prepare and begin made. */
    void (*clear)(struct service *v);
};

/* Makes a service of one loop. Returns NULL with err filled on failure. */
struct service *service_new(const struct service_ops *ops, const void *config,
                            const struct conversation_plan *plan, struct run *run,
                            struct error *err);
void service_free(struct service *v);

/* Starts the client's conversation with far, which is taken over. The plan's on_over is
 * called with the client, and ends in client_over(); NULL does just that. Returns 0, or -1
 * with err filled. */
int service_converse(struct service *v, struct client *c, const struct end *far, struct error *err);

#endif
