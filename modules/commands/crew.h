/*
 * --workers: more threads that each have a loop and accept from the same listening
 * sockets, under one set of limits and with one shutdown.
 */
#ifndef COMMANDS_CREW_H
#define COMMANDS_CREW_H

#include "commands/hosting.h"

enum crew_order {
    CREW_SERVE,
    CREW_STOP,  /* stop listening, let clients end */
    CREW_ABORT, /* end now */
};

/* Starts count threads besides h, which listens already. Returns NULL with err
 * filled on failure; nobody serves then. */
struct crew *crew_start(struct hosting *h, size_t count, struct error *err);

/* Gives an order to all workers; any thread may. */
void crew_order(struct crew *c, enum crew_order order);

/* Waits until all workers have ended, brings their failures and what they cut off
 * into h's, and frees the crew. NULL is fine. */
void crew_end(struct crew *c, struct hosting *h);

/* True when h has nothing to wait for: it is a worker, or all workers have ended. */
bool crew_lets_go(struct crew *c, const struct hosting *h);

/* What the limits are counted in. */
struct server_crowd *crew_crowd(struct crew *c);

#endif
