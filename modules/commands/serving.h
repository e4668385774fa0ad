/*
 * Clients that each get a conversation, on top of hosting.h: what serve, upper and
 * a chat of two need. A command fills in a struct serving and says how a client
 * begins.
 */
#ifndef COMMANDS_SERVING_H
#define COMMANDS_SERVING_H

#include "commands/hosting.h"
#include "core/conversation.h"

struct serving_client;

struct serving {
    struct hosting host; /* its command's fields but on_client and command are set */
    const struct conversation_plan *plan;
    /* Starts the client's conversation, c->talk. */
    void (*begin)(struct serving_client *c);
    void *command;
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

/* Prepares s, whose command's fields are set; hosting_run(&s->host) is next.
 * Returns 0, or -1 with err filled. */
int serving_open(struct serving *s, struct error *err);

#endif
