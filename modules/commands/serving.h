/*
 * What the commands that listen have in common: a server whose clients each get
 * a conversation, the messages about them, the signals that end it, and the
 * outcome. A command fills in a struct serving and says how a client begins.
 */
#ifndef COMMANDS_SERVING_H
#define COMMANDS_SERVING_H

#include "commands/runtime.h"
#include "commands/shared.h"
#include "core/conversation.h"

struct serving_client;

struct serving {
    /* Set by the command. */
    const struct listen_options *listen;
    const struct shared_options *shared;
    const struct conversation_plan *plan;
    bool replies; /* the command answers its clients */
    /* Starts the client's conversation, c->talk. */
    void (*begin)(struct serving_client *c);
    /* NULL, or called at the first signal that asks to end, instead of letting the
     * clients end by themselves. */
    void (*on_leave)(struct serving *s);
    /* For the command's own use in begin and in the plans' callbacks. */
    void *command;

    /* The serving's own. */
    struct runtime run;
    struct server server;
    struct server_options server_options;
    struct sock_options sock_options;
    struct timer accept_limit;
    bool tells_clients;
    bool signalled;
};

/* What a client is sent; made only where there is something. */
struct answer {
    struct pump pump;
    struct stream source;
};

struct serving_client {
    struct client client;
    struct conversation talk;
    struct serving *serving;
    struct answer *answer; /* owned, or NULL */
    struct task bury;
};

/* The client whose pump this is. */
struct serving_client *serving_client_of(struct pump *p);

/* Sends the client what t gives, which is taken over. */
void serving_answer(struct serving_client *c, const struct transport *t);

/* The on_closed of the command's plan. */
void serving_closed(struct conversation *talk);

/* Prepares s, whose command's fields are set. Returns 0, or -1 with err filled. */
int serving_open(struct serving *s, struct error *err);

/* Listens and serves until the end. Failures are reported by runtime_end(). */
void serving_run(struct serving *s);

#endif
